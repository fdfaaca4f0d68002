package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.user.service.Argon2.Cost;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** On machines on which the floor takes 38 ms. */
class CalibrationTest {
  private static double evenly(Cost cost) {
    return cost.memory() * cost.iterations() / 1_024.0;
  }

  /** As where more memory is less often in a cache. */
  private static double worse(Cost cost) {
    return evenly(cost) * Math.sqrt(cost.memory() / 19_456.0);
  }

  @ParameterizedTest
  @ValueSource(doubles = {0, 1, 37})
  @DisplayName("H9 what is suggested is never below the floor")
  void staysAboveTheFloor(double wanted) {
    assertThat(Calibration.suggested(wanted, CalibrationTest::evenly)).isEqualTo(Cost.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource({
    "76, 38912, 2",
    "300, 153600, 2",
    "512, 262144, 2",
    "1100, 262144, 4",
    "9999, 262144, 10"
  })
  @DisplayName("H9 more time is memory first, then passes")
  void takesMemoryFirst(double wanted, int memory, int passes) {
    assertThat(Calibration.suggested(wanted, CalibrationTest::evenly))
        .isEqualTo(new Cost(memory, passes, 1));
  }

  @Test
  @DisplayName("H9 what is suggested is measured, and corrected")
  void corrects() {
    Cost cost = Calibration.suggested(100, CalibrationTest::worse);

    assertThat(worse(cost)).isBetween(85.0, 115.0);
    assertThat(cost.suffices()).isTrue();
  }
}
