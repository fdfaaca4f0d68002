package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.runtime.Window.Totals;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WindowTest {
  private static final long LENGTH = 10_000;
  private static final Totals NOTHING = new Totals(0, 0, 0);

  private final Window window = new Window();

  @Test
  void isEmptyAtFirst() {
    assertThat(window.totals(123_456, LENGTH)).isEqualTo(NOTHING);
    assertThat(NOTHING.failedPercent()).isZero();
    assertThat(NOTHING.slowPercent()).isZero();
  }

  @Test
  void countsCallsFailuresAndSlowOnes() {
    window.add(1_000, LENGTH, false, false);
    window.add(1_000, LENGTH, true, false);
    window.add(2_500, LENGTH, false, true);
    window.add(9_999, LENGTH, true, true);

    Totals totals = window.totals(9_999, LENGTH);
    assertThat(totals).isEqualTo(new Totals(4, 2, 2));
    assertThat(totals.failedPercent()).isEqualTo(50);
  }

  @Test
  void tellsOfItsLatestSlices() {
    window.add(1_999, LENGTH, true, false);
    window.add(2_000, LENGTH, false, false);
    window.add(2_400, LENGTH, false, true);

    assertThat(window.totals(2_499, LENGTH, 1)).isEqualTo(new Totals(2, 0, 1));
    assertThat(window.totals(2_499, LENGTH, 2)).isEqualTo(new Totals(3, 1, 1));
    assertThat(window.totals(2_500, LENGTH, 1)).isEqualTo(NOTHING);
    assertThat(window.totals(2_500, LENGTH, 2)).isEqualTo(new Totals(2, 0, 1));
  }

  /** The clock may begin anywhere, below zero too. */
  @ParameterizedTest
  @ValueSource(longs = {0, 1_700_000_000_000L, -1_700_000_000_000L, -5_000})
  void forgetsWhatIsOlderThanItsLength(long begin) {
    window.add(begin, LENGTH, true, false);
    window.add(begin + 5_000, LENGTH, false, false);

    assertThat(window.totals(begin + LENGTH - 1_000, LENGTH).calls()).isEqualTo(2);
    assertThat(window.totals(begin + LENGTH + 1_000, LENGTH)).isEqualTo(new Totals(1, 0, 0));
    assertThat(window.totals(begin + 2 * LENGTH, LENGTH)).isEqualTo(NOTHING);
  }

  @Test
  void countsAnewInASliceOfAnEarlierRound() {
    for (long now = 0; now < 10 * LENGTH; now += 100) {
      window.add(now, LENGTH, true, true);
      assertThat(window.totals(now, LENGTH).calls()).isLessThanOrEqualTo(100);
    }

    assertThat(window.totals(10 * LENGTH - 100, LENGTH)).isEqualTo(new Totals(100, 100, 100));
  }

  @Test
  void canBecomeShorterAndLongerWhileItCounts() {
    window.add(100_000, LENGTH, false, false);
    assertThat(window.totals(102_000, 1_000)).isEqualTo(NOTHING);
    window.add(102_000, 1_000, false, false);
    assertThat(window.totals(102_000, 1_000).calls()).isEqualTo(1);

    assertThat(window.totals(102_000, 60_000).calls()).isLessThanOrEqualTo(2);
    window.add(103_000, 60_000, false, false);
    assertThat(window.totals(103_000, 60_000).calls()).isBetween(1, 3);
  }

  @Test
  void isEmptyWhenItWasCleared() {
    window.add(1_000, LENGTH, true, true);
    window.clear();

    assertThat(window.totals(1_000, LENGTH)).isEqualTo(NOTHING);
  }

  @Test
  void givesSharesOfAnyNumber() {
    assertThat(new Totals(3, 1, 2).failedPercent()).isEqualTo(33);
    assertThat(new Totals(3, 1, 2).slowPercent()).isEqualTo(66);
    assertThat(new Totals(60_000_000, 30_000_000, 60_000_000).failedPercent()).isEqualTo(50);
    assertThat(new Totals(60_000_000, 30_000_000, 60_000_000).slowPercent()).isEqualTo(100);
  }
}
