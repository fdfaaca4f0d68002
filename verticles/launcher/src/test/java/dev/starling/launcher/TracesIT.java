package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.launcher.OtlpReceiver.Received;
import io.opentelemetry.proto.trace.v1.Span.SpanKind;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A gateway and a user service on two nodes, and a collector that reads what they send. */
@Timeout(300)
class TracesIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TRACE = "4bf92f3577b34da6a3ce929d0e0e4736";
  private static final String SPAN = "00f067aa0ba902b7";

  @TempDir private static Path directory;
  private static OtlpReceiver collector;
  private static GatewayAndUsers nodes;
  private static Client client;

  @BeforeAll
  static void start() throws Exception {
    collector = new OtlpReceiver();
    UnaryOperator<StarlingProcess.Builder> traced =
        node -> node.with("traces.otlp", collector.url());
    nodes = GatewayAndUsers.start(directory, traced, traced);
    client = nodes.client();
  }

  @AfterAll
  static void stop() {
    if (nodes != null) {
      nodes.close();
    }
    collector.close();
  }

  /** Registers a name that is taken, which needs the database. */
  private static HttpRequest.Builder registration() {
    return HttpRequest.newBuilder(
        client.post("/api/users", Client.credentials("ada").encode()), (name, value) -> true);
  }

  /** The trace that the answer names. */
  private static String trace(HttpRequest.Builder request) throws Exception {
    HttpResponse<String> answer = client.send(request.build());
    assertThat(answer.statusCode()).isEqualTo(409);
    String instance = new JsonObject(answer.body()).getString("instance");
    assertThat(instance).matches("urn:starling:trace:[0-9a-f]{32}");
    return instance.substring(instance.lastIndexOf(':') + 1);
  }

  /** All that came of a trace, once its request has been answered and nothing is missing. */
  private static List<Received> spans(String trace) {
    return await()
        .atMost(PATIENCE)
        .until(
            () -> collector.spans(trace),
            spans -> {
              Set<String> ids = spans.stream().map(Received::id).collect(Collectors.toSet());
              return Stream.of("http.request.method", "db.system")
                      .allMatch(
                          key ->
                              spans.stream().anyMatch(span -> span.attributes().containsKey(key)))
                  && spans.stream().filter(span -> !ids.contains(span.parent())).count() == 1;
            });
  }

  @Test
  @DisplayName("one request over two nodes is one trace, by the id that its answer names")
  void connectsSpansOfTwoNodes() throws Exception {
    List<Received> spans = spans(trace(registration()));

    Received http = only(spans, span -> span.attributes().containsKey("http.request.method"));
    assertThat(http.parent()).isEmpty();
    assertThat(http.name()).isEqualTo("POST");
    assertThat(http.kind()).isEqualTo(SpanKind.SPAN_KIND_SERVER);
    assertThat(http.node()).isEqualTo("the-gateway");
    assertThat(http.attributes())
        .containsEntry("http.response.status_code", "409")
        .containsOnlyKeys("http.request.method", "http.response.status_code", "url.scheme");

    Received asks =
        only(
            spans,
            span ->
                span.name().equals("user.register") && span.kind() == SpanKind.SPAN_KIND_CLIENT);
    assertThat(asks.parent()).isEqualTo(http.id());
    assertThat(asks.node()).isEqualTo("the-gateway");
    Received does =
        only(
            spans,
            span ->
                span.name().equals("user.register") && span.kind() == SpanKind.SPAN_KIND_SERVER);
    assertThat(does.parent()).isEqualTo(asks.id());
    assertThat(does.node()).isEqualTo("the-user");

    List<Received> statements =
        spans.stream().filter(span -> span.attributes().containsKey("db.system")).toList();
    assertThat(statements)
        .isNotEmpty()
        .allMatch(span -> span.parent().equals(does.id()) && span.node().equals("the-user"))
        .anyMatch(span -> span.attributes().get("db.query.text").contains("$1"));
  }

  private static Received only(List<Received> spans, java.util.function.Predicate<Received> which) {
    List<Received> found = spans.stream().filter(which).toList();
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  @Test
  @DisplayName("a trace that a client began goes on, by its id")
  void continuesATrace() throws Exception {
    String id = trace(registration().header("traceparent", "00-" + TRACE + "-" + SPAN + "-01"));

    assertThat(id).isEqualTo(TRACE);
    assertThat(spans(TRACE)).filteredOn(span -> span.parent().equals(SPAN)).hasSize(1);
  }

  @Test
  @DisplayName("of a trace that its client does not sample nothing is sent, and the id is kept")
  void respectsTheFlag() throws Exception {
    String unsampled = "5" + TRACE.substring(1);
    String id = trace(registration().header("traceparent", "00-" + unsampled + "-" + SPAN + "-00"));
    assertThat(id).isEqualTo(unsampled);

    spans(trace(registration())); // sent after the other would have been
    assertThat(collector.spans(unsampled)).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "forged",
        "00-00000000000000000000000000000000-00f067aa0ba902b7-01",
        "00-4bf92f3577b34da6a3ce929d0e0e4737-0000000000000000-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4737-00f067aa0ba902b7-01",
        "ff-4bf92f3577b34da6a3ce929d0e0e4737-00f067aa0ba902b7-01",
      })
  @DisplayName("what is no traceparent begins a trace like none")
  void beginsAnew(String parent) throws Exception {
    String id = trace(registration().header("traceparent", parent));

    assertThat(id).isNotEqualTo("4bf92f3577b34da6a3ce929d0e0e4737");
    assertThat(spans(id)).filteredOn(span -> span.parent().isEmpty()).hasSize(1);
  }

  @Test
  @DisplayName("two traceparents are none")
  void takesNoneOfTwo() throws Exception {
    String id =
        trace(
            registration()
                .header("traceparent", "00-" + TRACE.replace('4', '6') + "-" + SPAN + "-01")
                .header("traceparent", "00-" + TRACE.replace('4', '7') + "-" + SPAN + "-01"));

    assertThat(spans(id)).filteredOn(span -> span.parent().isEmpty()).hasSize(1);
  }

  /** A node of its own that answers 404 to everything. */
  private static StarlingProcess.Builder alone() throws IOException {
    return StarlingProcess.in(Files.createTempDirectory(directory, "alone"))
        .onAnyPort()
        .with("services", "gateway");
  }

  @Test
  @DisplayName("a share of 0 sends what clients ask for, and nothing else")
  void samplesAShare() throws Exception {
    try (StarlingProcess node =
        alone().with("traces.otlp", collector.url()).with("traces.sample", "0").start()) {
      Client other = new Client(node.api());
      String id = new JsonObject(other.get("/nothing").body()).getString("instance");
      String asked = "8" + TRACE.substring(1);
      other.send(
          other
              .request("/nothing")
              .header("traceparent", "00-" + asked + "-" + SPAN + "-01")
              .build());

      await().atMost(PATIENCE).until(() -> collector.spans(asked).size() == 1);
      assertThat(collector.spans(id.substring(id.lastIndexOf(':') + 1))).isEmpty();
    }
  }

  @Test
  @DisplayName("clients together can have 10 traces a second sent beyond the share, with their ids")
  void boundsWhatClientsAskFor() throws Exception {
    try (StarlingProcess node =
        alone().with("traces.otlp", collector.url()).with("traces.sample", "0").start()) {
      Client other = new Client(node.api());
      String mark = "a".repeat(28);
      long begin = System.nanoTime();
      for (int i = 0; i < 200; i++) {
        String trace = mark + "%04x".formatted(i);
        HttpResponse<String> answer =
            other.send(
                other
                    .request("/nothing")
                    .header("traceparent", "00-" + trace + "-" + SPAN + "-01")
                    .build());
        assertThat(answer.headers().firstValue("x-request-id")).hasValue(trace);
      }
      String unknown = "b".repeat(28);
      for (String version : List.of("01-%s-%s-01", "cc-%s-%s-01-x", "00-%s-%s-01-x")) {
        String parent = version.formatted(unknown + "0000", SPAN);
        other.send(other.request("/nothing").header("traceparent", parent).build());
      }
      long seconds = 1 + Duration.ofNanos(System.nanoTime() - begin).toSeconds();
      assertThat(node.stop()).isZero(); // sends all that waits
      assertThat(collector.spans().stream().filter(span -> span.trace().startsWith(mark)))
          .hasSizeBetween(Traces.ASKED, (int) Math.min(199, Traces.ASKED * (seconds + 1)));
      assertThat(collector.spans()).noneMatch(span -> span.trace().startsWith(unknown));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"http://203.0.113.1:4318/v1/traces", "http://nowhere.invalid/v1/traces"})
  @DisplayName("spans go to another host over TLS, unless an operator says otherwise")
  void refusesToSendSpansInClear(String collector) throws Exception {
    StarlingProcess open = alone().with("traces.otlp", collector).launch();
    assertThat(open.exitCode()).isEqualTo(1);
    assertThat(open.output().strip().lines())
        .singleElement()
        .asString()
        .startsWith("starling: traces.otlp is not loopback")
        .contains("https", "traces.insecure: true");
  }

  @ParameterizedTest
  @CsvSource({"http://nowhere.invalid/v1/traces, true", "https://nowhere.invalid/v1/traces, false"})
  @DisplayName("an operator says so, or the address begins with https")
  void sendsSpansToAnotherHost(String collector, boolean insecure) throws Exception {
    try (StarlingProcess node =
        alone().with("traces.otlp", collector).with("traces.insecure", insecure).start()) {
      assertThat(node.isAlive()).isTrue();
    }
  }

  @Test
  @DisplayName("without a collector no class of a tracer is loaded")
  void costsNothing() throws Exception {
    Path classes = directory.resolve("classes.log");
    try (StarlingProcess node =
        StarlingProcess.in(directory.resolve("untraced"))
            .onAnyPort()
            .jvm("-Xlog:class+load:file=" + classes)
            .start()) {
      Client other = new Client(node.api());
      await().atMost(PATIENCE).until(() -> other.register("ada").statusCode() == 409);
      await().atMost(PATIENCE).until(() -> other.login("ada").statusCode() == 200);
      assertThat(new Client(node.operator()).get("/metrics").statusCode()).isEqualTo(200);
      assertThat(node.stop()).isZero();
    }
    String loaded = Files.readString(classes);
    assertThat(loaded).contains("dev.starling.launcher.NodeVerticle");
    assertThat(loaded).doesNotContain("opentelemetry").doesNotContain("launcher.Traces");
  }

  @Test
  @DisplayName("while the collector is away calls go on, and one line says so; so when it is back")
  void goesOnWithoutACollector() throws Exception {
    int port;
    try (java.net.ServerSocket free = new java.net.ServerSocket(0)) {
      port = free.getLocalPort();
    }
    try (StarlingProcess node =
        alone().with("traces.otlp", "http://127.0.0.1:" + port + "/v1/traces").start()) {
      Client other = new Client(node.api());
      long end = System.nanoTime() + Duration.ofSeconds(5).toNanos();
      while (System.nanoTime() < end) {
        assertThat(other.get("/nothing").statusCode()).isEqualTo(404);
      }
      assertThat(node.output().lines())
          .filteredOn(line -> line.contains("WARN") || line.contains("ERROR"))
          .singleElement()
          .asString()
          .contains("Collector Traces do not arrive at http://127.0.0.1:" + port);
      assertThat(node.output()).doesNotContain("\tat ").doesNotContain("io.opentelemetry");
      assertThat(node.stop()).isZero();
    }
  }

  @Test
  @DisplayName("a collector that does not answer delays a stop by 2 s at most")
  void stopsInTime() throws Exception {
    try (OtlpReceiver silent = new OtlpReceiver();
        StarlingProcess untraced = alone().start();
        StarlingProcess node = alone().with("traces.otlp", silent.url()).start()) {
      silent.hang();
      ask(untraced);
      ask(node);

      long usual = stop(untraced);
      // To time out with all that waits takes four batches of 2 s.
      assertThat(stop(node)).isLessThan(usual + 6_000);
    }
  }

  /** So often that more spans wait than are kept, and until nothing is under way. */
  private static void ask(StarlingProcess node) {
    Client other = new Client(node.api());
    Stream.generate(() -> other.sendLater(other.request("/nothing").build()))
        .limit(3_000)
        .map(answer -> answer.handle((status, failure) -> failure == null))
        .toList()
        .forEach(CompletableFuture::join);
  }

  private static long stop(StarlingProcess node) throws InterruptedException {
    long begin = System.nanoTime();
    assertThat(node.stop()).isZero();
    return (System.nanoTime() - begin) / 1_000_000;
  }
}
