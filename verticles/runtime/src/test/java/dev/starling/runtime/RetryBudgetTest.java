package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RetryBudgetTest {
  private final Limits limits = Limits.standard();
  private final AtomicLong clock = new AtomicLong(1_000_000);
  private final RetryBudget budget = new RetryBudget(limits, clock::get);

  @Test
  void allowsThreeASecondHoweverFewTheCalls() {
    assertThat(taken()).isEqualTo(30);
    budget.called();
    assertThat(taken()).isZero();
  }

  @Test
  void allowsATenthOfTheCallsWhenThoseAreMany() {
    calls(1_000);

    assertThat(taken()).isEqualTo(100);
  }

  @Test
  void countsNoRetryAsACall() {
    calls(1_000);
    for (int i = 0; i < 100; i++) {
      budget.take();
    }
    calls(9);

    assertThat(taken()).isZero();
    budget.called();
    assertThat(taken()).isEqualTo(1);
  }

  @Test
  void allowsAsManyAgainAfterTenSeconds() {
    calls(1_000);
    taken();
    clock.addAndGet(12_000);
    assertThat(taken()).isEqualTo(30);

    clock.addAndGet(12_000);
    calls(500);
    assertThat(taken()).isEqualTo(50);
  }

  @Test
  void neverExceedsItsShareByMoreThanTheFloorOfTheFirstSeconds() {
    int calls = 0;
    int retries = 0;
    for (int second = 0; second < 60; second++) {
      for (int i = 0; i < 200; i++) {
        budget.called();
        calls++;
        retries += budget.take() ? 1 : 0;
      }
      clock.addAndGet(1_000);
    }

    assertThat(retries).isLessThanOrEqualTo(calls / 10 + 30);
  }

  /** Whenever it begins: a burst counts for ten seconds at least. */
  @ParameterizedTest
  @ValueSource(longs = {0, 333, 999, 1_110})
  void allowsATenthInAnyTenSeconds(long begin) {
    clock.addAndGet(begin);
    calls(1_000);
    assertThat(taken()).isEqualTo(100);
    clock.addAndGet(9_999);
    assertThat(taken()).isZero();
    clock.addAndGet(1_500);
    calls(500);
    assertThat(taken()).isEqualTo(50);
  }

  @Test
  void earnsByCallsThatAreSpreadOverTheTenSecondsToo() {
    for (int i = 0; i < 2_000; i++) {
      calls(1);
      clock.addAndGet(10);
    }

    assertThat(taken()).isBetween(85, 100);
  }

  @Test
  void followsItsLimits() {
    limits.change(Map.of(Limit.RETRY_SHARE, 50L, Limit.RETRY_FLOOR, 0L));
    assertThat(taken()).isZero();
    calls(10);
    assertThat(taken()).isEqualTo(5);

    limits.change(Map.of(Limit.RETRY_SHARE, 0L, Limit.RETRY_FLOOR, 0L));
    calls(1_000);
    assertThat(taken()).isZero();
  }

  private void calls(int many) {
    for (int i = 0; i < many; i++) {
      budget.called();
    }
  }

  /** How many retries are allowed one after the other. */
  private int taken() {
    int taken = 0;
    while (budget.take()) {
      taken++;
    }
    return taken;
  }
}
