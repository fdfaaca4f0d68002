package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.Test;

class ConductTest {
  private final Conduct conduct = new Conduct(Limits.standard());
  private final Random random = new Random(1);
  private String reason;

  /** Reproaches per call. */
  private int reproaches(int calls, int perSecond, double failing) {
    int reproaches = 0;
    for (int i = 0; i < calls; i++) {
      long now = 1_000_000 + i * 1_000L / perSecond;
      boolean failed = random.nextDouble() < failing;
      conduct.add(now, false, failed, false);
      if (failed && conduct.reproach(now) != null) {
        reproaches++;
        conduct.forget();
      }
    }
    return reproaches;
  }

  @Test
  void bearsOneFailureInTenWhereCallsAreMany() {
    assertThat(reproaches(100_000, 100, 0.1)).isZero();
  }

  @Test
  void bearsOneFailureInAHundredWhereCallsAreFew() {
    assertThat(reproaches(20_000, 2, 0.01)).isZero();
  }

  @Test
  void noticesHalfOfTheCallsOnceTheyAreFew() {
    assertThat(millisUntilNoticed(60, 3)).isLessThan(4_000);
    assertThat(reason).contains("of the latest 10 calls failed");
  }

  @Test
  void noticesHalfOfManyCallsWithinTwoSeconds() {
    assertThat(millisUntilNoticed(600, 600)).isLessThan(2_000);
  }

  /** From when every other call fails, after ten seconds in which all went well. */
  private long millisUntilNoticed(int perSecondBefore, int perSecondThen) {
    for (int i = 0; i < 10 * perSecondBefore; i++) {
      conduct.add(1_000_000 + i * 1_000L / perSecondBefore, false, false, false);
    }
    long begin = 1_010_000;
    long now = begin;
    for (int i = 0; reason == null; i++) {
      now = begin + i * 1_000L / perSecondThen;
      conduct.add(now, false, i % 2 == 0, false);
      reason = conduct.reproach(now);
    }
    return now - begin;
  }
}
