package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.HdrHistogram.Histogram;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What nodes say of themselves, and what one makes of it. */
@Timeout(60)
class FlockIT {
  private static final String NAME = "starling.reports";

  record Text(String text) {}

  private static final Operation<Text, Text> ECHO =
      Operation.query("lab", "echo", Text.class, Text.class).open();

  @TempDir private Path secrets;

  private final Nodes nodes = new Nodes();
  private OneNode one;

  @BeforeEach
  void start() {
    one = new OneNode(secrets, nodes, true);
  }

  @AfterEach
  void stop() {
    one.close();
  }

  private Flock.Member member(String id) {
    return one.node.flock().members().stream()
        .filter(m -> m.id().equals(id))
        .findFirst()
        .orElse(null);
  }

  private NodeReport own() {
    await().until(() -> member(OneNode.SELF).report() != null);
    return member(OneNode.SELF).report();
  }

  private List<String> texts(Event.Kind kind) {
    return one.node.flock().journal().all().stream()
        .filter(e -> e.kind() == kind)
        .map(e -> e.subject() + " " + e.text())
        .toList();
  }

  /** As another node of the cluster says it. */
  private JsonObject sealed(String node, long sequence, boolean stopping) {
    NodeReport r = own();
    NodeReport other =
        new NodeReport(
            node,
            "n1",
            "1",
            null,
            null,
            r.started(),
            r.at(),
            sequence,
            stopping,
            false,
            false,
            2,
            1,
            2,
            0.5,
            3,
            List.of(),
            List.of(),
            List.of(),
            List.of(),
            Map.of("starling.x", 4.0),
            List.of(
                new Event(node + "-1", Instant.now(), "n1", Event.Kind.NODE, "n1", "sings", null)),
            null);
    JsonObject report = new JsonObject().put("report", Codec.write(other).toString());
    return new Seal(one.node.secrets().all(Secrets.CLUSTER), NAME).seal(report, Instant.now());
  }

  private void say(Object report) {
    one.vertx.eventBus().publish(NAME, report);
  }

  private double refused() {
    return one.node.meters().counter("starling.reports.refused").count();
  }

  @Test
  void saysHowItDoes() {
    NodeReport report = own();
    assertThat(report.name()).isEqualTo("test");
    assertThat(report.nodes()).isEqualTo(2);
    assertThat(report.surroundings().java()).isEqualTo(Runtime.version().toString());
    assertThat(report.surroundings().files()).isBetween(1L, report.surroundings().filesMost());
    assertThat(report.heap()).isBetween(1L, report.heapMost());
    assertThat(report.meters()).containsEntry("starling.nodes", 2.0);
    await().until(() -> own().sequence() > report.sequence());
    await().untilAsserted(() -> assertThat(own().checks()).extracting("name").contains("cluster"));
    assertThat(own().ready()).isTrue();
    assertThat(member("node-1").state()).isEqualTo(Flock.State.SILENT);
  }

  @Test
  void tellsOfCallsAndTheirTimes() throws Exception {
    List<NodeReport.Operations> told = new CopyOnWriteArrayList<>();
    one.node.flock().onReport(r -> told.addAll(r.calls()));
    Companion lab = new Companion(one, "node-1", "lab", ECHO).publish();
    await().until(() -> one.node.directory().instances().stream().anyMatch(i -> i.reached()));
    for (int i = 0; i < 7; i++) {
      assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("a");
    }

    await().untilAsserted(() -> assertThat(calls(told)).isEqualTo(7));
    NodeReport.Operations echo = told.get(told.size() - 1);
    assertThat(echo.service() + "." + echo.operation()).isEqualTo("lab.echo");
    long[] counts = echo.outcomes().get("ok");
    assertThat(counts[OperationMeter.BUCKETS.length]).isEqualTo(7);
    assertThat(counts[OperationMeter.BUCKETS.length + 1]).isPositive();
    assertThat(echo.inFlight()).isZero();
    assertThat(lab.calls).hasSize(7);

    lab.fail(ErrorCode.CONFLICT);
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(() -> one.call(ECHO, new Text("a"))).hasMessage("No");
    }
    await().untilAsserted(() -> assertThat(calls(told)).isEqualTo(10));
    assertThat(told.stream().mapToLong(o -> o.failed().getOrDefault("conflict", 0L)).sum())
        .isEqualTo(3);
  }

  /** In all histograms together: each call is in one of them. */
  private static long calls(List<NodeReport.Operations> told) throws Exception {
    long calls = 0;
    for (NodeReport.Operations operations : told) {
      if (operations.latest() != null) {
        byte[] bytes = Base64.getDecoder().decode(operations.latest());
        Histogram histogram = Histogram.decodeFromCompressedByteBuffer(ByteBuffer.wrap(bytes), 0);
        calls += histogram.getTotalCount();
        assertThat(histogram.getMaxValue()).isBetween(1L, 20_000_000L);
      }
    }
    return calls;
  }

  @Test
  void knowsTheOthersByWhatTheySay() {
    say(sealed("node-1", 1, false));
    await().until(() -> member("node-1").state() == Flock.State.UP);
    assertThat(member("node-1").report().meters()).containsEntry("starling.x", 4.0);
    await().until(() -> texts(Event.Kind.NODE).contains("n1 sings"));
    await().until(() -> own().surroundings().hears().equals(List.of("node-1")));

    await().until(() -> member("node-1").state() == Flock.State.SILENT);
    assertThat(member("node-1").age()).isGreaterThanOrEqualTo(3_000);
    await().until(() -> own().surroundings().hears().isEmpty());
  }

  @Test
  void believesNoForgeryNoRepetitionAndNoneThatHasLeft() {
    double before = refused();
    say(new JsonObject().put("report", "{}"));
    say("nothing");
    say(sealed("node-1", 5, false).put("report", "{\"node\":\"node-1\"}"));
    await().until(() -> refused() == before + 3);
    assertThat(member("node-1").report()).isNull();

    say(sealed("node-1", 5, false));
    await().until(() -> member("node-1").report() != null);
    say(sealed("node-1", 4, true));
    say(sealed("stranger", 1, false));
    say(new JsonObject());
    await().until(() -> refused() == before + 4);
    assertThat(member("node-1").report().sequence()).isEqualTo(5);
    assertThat(member("stranger")).isNull();
  }

  @Test
  void tellsWhyANodeHasLeft() {
    say(sealed("node-1", 1, false));
    await().until(() -> member("node-1").report() != null);
    nodes.leave("node-1");
    assertThat(member("node-1").state()).isEqualTo(Flock.State.LEFT);
    await().until(() -> member("node-1").why() != null);
    assertThat(member("node-1").why()).startsWith("no word from it for ");
    assertThat(texts(Event.Kind.NODE)).anyMatch(t -> t.startsWith("n1 left: no word from it"));

    nodes.join("node-2");
    say(sealed("node-2", 1, true));
    await().until(() -> member("node-2").report() != null);
    nodes.leave("node-2");
    await().untilAsserted(() -> assertThat(member("node-2").why()).isEqualTo("it was stopped"));

    nodes.join("node-3");
    nodes.leave("node-3");
    await().until(() -> texts(Event.Kind.NODE).contains("node-3 left, and had not reported"));
  }

  @Test
  void tellsThatANodeIsThereAgain() {
    say(sealed("node-1", 1, false));
    await().until(() -> member("node-1").report() != null);
    nodes.leave("node-1");
    await().until(() -> member("node-1").why() != null);

    nodes.join("node-1");
    say(sealed("node-1", 2, false));

    await().until(() -> member("node-1").state() == Flock.State.UP);
    assertThat(member("node-1").why()).isNull();
    await().until(() -> texts(Event.Kind.NODE).contains("n1 is there again"));
  }

  @Test
  void readsWhatAnotherReleaseSaysAsFarAsItCan() {
    String report =
        """
        {"node":"node-1","name":"n1","sequence":1,"started":"2026-01-01T00:00:00Z",
         "at":"2026-01-01T00:00:00Z","wings":2,"events":[
         {"id":"x","at":"2026-01-01T00:00:00Z","node":"n1","kind":"MIGRATION","text":"south"}]}""";
    Seal seal = new Seal(one.node.secrets().all(Secrets.CLUSTER), NAME);
    say(seal.seal(new JsonObject().put("report", report), Instant.now()));

    await().until(() -> member("node-1").report() != null);
    assertThat(member("node-1").report().ready()).isFalse();
    assertThat(member("node-1").report().calls()).isEmpty();
    assertThat(one.node.flock().journal().all()).noneMatch(e -> e.text().equals("south"));
  }

  @Test
  void writesDownOrdersBreakersAndInstances() {
    new Companion(one, "node-1", "lab", ECHO).publish();
    await().until(() -> one.node.directory().instances().stream().anyMatch(i -> i.reached()));
    await(
        one.node
            .desired()
            .put("breaker/lab@node-1", Buffer.buffer("{\"state\":\"open\"}"), null, "ada"));

    await()
        .until(() -> texts(Event.Kind.BREAKER).contains("lab@node-1 open: an operator opened it"));
    assertThat(one.node.flock().journal().all())
        .anyMatch(
            e ->
                e.kind() == Event.Kind.ORDER
                    && "ada".equals(e.by())
                    && e.subject().equals("breaker/lab@node-1"));
    await()
        .untilAsserted(
            () ->
                assertThat(own().breakers())
                    .extracting("instance", "state", "wish")
                    .containsExactly(
                        org.assertj.core.groups.Tuple.tuple("lab@node-1", "open", "open")));
    assertThat(own().events()).anyMatch(e -> e.kind() == Event.Kind.BREAKER);
    assertThat(
            one.node.meters().get("starling.breaker.state").tag("node", "node-1").gauge().value())
        .isEqualTo(2);
  }
}
