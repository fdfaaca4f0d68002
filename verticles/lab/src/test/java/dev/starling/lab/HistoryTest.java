package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class HistoryTest {
  private static Entry read(long start, long latency, Outcome outcome) {
    return new Entry(Kind.READ, "", "ada", 0, start, start + latency, outcome, "", "");
  }

  /** A hundred reads a second, for ten seconds. */
  private static List<Entry> quick() {
    return new ArrayList<>(
        LongStream.range(0, 1_000).mapToObj(i -> read(i * 10, 5, Outcome.ACKNOWLEDGED)).toList());
  }

  @Test
  void isCleanAtOnceWhenNothingIsSlowOrFails() {
    assertThat(History.cleanAfter(quick(), 0, 1_000)).isZero();
  }

  @Test
  void isCleanAfterTheLastSecondWithManySlowRequests() {
    List<Entry> entries = quick();
    LongStream.range(0, 20).forEach(i -> entries.add(read(3_200, 1_000, Outcome.ACKNOWLEDGED)));
    assertThat(History.cleanAfter(entries, 0, 1_000)).isEqualTo(4_000);
    assertThat(History.cleanAfter(entries, 3_000, 1_000)).isEqualTo(1_000);
  }

  @Test
  void isCleanAfterTheLastSecondWithManyFailures() {
    List<Entry> entries = quick();
    LongStream.range(0, 20).forEach(i -> entries.add(read(500, 1, Outcome.UNKNOWN)));
    LongStream.range(0, 20).forEach(i -> entries.add(read(7_000, 1, Outcome.REFUSED)));
    assertThat(History.cleanAfter(entries, 0, 1_000)).isEqualTo(8_000);
  }

  @Test
  void toleratesASingleSlowRequestInASecond() {
    List<Entry> entries = quick();
    entries.add(read(5_000, 2_000, Outcome.ACKNOWLEDGED));
    assertThat(History.cleanAfter(entries, 0, 1_000)).isZero();
  }

  @Test
  void percentileIsALatencyThatWasSeen() {
    List<Entry> entries =
        LongStream.rangeClosed(1, 200).mapToObj(i -> read(0, i, Outcome.ACKNOWLEDGED)).toList();
    assertThat(History.percentile(entries, 0.99)).isEqualTo(198);
    assertThat(History.percentile(entries, 0.5)).isEqualTo(100);
    assertThat(History.percentile(entries, 1)).isEqualTo(200);
    assertThat(History.percentile(List.of(), 0.99)).isZero();
  }
}
