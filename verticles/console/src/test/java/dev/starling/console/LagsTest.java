package dev.starling.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.runtime.NodeReport;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class LagsTest {
  private final Lags lags = new Lags();
  private long sequence;

  private boolean behindAfter(long... millis) {
    for (long lag : millis) {
      lags.hear(
          new NodeReport(
              "a",
              "a",
              "1",
              null,
              null,
              Instant.EPOCH,
              Instant.EPOCH,
              ++sequence,
              false,
              false,
              false,
              1,
              0,
              0,
              0,
              lag,
              null,
              null,
              null,
              null,
              null,
              null,
              null));
    }
    return lags.isBehind("a");
  }

  @Test
  @DisplayName("one late moment is no state of a node")
  void isNotBehindForBeingLateOnce() {
    assertThat(lags.isBehind("a")).isFalse();
    assertThat(behindAfter(1_100)).isFalse();
    assertThat(behindAfter(9_000)).isFalse();
    assertThat(behindAfter(0, 0, 0, 1_100)).isFalse();
  }

  @Test
  @DisplayName("a node is behind from the third late report in five, until five were not")
  void isBehindUntilItWasWellForAWhile() {
    assertThat(behindAfter(1_100, 1_000, 1_100, 0, 1_001)).isTrue();
    assertThat(behindAfter(0, 0, 0, 0)).isTrue();
    assertThat(behindAfter(0)).isFalse();
    assertThat(behindAfter(1_001)).isFalse();
  }
}
