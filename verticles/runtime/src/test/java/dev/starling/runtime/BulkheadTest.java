package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayDeque;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class BulkheadTest {
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);
  private static final long BUDGET = 5 * SECOND;

  private final Limits limits = Limits.of(Map.of(Limit.CONCURRENCY, 20L));
  private final Bulkhead bulkhead = new Bulkhead("lab.echo", limits);
  private final Queue<Bulkhead.Place> held = new ArrayDeque<>();
  private long now = SECOND;

  @Test
  void admitsAsManyAsTheLimitAtATime() {
    assertThat(entered(30)).isEqualTo(20);
    assertThat(bulkhead.inside()).isEqualTo(20);
    assertThat(enter()).isFalse();

    leave(now, false);
    assertThat(enter()).isTrue();
    assertThat(enter()).isFalse();
  }

  @Test
  void admitsATenthLessForASlowCallButNotForEach() {
    entered(20);
    leave(now, true);
    leave(now, true);
    assertThat(bulkhead.bound()).isEqualTo(18);

    leave(now + SECOND / 10, true);
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
      leave(now, false);
      enter();
      enter();
      calls++;
    }

    assertThat(calls).isBetween(150, 180); // 8 + 9 + … + 19 are 162.
    for (int i = 0; i < 100; i++) {
      leave(now, false);
      enter();
    }
    assertThat(bulkhead.bound()).isEqualTo(20);
    assertThat(bulkhead.inside()).isEqualTo(20);
  }

  @Test
  void growsNotWhileItIsHardlyUsed() {
    slowCalls(100);
    for (int i = 0; i < 1_000; i++) {
      assertThat(entered(3)).isEqualTo(3);
      leave(now, false);
      leave(now, false);
      leave(now, false);
    }

    assertThat(bulkhead.bound()).isEqualTo(8);
  }

  @Test
  void followsItsLimitAtOnceDownwards() {
    entered(20);
    limits.change(Map.of(Limit.CONCURRENCY, 10L));
    assertThat(bulkhead.bound()).isEqualTo(10);
    for (int i = 0; i < 10; i++) {
      leave(now, false);
    }
    assertThat(enter()).isFalse();

    leave(now, false);
    assertThat(enter()).isTrue();
  }

  @Test
  void givesThePlaceOfACallAwayThatDoesNotEndInTwiceItsTime() {
    entered(20);
    Bulkhead.Place stuck = held.peek();
    now += 2 * BUDGET;
    assertThat(enter()).as("their time is not over twice").isFalse();

    now += SECOND;
    assertThat(enter()).isTrue();
    assertThat(bulkhead.inside()).isEqualTo(1);

    bulkhead.leave(stuck, now, false);
    assertThat(bulkhead.inside()).as("one that ends after all takes no other's place").isEqualTo(1);
  }

  @Test
  void keepsThePlacesOfOthersWhenItGivesSomeAway() {
    entered(10);
    now += 2 * BUDGET + SECOND;
    entered(10);

    assertThat(entered(20)).isEqualTo(10);
    assertThat(bulkhead.inside()).isEqualTo(20);
  }

  private boolean enter() {
    Bulkhead.Place place = bulkhead.enter(now, BUDGET);
    return place != null && held.add(place);
  }

  private void leave(long when, boolean slow) {
    bulkhead.leave(held.remove(), when, slow);
  }

  private void slowCalls(int many) {
    for (int i = 0; i < many; i++) {
      assertThat(enter()).isTrue();
      now += SECOND;
      leave(now, true);
    }
  }

  private int entered(int asked) {
    int entered = 0;
    for (int i = 0; i < asked; i++) {
      entered += enter() ? 1 : 0;
    }
    return entered;
  }
}
