package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BulkheadTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  private final Limits limits = Limits.of(Map.of(Limit.CONCURRENCY, 20L));
  private final Bulkhead bulkhead = new Bulkhead(limits);
  private long now = SECOND;

  @Test
  void admitsAsManyAsTheLimitAtATime() {
    assertThat(entered(30)).isEqualTo(20);
    assertThat(bulkhead.inside()).isEqualTo(20);
    assertThat(bulkhead.enter()).isFalse();

    bulkhead.leave(now, false);
    assertThat(bulkhead.enter()).isTrue();
    assertThat(bulkhead.enter()).isFalse();
  }

  @Test
  void admitsATenthLessForASlowCallButNotForEach() {
    entered(20);
    bulkhead.leave(now, true);
    bulkhead.leave(now, true);
    assertThat(bulkhead.bound()).isEqualTo(18);

    bulkhead.leave(now + SECOND / 10, true);
    assertThat(bulkhead.bound()).isEqualTo(16);
  }

  @Test
  void shrinksToEightAtLeast() {
    slowCalls(100);

    assertThat(bulkhead.bound()).isEqualTo(8);
    assertThat(entered(20)).isEqualTo(8);
  }

  @Test
  void shrinksNotBelowALimitThatIsLower() {
    limits.change(Map.of(Limit.CONCURRENCY, 4L));
    slowCalls(100);

    assertThat(bulkhead.bound()).isEqualTo(4);
  }

  @Test
  void growsAgainByOneForEachRoundOfQuickCalls() {
    slowCalls(100);
    entered(8);
    int calls = 0;
    while (bulkhead.bound() < 20 && calls < 1_000) {
      bulkhead.leave(now, false);
      bulkhead.enter();
      bulkhead.enter();
      calls++;
    }

    assertThat(calls).isBetween(150, 180); // 8 + 9 + … + 19 are 162.
    for (int i = 0; i < 100; i++) {
      bulkhead.leave(now, false);
      bulkhead.enter();
    }
    assertThat(bulkhead.bound()).isEqualTo(20);
    assertThat(bulkhead.inside()).isEqualTo(20);
  }

  @Test
  void growsNotWhileItIsHardlyUsed() {
    slowCalls(100);
    for (int i = 0; i < 1_000; i++) {
      assertThat(entered(3)).isEqualTo(3);
      bulkhead.leave(now, false);
      bulkhead.leave(now, false);
      bulkhead.leave(now, false);
    }

    assertThat(bulkhead.bound()).isEqualTo(8);
  }

  @Test
  void followsItsLimitAtOnceDownwards() {
    entered(20);
    limits.change(Map.of(Limit.CONCURRENCY, 10L));
    assertThat(bulkhead.bound()).isEqualTo(10);
    for (int i = 0; i < 10; i++) {
      bulkhead.leave(now, false);
    }
    assertThat(bulkhead.enter()).isFalse();

    bulkhead.leave(now, false);
    assertThat(bulkhead.enter()).isTrue();
  }

  private void slowCalls(int many) {
    for (int i = 0; i < many; i++) {
      assertThat(bulkhead.enter()).isTrue();
      now += SECOND;
      bulkhead.leave(now, true);
    }
  }

  private int entered(int asked) {
    int entered = 0;
    for (int i = 0; i < asked; i++) {
      entered += bulkhead.enter() ? 1 : 0;
    }
    return entered;
  }
}
