package dev.starling.console;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.runtime.Call;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Membership;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator port of a node, on a real port. */
class OperatorIT {
  @TempDir private Path secrets;

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http = HttpClient.newHttpClient();
  private final OperatorVerticle operator = new OperatorVerticle(2_000);
  private Node node;

  @BeforeEach
  void start() {
    node =
        Node.join(
                vertx,
                new Node.Options(
                    "one", "i", "a", "user.keys", "", 1, Limits.standard(), false, Call::newTrace),
                Membership.alone("1"),
                Secrets.in(secrets, true),
                Meters.create(),
                getClass().getClassLoader())
            .await();
    JsonObject config = new JsonObject().put("port", 0);
    vertx.deployVerticle(operator, new DeploymentOptions().setConfig(config)).await();
  }

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  @Test
  void isReadyWhenAllChecksAre() throws Exception {
    node.health().register("database", Future::succeededFuture);
    HttpResponse<String> answer = get("/health/ready");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type")).contains("application/json");
    assertThat(new JsonObject(answer.body()))
        .isEqualTo(
            new JsonObject()
                .put("status", "up")
                .put("node", "one")
                .put(
                    "checks",
                    new JsonArray()
                        .add(check("cluster", "up"))
                        .add(check("database", "up"))
                        .add(check("registry", "up")))
                .put("notes", new JsonArray()));
  }

  @Test
  void saysWhyItIsNotReadyAndWhenItIsAgain() throws Exception {
    node.health().register("database", () -> Future.failedFuture("the database is away"));
    HttpResponse<String> answer = get("/health/ready");

    assertThat(answer.statusCode()).isEqualTo(503);
    JsonObject body = new JsonObject(answer.body());
    assertThat(body.getString("status")).isEqualTo("down");
    assertThat(body.getJsonArray("checks"))
        .isEqualTo(
            new JsonArray()
                .add(check("cluster", "up"))
                .add(check("database", "down").put("reason", "the database is away"))
                .add(check("registry", "up")));

    node.health().register("database", Future::succeededFuture);
    assertThat(get("/health/ready").statusCode()).isEqualTo(200);
  }

  @Test
  void waitsForNoCheckForLongerThanASecond() throws Exception {
    node.health().register("database", () -> Promise.promise().future());
    HttpResponse<String> answer = get("/health/ready");

    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).contains("no answer within 1000 ms");
  }

  @Test
  void isNotReadyWhenACheckThrows() throws Exception {
    node.health()
        .register(
            "database",
            () -> {
              throw new IllegalStateException("closed");
            });

    HttpResponse<String> answer = get("/health/ready");
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.body()).contains("\"reason\":\"closed\"");
  }

  @Test
  void isAliveWhateverItsChecksSay() throws Exception {
    node.health().register("database", () -> Future.failedFuture("the database is away"));
    HttpResponse<String> answer = get("/health/live");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(new JsonObject(answer.body()))
        .isEqualTo(
            new JsonObject()
                .put("status", "up")
                .put("node", "one")
                .put("id", "1")
                .putNull("cluster"));
  }

  @Test
  void showsItsMetersToPrometheus() throws Exception {
    node.meters().counter("starling.things", "colour", "blue").increment(2);
    HttpResponse<String> answer = get("/metrics");

    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type"))
        .contains("text/plain; version=0.0.4; charset=utf-8");
    assertThat(answer.body())
        .contains("# TYPE starling_things_total counter\n")
        .contains("\nstarling_things_total{colour=\"blue\"} 2.0\n")
        .contains("# TYPE jvm_memory_used_bytes gauge\n")
        .contains("# TYPE process_uptime_seconds gauge\n")
        .endsWith("\n");
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /, 405",
    "GET, /console, 404",
    "GET, /health, 404",
    "GET, /health/ready/x, 404",
    "GET, /metrics/../secret, 404",
    "POST, /health/live, 405",
    "DELETE, /health/ready, 405",
    "OPTIONS, /metrics, 405",
    "HACK, /metrics, 405",
    "HACK, /nothing, 404",
  })
  void answersWhatItDoesNotServeWithAProblem(String method, String path, int status)
      throws Exception {
    HttpResponse<String> answer = send(method, path);

    assertThat(answer.statusCode()).isEqualTo(status);
    assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
    assertThat(answer.headers().firstValue("allow").isPresent()).isEqualTo(status == 405);
    JsonObject problem = new JsonObject(answer.body());
    assertThat(problem.getInteger("status")).isEqualTo(status);
    assertThat(problem.getString("type")).startsWith("urn:starling:problem:");
    assertThat(problem.getString("instance")).startsWith("urn:starling:trace:");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health/live", "/health/ready", "/metrics"})
  void answersHeadAsGetWithoutABody(String path) throws Exception {
    HttpResponse<String> head = send("HEAD", path);

    assertThat(head.statusCode()).isEqualTo(200);
    assertThat(head.body()).isEmpty();
    assertThat(head.headers().firstValue("content-type"))
        .isEqualTo(get(path).headers().firstValue("content-type"));
    assertThat(head.headers().firstValueAsLong("content-length").orElse(0)).isPositive();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health/live", "/health/ready", "/metrics", "/nothing"})
  void letsNobodyKeepOrReinterpretAnAnswer(String path) throws Exception {
    HttpResponse<String> answer = get(path);

    assertThat(answer.headers().firstValue("cache-control")).contains("no-store");
    assertThat(answer.headers().firstValue("x-content-type-options")).contains("nosniff");
  }

  @Test
  void closesConnectionsBeyondItsBoundAndTakesOthersLater() throws Exception {
    List<Socket> open = new ArrayList<>();
    try {
      for (int i = 0; i < OperatorVerticle.MOST_CONNECTIONS; i++) {
        open.add(new Socket("127.0.0.1", operator.port()));
      }
      assertThat(status(open.get(open.size() - 1))).isEqualTo(200);
      try (Socket beyond = new Socket("127.0.0.1", operator.port())) {
        beyond.setSoTimeout(5_000);
        assertThat(beyond.getInputStream().read()).as("closed").isEqualTo(-1);
      }
    } finally {
      for (Socket socket : open) {
        socket.close();
      }
    }
    await()
        .ignoreExceptions()
        .untilAsserted(() -> assertThat(get("/health/live").statusCode()).isEqualTo(200));
  }

  @Test
  @DisplayName("HT4 Default idleTimeout: closes a connection that drips its first request")
  void closesAConnectionThatDripsItsFirstRequest() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", operator.port())) {
      assertDropped(socket);
    }
  }

  @Test
  @DisplayName("HT4 Default idleTimeout: closes a connection that brings no other request")
  void closesAConnectionThatIsIdle() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", operator.port())) {
      assertThat(status(socket)).isEqualTo(200);
      assertThat(new String(socket.getInputStream().readAllBytes(), US_ASCII)).contains("\"up\"");
    }
  }

  @Test
  @DisplayName("HT4 Default idleTimeout: closes a connection that drips its second request")
  void closesAConnectionThatDripsItsSecondRequest() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", operator.port())) {
      assertThat(status(socket)).isEqualTo(200);
      assertDropped(socket);
    }
  }

  @Test
  void keepsAConnectionThatIsUsed() throws Exception {
    try (Socket socket = new Socket("127.0.0.1", operator.port())) {
      long end = System.nanoTime() + 3_000_000_000L;
      while (System.nanoTime() < end) {
        assertThat(status(socket)).isEqualTo(200);
        socket.setSoTimeout(200);
        try {
          socket.getInputStream().readAllBytes();
          throw new AssertionError("closed while it was used");
        } catch (SocketTimeoutException e) {
          // the rest of the answer, and a pause
        }
      }
    }
  }

  @Test
  @DisplayName(
      "HT7 Default http2ClearTextEnabled: speaks no HTTP/2, neither by upgrade nor by knowledge")
  void speaksNoHttp2InClear() throws Exception {
    assertThat(
            first(
                "GET /health/live HTTP/1.1\r\nhost: x\r\nconnection: upgrade, http2-settings\r\n"
                    + "upgrade: h2c\r\nhttp2-settings: AAMAAABkAAQAAP__AAIAAAAA\r\n\r\n"))
        .isEqualTo("HTTP/1.1 200");
    assertThat(first("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"))
        .isEqualTo("HTTP/2.0 501");
  }

  private String first(String request) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", operator.port())) {
      socket.setSoTimeout(5_000);
      socket.getOutputStream().write(request.getBytes(US_ASCII));
      return new String(socket.getInputStream().readNBytes("HTTP/1.1 200".length()), US_ASCII);
    }
  }

  private static void assertDropped(Socket socket) throws IOException {
    socket.setSoTimeout(200);
    long end = System.nanoTime() + 2 * OperatorVerticle.FIRST_REQUEST * 1_000_000;
    assertThat(isClosed(socket)).isFalse();
    while (System.nanoTime() < end && !isClosed(socket)) {
      // its own time-out is the pause
    }
    assertThat(isClosed(socket)).isTrue();
  }

  /** Sends one more byte of a header that does not end, and reads what is left of an answer. */
  private static boolean isClosed(Socket socket) throws IOException {
    try {
      socket.getOutputStream().write('G');
      socket.getInputStream().readAllBytes();
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (SocketException e) {
      return true;
    }
  }

  private static int status(Socket socket) throws IOException {
    socket.setSoTimeout(5_000);
    socket
        .getOutputStream()
        .write("GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n".getBytes(US_ASCII));
    byte[] line = socket.getInputStream().readNBytes("HTTP/1.1 200".length());
    return Integer.parseInt(new String(line, US_ASCII).substring("HTTP/1.1 ".length()));
  }

  private static JsonObject check(String name, String status) {
    return new JsonObject().put("name", name).put("status", status);
  }

  private HttpResponse<String> get(String path) throws Exception {
    return send("GET", path);
  }

  private HttpResponse<String> send(String method, String path) throws Exception {
    URI uri = URI.create("http://127.0.0.1:" + operator.port() + path);
    return http.send(
        HttpRequest.newBuilder(uri)
            .timeout(Duration.ofSeconds(20))
            .method(method, BodyPublishers.noBody())
            .build(),
        BodyHandlers.ofString());
  }
}
