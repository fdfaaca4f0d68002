package dev.starling.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.runtime.NodeReport;
import dev.starling.runtime.Telemetry;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.stream.LongStream;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.Test;

class StatisticsTest {
  private static final String ECHO = "lab.echo";
  private static final Statistics.Key OK = new Statistics.Key(true, "lab", "echo", "ok");
  private static final int ALL = Telemetry.COUNTS - 2;

  private final Statistics statistics = new Statistics();

  /** A node's report of calls of one operation. */
  private static NodeReport report(
      String node, long sequence, Map<String, long[]> outcomes, long... millis) {
    return report(node, sequence, outcomes, Map.of(), millis);
  }

  private static NodeReport report(
      String node,
      long sequence,
      Map<String, long[]> outcomes,
      Map<String, Long> failed,
      long... millis) {
    String latest = millis.length == 0 ? null : encoded(millis);
    return new NodeReport(
        node,
        node,
        "1",
        null,
        null,
        Instant.EPOCH,
        Instant.EPOCH,
        sequence,
        false,
        false,
        false,
        2,
        0,
        0,
        0,
        0,
        null,
        List.of(new NodeReport.Operations("lab", "echo", 0, outcomes, latest, failed)),
        null,
        null,
        null,
        null,
        null);
  }

  private static String encoded(long... millis) {
    Histogram histogram = new Histogram(2);
    LongStream.of(millis).forEach(ms -> histogram.recordValue(ms * 1_000));
    ByteBuffer bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
    int length = histogram.encodeIntoCompressedByteBuffer(bytes);
    return Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length));
  }

  private static Map<String, long[]> ok(long calls) {
    return Map.of("ok", counts(calls));
  }

  private static long[] counts(long calls) {
    long[] counts = new long[Telemetry.COUNTS];
    Arrays.fill(counts, calls);
    return counts;
  }

  private JsonObject lately() {
    statistics.tick();
    return statistics.lately(ECHO);
  }

  @Test
  void mergesTheHistogramsOfNodesAndAveragesNothing() {
    long[] quick = LongStream.generate(() -> 1).limit(990).toArray();
    long[] slow = LongStream.generate(() -> 1_000).limit(10).toArray();
    statistics.hear(report("a", 1, ok(990), quick));
    statistics.hear(report("b", 1, ok(10), slow));

    JsonObject lately = lately();
    // The average of both 99th percentiles would be 500 ms.
    assertThat(lately.getDouble("p50")).isBetween(0.99, 1.01);
    assertThat(lately.getDouble("p99")).isBetween(0.99, 1.01);
    assertThat(lately.getDouble("p99.9")).isBetween(990.0, 1_010.0);
    assertThat(lately.getDouble("rate")).isEqualTo(1_000);
  }

  @Test
  void addsUpTheCountsOfNodesAndKeepsThoseOfNodesThatHaveLeft() {
    statistics.hear(report("a", 1, ok(5)));
    statistics.hear(report("b", 1, ok(7)));
    statistics.hear(report("a", 2, ok(6)));
    for (int i = 0; i < 2_000; i++) {
      statistics.tick();
    }
    assertThat(statistics.totals().get(OK)[ALL]).isEqualTo(13);
  }

  @Test
  void countsANodeThatComesBackOnce() {
    statistics.hear(report("a", 1, ok(1_000_000)));
    for (int i = 0; i < 2_000; i++) {
      statistics.tick(); // more than half an hour without it
    }
    statistics.hear(report("a", 2_001, ok(1_000_003)));
    assertThat(statistics.totals().get(OK)[ALL]).isEqualTo(1_000_003);
  }

  @Test
  void countsFailuresByKindAndNoneOfATimeInWhichItHeardNothing() {
    Map<String, Long> three = Map.of("conflict", 3L);
    statistics.hear(report("a", 7, Map.of("ok", counts(1)), three, 1, 1, 1, 1));
    assertThat(lately().getJsonObject("failures")).isEqualTo(new JsonObject().put("conflict", 3));

    statistics.hear(report("a", 300, Map.of("ok", counts(1), "conflict", counts(5_000)), 1));
    assertThat(lately().getJsonObject("failures")).isEqualTo(new JsonObject().put("conflict", 3));
    Statistics.Key conflict = new Statistics.Key(true, "lab", "echo", "conflict");
    assertThat(statistics.totals().get(conflict)[ALL]).isEqualTo(5_000);
  }

  @Test
  void showsAnOperationAsLongAsItWasCalledInTheLastQuarterOfAnHour() {
    statistics.hear(report("a", 1, ok(1), 3));
    for (int i = 1; i <= OperationSeries.SECONDS; i++) {
      statistics.tick();
      statistics.hear(report("a", 1 + i, ok(1)));
    }
    assertThat(statistics.lately(ECHO)).isNotNull();
    assertThat(statistics.all(900).getJsonObject(ECHO).getJsonArray("calls").getInteger(0))
        .isEqualTo(1);

    for (int i = 0; i < 10; i++) {
      statistics.tick();
      statistics.hear(report("a", 2_000 + i, ok(1)));
      assertThat(statistics.lately(ECHO)).isNull();
    }
    assertThat(statistics.all(900).isEmpty()).isTrue();
  }

  @Test
  void addsNothingOfAReleaseWithOtherBuckets() {
    statistics.hear(report("a", 1, Map.of("ok", new long[] {1, 2, 3})));
    assertThat(statistics.totals()).isEmpty();
  }

  @Test
  void keepsAQuarterOfAnHourOfEachNode() {
    for (int second = 0; second < 1_000; second++) {
      boolean late = second == 980;
      boolean silent = second >= 986 && second <= 990;
      if (!late && !silent) {
        statistics.hear(report("a", second + 1, Map.of()));
      }
      statistics.tick();
    }
    JsonObject load = statistics.load().getJsonObject(0);
    assertThat(load.getString("id") + load.getString("name")).isEqualTo("aa");
    for (String list : List.of("heap", "cpu", "lag", "inFlight")) {
      assertThat(load.getJsonArray(list)).as(list).hasSize(900);
      assertThat(load.getJsonArray(list).getValue(880)).as(list + " told late").isNotNull();
      assertThat(load.getJsonArray(list).getValue(887)).as(list + " told last").isNotNull();
      assertThat(load.getJsonArray(list).getValue(888)).as(list + " of a silent node").isNull();
      assertThat(load.getJsonArray(list).getValue(890)).as(list + " of a silent node").isNull();
      assertThat(load.getJsonArray(list).getValue(891)).as(list + " told again").isNotNull();
    }
    for (int second = 0; second < 903; second++) {
      statistics.tick();
    }
    assertThat(statistics.load()).isEmpty();
  }

  @Test
  void keepsNoMoreNodesThanItHasRoomFor() {
    for (int node = 0; node < 300; node++) {
      statistics.hear(report("n" + node, 1, Map.of()));
    }
    statistics.tick();
    assertThat(statistics.load()).hasSize(200);
  }
}
