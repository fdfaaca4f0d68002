package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class OutcomeTest {
  @Test
  void onlyAnErrorThatSaysSoIsARefusal() {
    assertThat(Outcome.of(201, "")).isEqualTo(Outcome.ACKNOWLEDGED);
    assertThat(Outcome.of(409, "conflict")).isEqualTo(Outcome.REFUSED);
    assertThat(Outcome.of(503, "not-started")).isEqualTo(Outcome.REFUSED);
    assertThat(Outcome.of(503, "overloaded")).isEqualTo(Outcome.REFUSED);
    assertThat(Outcome.of(503, "unavailable")).isEqualTo(Outcome.UNKNOWN);
    assertThat(Outcome.of(503, "")).isEqualTo(Outcome.UNKNOWN);
    assertThat(Outcome.of(504, "timed-out")).isEqualTo(Outcome.UNKNOWN);
    assertThat(Outcome.of(500, "internal")).isEqualTo(Outcome.UNKNOWN);
    assertThat(Outcome.of(408, "request-timed-out")).isEqualTo(Outcome.UNKNOWN);
  }
}
