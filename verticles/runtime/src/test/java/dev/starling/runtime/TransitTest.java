package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import org.junit.jupiter.api.Test;

class TransitTest {
  /** How far the sender's clock is behind this node's. */
  private static final long APART = 7_000_000;

  private final Transit transit = new Transit();

  @Test
  void takesTheFirstMessageOfASenderForPunctual() {
    assertThat(waited("a", 0, 0)).isZero();
    assertThat(waited("b", 0, 9_000)).isZero();
  }

  @Test
  void tellsHowMuchLongerAMessageTookThanTheQuickest() {
    waited("a", 0, 5);
    assertThat(waited("a", 100, 105)).isZero();
    assertThat(waited("a", 100, 605)).isEqualTo(500);
    assertThat(waited("a", 200, 203)).isZero();
    assertThat(waited("a", 300, 305)).isEqualTo(2);
  }

  @Test
  void keepsSendersApart() {
    waited("a", 0, 0);
    waited("b", 0, 400);

    assertThat(waited("a", 1_000, 1_400)).isEqualTo(400);
    assertThat(waited("b", 1_000, 1_400)).isZero();
  }

  @Test
  void knowsAfterThirtySecondsOfFrostHowLateTheMessagesAre() {
    for (int i = 0; i < 20; i++) {
      waited("a", i * 1_000, i * 1_000 + 1);
    }

    for (int i = 0; i < 30; i++) {
      long sent = 20_000 + i * 1_000;
      assertThat(waited("a", sent, 50_001 + i)).isEqualTo(50_000 + i - sent);
    }
    assertThat(waited("a", 50_100, 50_101)).isZero();
  }

  @Test
  void followsClocksThatDriftApart() {
    for (int i = 0; i < 1_000; i++) {
      assertThat(waited("a", i * 1_000, i * 1_001)).isLessThanOrEqualTo(10);
    }
  }

  @Test
  void leavesMessagesAloneThatDoNotSayWhenTheyWereSent() {
    MultiMap headers = MultiMap.caseInsensitiveMultiMap();
    assertThat(transit.waited(headers, 1_000)).isZero();
    headers.set(Transit.FROM, "a");
    assertThat(transit.waited(headers, 1_000)).isZero();
    headers.set(Transit.SENT, "yesterday");
    assertThat(transit.waited(headers, 1_000)).isZero();
    headers.remove(Transit.FROM);
    assertThat(transit.waited(headers, 1_000)).isZero();
  }

  @Test
  void remembersNoMoreSendersThanThereCanBe() {
    waited("a", 0, 0);
    for (int i = 0; i < 1_000; i++) {
      waited("invented-" + i, 0, 0);
    }

    assertThat(waited("a", 0, 500)).isZero(); // It was forgotten, and is known again.
    assertThat(waited("a", 0, 600)).isEqualTo(100);
  }

  private long waited(String from, long sent, long received) {
    MultiMap headers =
        MultiMap.caseInsensitiveMultiMap()
            .add(Transit.FROM, from)
            .add(Transit.SENT, Long.toString(sent));
    return transit.waited(headers, APART + received);
  }
}
