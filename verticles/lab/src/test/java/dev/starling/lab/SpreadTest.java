package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class SpreadTest {
  @Test
  void findsTheMiddleOfAnOddAndOfAnEvenNumber() {
    assertThat(Spread.of(List.of(9.0, 1.0, 2.0))).isEqualTo(new Spread(2, 1, 9));
    assertThat(Spread.of(List.of(9.0, 1.0, 2.0, 4.0))).isEqualTo(new Spread(3, 1, 9));
  }

  @Test
  void leavesOutWhatWasNotMeasured() {
    assertThat(Spread.of(List.of(Double.NaN, 3.0))).isEqualTo(new Spread(3, 3, 3));
    assertThat(Spread.of(List.of(Double.NaN)).isKnown()).isFalse();
  }
}
