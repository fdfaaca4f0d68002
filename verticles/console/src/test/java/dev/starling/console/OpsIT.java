package dev.starling.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.harness.Harness;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Arrays;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The operator's resources over HTTP, on a node with one service. */
class OpsIT {
  record Text(String text) {}

  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private static final String[] EVERYWHERE = {
    "cache-control", "no-store",
    "x-content-type-options", "nosniff",
    "content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy", "no-referrer",
    "cross-origin-resource-policy", "same-origin"
  };

  private final Harness harness = Harness.start(new Lab());
  private int port;
  private String token;

  @BeforeEach
  void start() throws IOException {
    OperatorVerticle operator = new OperatorVerticle();
    harness.deploy(operator, new JsonObject().put("port", 0));
    port = operator.port();
    token = Files.readString(harness.node().secrets().file(Secrets.OPERATOR));
  }

  @AfterEach
  void stop() {
    harness.close();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
        .timeout(Duration.ofSeconds(20))
        .header("Authorization", "Bearer " + token);
  }

  private static HttpResponse<String> send(HttpRequest.Builder request)
      throws IOException, InterruptedException {
    HttpResponse<String> answer = HTTP.send(request.build(), BodyHandlers.ofString());
    for (int i = 0; i < EVERYWHERE.length; i += 2) {
      assertThat(answer.headers().allValues(EVERYWHERE[i])).containsExactly(EVERYWHERE[i + 1]);
    }
    return answer;
  }

  private HttpResponse<String> put(String path, String body)
      throws IOException, InterruptedException {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString(body)));
  }

  private JsonArray list(String what) throws IOException, InterruptedException {
    HttpResponse<String> answer = send(request("/ops/" + what));
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("content-type")).contains("application/json");
    return new JsonObject(answer.body()).getJsonArray(what);
  }

  private static JsonObject problem(HttpResponse<String> answer, int status) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    assertThat(answer.headers().firstValue("content-type")).contains("application/problem+json");
    JsonObject problem = new JsonObject(answer.body());
    assertThat(problem.getInteger("status")).isEqualTo(status);
    return problem;
  }

  @Test
  void showsTheInstancesThatThisNodeKnows() throws Exception {
    JsonObject instance = list("instances").getJsonObject(0);

    String node = harness.node().membership().self();
    assertThat(instance)
        .isEqualTo(
            new JsonObject()
                .put("service", "lab")
                .put("node", node)
                .put("nodeName", "test")
                .put("address", "lab@" + node)
                .put("version", "unknown")
                .put("local", true)
                .put("reached", true)
                .put("inFlight", 0)
                .put(
                    "breaker",
                    new JsonObject()
                        .put("state", "closed")
                        .put("wish", "automatic")
                        .put("calls", 0)
                        .put("failed", 0)
                        .put("slow", 0)
                        .putNull("reason")
                        .put("probeIn", 0)
                        .put("trail", "")));
  }

  @Test
  void showsEveryLimitWithItsRange() throws Exception {
    JsonArray limits = list("limits");

    assertThat(limits).hasSize(Limit.values().length);
    JsonObject wait =
        limits.stream()
            .map(JsonObject.class::cast)
            .filter(limit -> limit.getString("key").equals("breaker.wait"))
            .findFirst()
            .orElseThrow();
    assertThat(wait.getLong("value")).isEqualTo(1_000);
    assertThat(wait.getString("unit")).isEqualTo("milliseconds");
    assertThat(wait.getLong("least")).isEqualTo(500);
    assertThat(wait.getLong("most")).isEqualTo(600_000);
    assertThat(wait.getLong("default")).isEqualTo(1_000);
    assertThat(wait.getString("meaning")).isNotBlank();
  }

  @Test
  void changesLimitsUntilThatIsWantedNoLonger() throws Exception {
    HttpResponse<String> answer = put("/ops/desired/limits?for=30m", "{\"breaker.calls\":7}");

    assertThat(answer.statusCode()).isEqualTo(200);
    JsonObject entry = new JsonObject(answer.body());
    assertThat(entry.getString("key")).isEqualTo("limits");
    assertThat(entry.getJsonObject("value")).isEqualTo(new JsonObject().put("breaker.calls", 7));
    assertThat(entry.getString("by")).isEqualTo("operator from 127.0.0.1");
    assertThat(Duration.between(instant(entry, "at"), instant(entry, "expires"))).hasMinutes(30);
    assertThat(list("desired")).isEqualTo(new JsonArray().add(entry));
    assertThat(harness.node().options().limits().get(Limit.BREAKER_CALLS)).isEqualTo(7);

    assertThat(send(request("/ops/desired/limits").DELETE()).statusCode()).isEqualTo(204);
    assertThat(list("desired")).isEmpty();
    assertThat(harness.node().options().limits().get(Limit.BREAKER_CALLS))
        .isEqualTo(Limit.BREAKER_CALLS.standard());
    problem(send(request("/ops/desired/limits").DELETE()), 404);
  }

  private static Instant instant(JsonObject entry, String member) {
    return Instant.parse(entry.getString(member));
  }

  @Test
  void drainsTheNodeAndResumes() throws Exception {
    HttpResponse<String> drained = put("/ops/desired/drain/test", "{}");

    assertThat(drained.statusCode()).isEqualTo(200);
    assertThat(new JsonObject(drained.body()).containsKey("expires")).isFalse();
    HttpResponse<String> ready = send(request("/health/ready"));
    assertThat(ready.statusCode()).isEqualTo(503);
    assertThat(ready.body()).contains("an operator has drained the node");
    send(request("/ops/desired/drain/test").DELETE());
    assertThat(send(request("/health/ready")).statusCode()).isEqualTo(200);
  }

  @Test
  void ordersBreakersOfInstancesThatAreThere() throws Exception {
    String open = "{\"state\":\"open\"}";
    assertThat(put("/ops/desired/breaker/lab@test", open).statusCode()).isEqualTo(200);
    assertThat(put("/ops/desired/breaker/lab%40test", open).statusCode()).isEqualTo(200);
    assertThat(list("desired")).hasSize(1);
    JsonObject breaker = list("instances").getJsonObject(0).getJsonObject("breaker");
    assertThat(breaker.getString("wish")).isEqualTo("open");
    assertThat(breaker.getString("state")).isEqualTo("open");
    assertThat(breaker.getString("reason")).isEqualTo("an operator opened it");

    JsonObject problem = problem(put("/ops/desired/breaker/lab@else", open), 404);
    assertThat(problem.getString("detail")).isEqualTo("There is no instance lab@else");
  }

  @Test
  void makesNoFaultsUnlessThatIsEnabled() throws Exception {
    JsonObject problem =
        problem(put("/ops/desired/fault/lab@test", "{\"share\":1,\"error\":true}"), 403);

    assertThat(problem.getString("detail")).contains("faults.enabled");
    assertThat(list("desired")).isEmpty();
  }

  @Test
  void saysWhatIsWrongWithAnOrder() throws Exception {
    JsonObject problem = problem(put("/ops/desired/limits", "{\"breaker.cals\":7}"), 422);

    JsonObject error = problem.getJsonArray("errors").getJsonObject(0);
    assertThat(error.getString("pointer")).isEqualTo("/breaker.cals");
    assertThat(error.getString("detail")).contains("the nearest is breaker.calls");
    problem(put("/ops/desired/limits", "{\"breaker.calls\":7,\"breaker.calls\":8}"), 400);
    problem(put("/ops/desired/limits", "{\"breaker.calls\":7} x"), 400);
    problem(put("/ops/desired/limits", ""), 400);
    problem(put("/ops/desired/limit", "{}"), 404);
    assertThat(list("desired")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "for=",
        "for=10",
        "for=-1m",
        "for=1w",
        "for=1m&for=2m",
        "until=1m",
        "for=1m&a=b",
        "for=9999999999ms",
        "for",
        "FOR=1m"
      })
  void readsTheQueryStrictly(String query) throws Exception {
    problem(put("/ops/desired/limits?" + query, "{}"), 400);
    assertThat(list("desired")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({"limits, 366d", "limits, 0s", "breaker/lab@test, 25h"})
  void refusesWhatWouldLastForTooLong(String key, String life) throws Exception {
    String value = key.equals("limits") ? "{}" : "{\"state\":\"open\"}";

    problem(put("/ops/desired/" + key + "?for=" + life, value), 422);
  }

  @Test
  void refusesWhatIsNotJson() throws Exception {
    HttpRequest.Builder bare = request("/ops/desired/limits").PUT(BodyPublishers.ofString("{}"));
    problem(send(bare), 415);
    problem(send(bare.header("Content-Type", "text/plain")), 415);
  }

  @Test
  @DisplayName("HT4 Default BodyHandler uploads: nothing that is sent becomes a file")
  void keepsNoUploads() throws Exception {
    String upload =
        "--x\r\ncontent-disposition: form-data; name=a; filename=a\r\n\r\n{}\r\n--x--\r\n";
    problem(
        send(
            request("/ops/desired/limits")
                .header("Content-Type", "multipart/form-data; boundary=x")
                .PUT(BodyPublishers.ofString(upload))),
        415);
    assertThat(Path.of(BodyHandler.DEFAULT_UPLOADS_DIRECTORY)).doesNotExist();
  }

  @Test
  @DisplayName("HT4 Default body limit: refuses a large body")
  void refusesALargeBody() throws Exception {
    String large = "{\"breaker.calls\":7" + " ".repeat(16_384) + "}";

    problem(put("/ops/desired/limits", large), 413);
    String largest = "{\"breaker.calls\":7" + " ".repeat(16_384 - 19) + "}";
    assertThat(put("/ops/desired/limits", largest).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /ops/desired, GET",
    "PUT, /ops/desired, GET",
    "DELETE, /ops/limits, GET",
    "GET, /ops/desired/limits, 'PUT, DELETE'",
    "POST, /ops/desired/drain/test, 'PUT, DELETE'",
    "POST, /health/live, 'GET, HEAD'",
    "PUT, /metrics, 'GET, HEAD'"
  })
  void namesTheMethodsThatItKnows(String method, String path, String allowed) throws Exception {
    HttpResponse<String> answer = send(request(path).method(method, BodyPublishers.noBody()));

    problem(answer, 405);
    assertThat(answer.headers().firstValue("allow")).contains(allowed);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/x",
        "/console",
        "/console/x",
        "/ops",
        "/ops/",
        "/ops/x",
        "/ops/desired/a/b/c",
        "/health",
        "/%00"
      })
  void knowsNothingElse(String path) throws Exception {
    problem(send(request(path)), 404);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "/ops/desired",
        "/ops/instances",
        "/ops/limits",
        "/ops/desired/limits",
        "/ops/x",
        "/ops"
      })
  void answersNobodyWithoutTheToken(String path) throws Exception {
    String wrong = "0".repeat(64);
    for (String given :
        Arrays.asList(
            null,
            "",
            "Bearer",
            "Bearer ",
            "Bearer " + wrong,
            "Bearer " + token.substring(2),
            "Bearer " + token + "00",
            "Bearer " + token + token,
            "Bearer zz",
            "Basic " + token,
            token)) {
      HttpRequest.Builder request =
          HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
      if (given != null) {
        request.header("Authorization", given);
      }
      HttpResponse<String> answer = send(request);
      problem(answer, 401);
      assertThat(answer.headers().firstValue("www-authenticate")).contains("Bearer");
      assertThat(answer.body()).doesNotContain(token);
    }
  }

  @Test
  void takesNoOrderWithoutTheToken() throws Exception {
    HttpRequest.Builder order =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/ops/desired/drain/test"))
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString("{}"));

    problem(send(order), 401);
    assertThat(list("desired")).isEmpty();
  }

  @Test
  void takesTheTokenInAnyCase() throws Exception {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + "/ops/limits"))
            .header("Authorization", "bEARER  " + token.toUpperCase());

    assertThat(send(request).statusCode()).isEqualTo(200);
  }

  @Test
  void keepsTheTokenInAFileOfItsOwner() throws Exception {
    assertThat(token).matches("[0-9a-f]{64}");
    assertThat(
            PosixFilePermissions.toString(
                Files.getPosixFilePermissions(harness.node().secrets().file(Secrets.OPERATOR))))
        .isEqualTo("rw-------");
  }

  @Test
  void refusesPagesOfOtherOrigins() throws Exception {
    String own = "http://127.0.0.1:" + port;
    assertThat(send(request("/ops/limits").header("Origin", own)).statusCode()).isEqualTo(200);
    for (String origin :
        new String[] {
          "null",
          "http://evil.example",
          "http://127.0.0.1",
          "http://127.0.0.1:1",
          "https://127.0.0.1:" + port,
          own + ".evil.example",
          "http://localhost:" + port,
          ""
        }) {
      problem(send(request("/ops/limits").header("Origin", origin)), 403);
    }
    problem(send(request("/ops/limits").header("Origin", own).header("Origin", "null")), 403);
  }

  @Test
  void refusesAPageThatANameFromOutsideLedHere() throws Exception {
    String page = "evil.example:" + port;

    assertThat(raw("GET /ops/limits", page, "origin: http://" + page)).startsWith("HTTP/1.1 403");
    String own = "localhost:" + port;
    assertThat(raw("GET /ops/limits", own, "origin: http://" + own)).startsWith("HTTP/1.1 200");
  }

  private String raw(String line, String host, String header) throws IOException {
    String request =
        "%s HTTP/1.1\r\nhost: %s\r\nauthorization: Bearer %s\r\nconnection: close\r\n%s\r\n\r\n"
            .formatted(line, host, token, header);
    return bytes(request);
  }

  private String bytes(String request) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(15_000);
      socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
      return new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"\0\1\r\n\r\n", "GET\r\n\r\n", "GET /ops HTTP/1.1\r\na b: c\r\n\r\n"})
  void answersWhatIsNoHttpWithAProblem(String request) throws Exception {
    assertThat(bytes(request))
        .matches("(?s)HTTP/1\\.[01] 400 .*")
        .contains("application/problem+json", "urn:starling:problem:malformed");
  }

  private static final class Lab extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(
          Operation.query("lab", "echo", Text.class, Text.class).open(), Future::succeededFuture);
    }
  }
}
