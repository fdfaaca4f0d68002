package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class LatestTest {
  private final Latest latest = new Latest();

  private void add(long now, boolean... failed) {
    for (boolean one : failed) {
      latest.add(now, 4, one);
    }
  }

  @Test
  void saysNothingOfTooFew() {
    assertThat(latest.failedPercent(0)).isZero();
    add(1, true, true, true);
    assertThat(latest.failedPercent(0)).isZero();
    add(1, true);
    assertThat(latest.failedPercent(0)).isEqualTo(100);
  }

  @Test
  void saysNothingOfWhatWasLongAgo() {
    add(1, true);
    add(2, true, true, true);
    assertThat(latest.failedPercent(1)).isEqualTo(100);
    assertThat(latest.failedPercent(2)).isZero();
    add(3, false);
    assertThat(latest.failedPercent(2)).isEqualTo(75);
  }

  @Test
  void beginsAnewWithAnotherSize() {
    add(1, true, true, true, true);
    latest.add(1, 2, false);
    assertThat(latest.failedPercent(0)).isZero();
    latest.add(1, 2, true);
    assertThat(latest.failedPercent(0)).isEqualTo(50);
    latest.clear();
    assertThat(latest.failedPercent(0)).isZero();
  }

  @Test
  void countsAsALookAtAllOfThemWould() {
    Random random = new Random(1);
    List<Boolean> all = new ArrayList<>();
    for (int i = 0; i < 1_000; i++) {
      boolean failed = random.nextInt(3) == 0;
      all.add(failed);
      latest.add(i, 7, failed);
      if (i >= 6) {
        long failures = all.subList(i - 6, i + 1).stream().filter(f -> f).count();
        assertThat(latest.failures()).isEqualTo((int) failures);
        assertThat(latest.failedPercent(i - 6)).isEqualTo((int) (100 * failures / 7));
      }
    }
  }
}
