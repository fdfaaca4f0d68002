package dev.starling.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.starling.harness.Harness;
import dev.starling.runtime.DesiredState;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The gateway on a real port, spoken to byte by byte. */
class GatewayIT {
  private static final String HOST = " HTTP/1.1\r\nhost: x\r\n";
  private static final List<String> EVERYWHERE =
      List.of(
          "x-content-type-options: nosniff",
          "content-security-policy: default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
          "referrer-policy: no-referrer",
          "cross-origin-resource-policy: same-origin",
          "cache-control: no-store",
          "x-request-id: ");

  /** What scripts of all origins may read (Fetch, CORS-safelisted response-header name). */
  private static final List<String> UNASKED =
      List.of("cache-control", "content-length", "content-type");

  private final Shop shop = new Shop();
  private final Harness harness = Harness.start(shop);
  private int port;

  private void start(JsonObject config) {
    GatewayVerticle gateway = new GatewayVerticle();
    harness.deploy(gateway, new JsonObject().put("port", 0).mergeIn(config));
    port = gateway.port();
  }

  private void start(Map<Limit, Long> limits) {
    harness.node().options().limits().change(limits);
    start();
  }

  private void start() {
    start(new JsonObject());
  }

  @AfterEach
  void stop() {
    harness.close();
  }

  @Test
  @DisplayName("HT4 Default maxInitialLineLength, which is kept: refuses a long request line")
  void refusesALongRequestLine() throws Exception {
    start();

    assertProblem(once("GET /" + "a".repeat(5000) + HOST + "\r\n"), 414);
    assertProblem(once("G".repeat(100_000)), 414);
  }

  @Test
  @DisplayName("HT4 Default maxHeaderSize, which is kept: refuses large headers")
  void refusesLargeHeaders() throws Exception {
    start();

    assertProblem(once("GET /openapi.json" + HOST + "a: " + "b".repeat(9000) + "\r\n\r\n"), 431);
    assertProblem(once("GET /openapi.json" + HOST + "a: b\r\n".repeat(3000) + "\r\n"), 431);
    assertProblem(once("GET /openapi.json" + HOST + "a: " + "b".repeat(100_000)), 431);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "\0\1\2\3\r\n\r\n",
        "\u0016\u0003\u0001\u0002\u0000\u0001\r\n\r\n",
        "GET\r\n\r\n",
        "GET /openapi.json\r\n\r\n",
        "GET  HTTP/1.1\r\n\r\n",
        "GET /openapi.json HTTP/x\r\nhost: x\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nhost x\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nhost: x\r\na b: c\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nhost: x\r\na\0: c\r\n\r\n",
        "GET /openapi.json HTTP/1.1\r\nhost: x\r\na: b\0c\r\n\r\n",
        "POST /items HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        "POST /items HTTP/1.1\r\nhost: x\r\ncontent-length: 1x\r\n\r\n",
        "POST /items HTTP/1.1\r\nhost: x\r\ncontent-length: 99999999999999999999\r\n\r\n"
      })
  void refusesWhatIsNotHttp(String bytes) throws Exception {
    start();

    assertProblem(once(bytes), 400);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "content-length: 5\r\ncontent-length: 6\r\n",
        "content-length: 5\r\ncontent-length: 5\r\n",
        "content-length: 5, 6\r\n",
        "content-length: 5\r\ntransfer-encoding: chunked\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n",
        "transfer-encoding: chunked, identity\r\n",
        "transfer-encoding: xchunked\r\ncontent-length: 5\r\n",
        "transfer-encoding : chunked\r\n"
      })
  @DisplayName("HT7 refuses what two servers would read differently")
  void refusesWhatTwoServersWouldReadDifferently(String headers) throws Exception {
    start();
    String answers =
        once(
            "POST /items"
                + HOST
                + "content-type: application/json\r\n"
                + headers
                + "\r\n0\r\n\r\nGET /mine"
                + HOST
                + "connection: close\r\n\r\n");

    assertProblem(answers, 400);
    assertThat(answers).containsOnlyOnce("HTTP/1.1 ");
  }

  @Test
  @DisplayName("HT4 Default body limit: refuses a large body")
  void refusesALargeBody() throws Exception {
    start(Map.of(Limit.HTTP_BODY, 1_024L));
    String head = "POST /items" + HOST + "content-type: application/json\r\n";

    assertProblem(once(head + "content-length: 1025\r\n\r\n" + "a".repeat(1025)), 413);
    assertProblem(once(head + "content-length: 1000000000\r\n\r\n{"), 413);
    assertProblem(
        once(
            head
                + "transfer-encoding: chunked\r\n\r\n"
                + ("3c\r\n" + "a".repeat(60) + "\r\n").repeat(20)),
        413);
  }

  @Test
  @DisplayName("HT4 Default idleTimeout: closes a connection that drips its headers")
  void closesAConnectionThatDripsItsHeaders() throws Exception {
    start(Map.of(Limit.HTTP_HEADER, 500L));
    try (Line line = new Line(port)) {
      assertDropped(line, "GET /openapi.json HTTP/1.1\r\nhost: x\r\na: ");
    }
  }

  @Test
  void closesAConnectionThatDripsItsSecondHeaders() throws Exception {
    start(Map.of(Limit.HTTP_HEADER, 500L, Limit.HTTP_IDLE, 1000L));
    try (Line line = new Line(port)) {
      assertThat(line.send("GET /items/latest" + HOST + "\r\n").answer())
          .startsWith("HTTP/1.1 200");
      assertDropped(line, "GET /openapi.json HTTP/1.1\r\nhost: x\r\na: ");
    }
  }

  @Test
  @DisplayName("HT4 Default idleTimeout: answers a body that drips")
  void answersABodyThatDrips() throws Exception {
    start(Map.of(Limit.HTTP_HEADER, 500L, Limit.HTTP_BODY_TIMEOUT, 700L));
    try (Line line = new Line(port)) {
      line.send(
          "POST /items" + HOST + "content-type: application/json\r\ncontent-length: 9999\r\n\r\n");
      String answer = drip(line);
      assertProblem(answer, 408);
      assertThat(answer).contains("within 700 ms");
    }
  }

  @Test
  @DisplayName("HT4 Default idleTimeout: closes a connection that says nothing")
  void closesAConnectionThatSaysNothing() throws Exception {
    start(Map.of(Limit.HTTP_HEADER, 500L));
    try (Line line = new Line(port)) {
      assertThat(line.untilClosed()).isEmpty();
    }
  }

  @Test
  @DisplayName("HT4 Default idleTimeout: closes a connection that is idle")
  void closesAConnectionThatIsIdle() throws Exception {
    start(Map.of(Limit.HTTP_IDLE, 500L));
    try (Line line = new Line(port)) {
      assertThat(line.send("GET /items/latest" + HOST + "\r\n").answer())
          .startsWith("HTTP/1.1 200");
      assertThat(line.untilClosed()).isEmpty();
    }
  }

  @Test
  void keepsAConnectionThatIsUsed() throws Exception {
    start(Map.of(Limit.HTTP_HEADER, 300L));
    try (Line line = new Line(port)) {
      for (int i = 0; i < 3; i++) {
        assertThat(line.send("GET /slow/a" + HOST + "\r\n").answer()).startsWith("HTTP/1.1 200");
      }
    }
  }

  @Test
  void keepsAConnectionWhoseAnswerTakesLonger() throws Exception {
    start(Map.of(Limit.HTTP_HEADER, 100L, Limit.HTTP_IDLE, 100L));

    assertThat(get("/slow/a")).startsWith("HTTP/1.1 200");
  }

  @Test
  void givesACallAllTheTimeOfItsOperation() throws Exception {
    start();

    assertThat(body(send("POST", "/patient", "{\"text\":\"a\"}")).getInteger("limit"))
        .isBetween(590_000, 600_000);
  }

  @Test
  @DisplayName("HT4 has no more connections than it may")
  void hasNoMoreConnectionsThanItMay() throws Exception {
    start(Map.of(Limit.HTTP_CONNECTIONS, 2L));
    try (Line first = new Line(port)) {
      assertThat(first.send("GET /mine" + HOST + "\r\n").answer()).startsWith("HTTP/1.1 401");
      try (Line second = new Line(port)) {
        assertThat(second.send("GET /mine" + HOST + "\r\n").answer()).startsWith("HTTP/1.1 401");
        assertThat(once("GET /mine" + HOST + "\r\n")).isEmpty();
      }
      await().until(() -> get("/mine").contains(" 401 "));
    }
  }

  private static String sign(String headers, String body) {
    return "POST /guestbook/new"
        + HOST
        + "content-type: application/x-www-form-urlencoded\r\nconnection: close\r\n"
        + headers
        + "content-length: "
        + body.length()
        + "\r\n\r\n"
        + body;
  }

  @Test
  @DisplayName("HT5 TH8 pages get forms, the client's address, and the headers of all answers")
  void servesPages() throws Exception {
    start(new JsonObject().put("trusted-proxies", new JsonArray().add("127.0.0.0/8")));
    String answer = once(sign("x-forwarded-for: 192.0.2.7\r\n", "text=a%20%C3%A4+b"));

    assertThat(answer).startsWith("HTTP/1.1 200").contains(EVERYWHERE);
    assertThat(answer).endsWith("/guestbook/new 192.0.2.7 wrote a \u00c3\u00a4 b");
    assertThat(get("/guestbook")).endsWith("/guestbook 127.0.0.1 wrote null");
    assertThat(get("/guestbook/")).startsWith("HTTP/1.1 200");
    assertProblem(get("/guestbooks"), 404);
  }

  @Test
  @DisplayName("HT3 HT4 Default body limit: pages get no bodies but forms, and no large ones")
  void givesPagesNothingButForms() throws Exception {
    start();
    for (String type :
        List.of("application/json", "multipart/form-data; boundary=x", "text/plain", "")) {
      assertProblem(
          once(
              sign("", "{}")
                  .replace(
                      "content-type: application/x-www-form-urlencoded", "content-type: " + type)),
          415);
    }
    String most = ("text=" + "a".repeat(4_090) + "&").repeat(4);
    assertThat(most).hasSize(16_384);
    assertThat(once(sign("", most))).startsWith("HTTP/1.1 200");
    String large = once(sign("", most + "&"));
    assertProblem(large, 413);
    assertThat(large).contains("larger than 16384 bytes");
    assertProblem(once(sign("", "%zz=%")), 400);
  }

  @Test
  @DisplayName("HT4 Default BodyHandler uploads: nothing that is sent becomes a file")
  void keepsNoUploads() throws Exception {
    start();
    assertThat(once(sign("", "text=a"))).startsWith("HTTP/1.1 200");
    String upload =
        sign("", "--x\r\ncontent-disposition: form-data; name=a; filename=a\r\n\r\n{}\r\n--x--\r\n")
            .replace("application/x-www-form-urlencoded", "multipart/form-data; boundary=x");
    assertProblem(once(upload), 415);
    assertProblem(once(upload.replace("/guestbook/new", "/items")), 415);
    assertThat(Path.of(BodyHandler.DEFAULT_UPLOADS_DIRECTORY)).doesNotExist();
  }

  @Test
  @DisplayName("HT4 Default maxFormFields, which is kept: a form has 256 fields at most")
  void refusesFormsOfManyFields() throws Exception {
    start();
    assertThat(once(sign("", "a=b" + "&a=b".repeat(255)))).startsWith("HTTP/1.1 200");
    assertProblem(once(sign("", "a=b" + "&a=b".repeat(256))), 400);
  }

  @Test
  @DisplayName(
      "HT7 Default http2ClearTextEnabled: speaks no HTTP/2 in clear, neither by upgrade nor by"
          + " prior knowledge")
  void speaksNoHttp2InClear() throws Exception {
    start();
    try (Line line = new Line(port)) {
      line.send(
          "GET /items/latest"
              + HOST
              + "connection: upgrade, http2-settings\r\nupgrade: h2c\r\n"
              + "http2-settings: AAMAAABkAAQAAP__AAIAAAAA\r\n\r\n");
      assertThat(line.answer()).startsWith("HTTP/1.1 200");
    }
    assertThat(once("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"))
        .startsWith("HTTP/2.0 501");
  }

  @Test
  @DisplayName("HT4 a form has its time, and the smaller limit of two")
  void limitsForms() throws Exception {
    start(Map.of(Limit.HTTP_BODY_TIMEOUT, 700L, Limit.HTTP_BODY, 1_024L));
    assertProblem(once(sign("", "text=" + "a".repeat(1_020))), 413);
    try (Line line = new Line(port)) {
      line.send(sign("", "x".repeat(999)).replace("x".repeat(999), ""));
      assertProblem(drip(line), 408);
    }
  }

  @Test
  @DisplayName("HT6 what other origins may call does not make pages theirs")
  void letsNoOtherOriginReadPages() throws Exception {
    start(new JsonObject().put("cors", new JsonArray().add("https://app.example")));
    String answer = once(sign("origin: https://app.example\r\n", "text=a"));

    assertThat(answer.toLowerCase()).doesNotContain("access-control-");
  }

  @Test
  @DisplayName("AZ7 pages are not on the port for administration")
  void servesNoPagesToAdministrators() throws Exception {
    start(new JsonObject().put("administrative", true));

    assertProblem(get("/guestbook"), 404);
  }

  @Test
  void answersPipelinedRequestsInOrder() throws Exception {
    start();

    String answers =
        once("GET /slow/a" + HOST + "\r\nGET /items/latest" + HOST + "connection: close\r\n\r\n");

    assertThat(answers).containsSubsequence("{\"text\":\"a\"}", "\"latest\"");
  }

  @Test
  void answersWithoutABodyWhatHasNothingToSay() throws Exception {
    start();
    String answer = once("DELETE /drops/a" + HOST + "connection: close\r\n\r\n");

    assertThat(answer).startsWith("HTTP/1.1 204").endsWith("\r\n\r\n").contains(EVERYWHERE);
    assertThat(answer.toLowerCase()).doesNotContain("\ncontent-type:", "\ncontent-length:");
    JsonObject described =
        body(get("/openapi.json"))
            .getJsonObject("paths")
            .getJsonObject("/drops/{text}")
            .getJsonObject("delete")
            .getJsonObject("responses");
    assertThat(described.fieldNames()).contains("204").doesNotContain("200");
    assertThat(described.getJsonObject("204").containsKey("content")).isFalse();
  }

  @Test
  void answersHeadAsGetWithoutABody() throws Exception {
    start();

    String get = get("/items/latest");
    String head = once("HEAD /items/latest" + HOST + "connection: close\r\n\r\n");
    assertThat(head).startsWith("HTTP/1.1 200").endsWith("\r\n\r\n");
    assertThat(length(head)).isEqualTo(length(get)).isPositive();
    assertThat(once("HEAD /openapi.json" + HOST + "connection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200")
        .endsWith("\r\n\r\n");
  }

  @Test
  @DisplayName("AT5 names what caches may keep, and answers 304 to who has it")
  void answersNotModifiedToWhoHasIt() throws Exception {
    start();
    String whole = get("/items/latest");
    String tag = header(whole, "etag");
    assertThat(whole).startsWith("HTTP/1.1 200").contains("cache-control: public, max-age=60");
    assertThat(tag).matches("\"[A-Za-z0-9_-]{22}\"");
    assertThat(header(conditional("HEAD", "/items/latest", "\"a\""), "etag")).isEqualTo(tag);
    assertThat(conditional("GET", "/items/latest", "\"a\"")).endsWith(whole.split("\r\n\r\n")[1]);

    for (String method : List.of("GET", "HEAD")) {
      for (String named : List.of(tag, "W/" + tag, "*", "\"a\"\r\nif-none-match: " + tag)) {
        String known = conditional(method, "/items/latest", named);
        assertThat(known)
            .startsWith("HTTP/1.1 304")
            .endsWith("\r\n\r\n")
            .contains("etag: " + tag, "cache-control: public, max-age=60");
        assertThat(known.toLowerCase())
            .doesNotContain("\ncontent-type:", "\ncontent-length:", "\ntransfer-encoding:");
      }
    }
  }

  @Test
  @DisplayName("AT5 HT2 asks no tag of what no cache may keep, nor of a failure")
  void answersNotModifiedToNothingElse() throws Exception {
    start();
    String own = conditional("GET", "/items/a", "*");
    assertThat(own).startsWith("HTTP/1.1 200").contains("cache-control: no-store");
    assertThat(header(own, "etag")).isNull();
    assertProblem(conditional("GET", "/mine", "*"), 401);
    assertProblem(conditional("GET", "/items/latest?limit=1", "*"), 400);
  }

  @Test
  @DisplayName("AT5 a connection goes on after a 304")
  void goesOnAfterNotModified() throws Exception {
    start();
    try (Line line = new Line(port)) {
      String request = "GET /items/latest" + HOST + "if-none-match: *\r\n\r\n";
      assertThat(line.send(request).answer()).startsWith("HTTP/1.1 304");
      assertThat(line.send(request).answer()).startsWith("HTTP/1.1 304");
      assertThat(line.send("GET /items/latest" + HOST + "\r\n").answer())
          .startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void describesWhatCachesMayKeep() throws Exception {
    start();
    JsonObject responses =
        body(get("/openapi.json"))
            .getJsonObject("paths")
            .getJsonObject("/items/latest")
            .getJsonObject("get")
            .getJsonObject("responses");

    assertThat(responses.fieldNames()).contains("304");
    assertThat(responses.getJsonObject("200").getJsonObject("headers").fieldNames())
        .containsExactly("ETag");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "DELETE  | /items        | POST",
        "GET     | /items        | POST",
        "POST    | /items/latest | GET, HEAD, PUT",
        "TRACE   | /mine         | GET, HEAD",
        "OPTIONS | /mine         | GET, HEAD",
        "PATCH   | /mine         | GET, HEAD",
        "HACK    | /mine         | GET, HEAD",
        "POST    | /openapi.json | GET, HEAD"
      })
  @DisplayName("HT2 HT7 tells which methods are allowed")
  void tellsWhichMethodsAreAllowed(String method, String path, String allow) throws Exception {
    start();
    String answer = once(method + " " + path + HOST + "connection: close\r\n\r\n");

    assertProblem(answer, 405);
    assertThat(header(answer, "allow").split(", ")).containsExactlyInAnyOrder(allow.split(", "));
  }

  @Test
  @DisplayName("HT7 connects to nothing")
  void connectsToNothing() throws Exception {
    start();

    assertThat(once("CONNECT evil:80" + HOST + "connection: close\r\n\r\n"))
        .matches("(?s)HTTP/1.1 4.*");
  }

  @Test
  @DisplayName("HT7 overrides no method")
  void overridesNoMethod() throws Exception {
    start();

    assertProblem(
        once("GET /items" + HOST + "x-http-method-override: POST\r\nconnection: close\r\n\r\n"),
        405);
  }

  @ParameterizedTest
  @CsvSource({
    "/items/a?limit=5,a,5",
    "/items/a,a,-1",
    "/items/a%20b,a b,-1",
    "/items/a+b,a+b,-1",
    "/items/a%2Fb?sold=true,a/b,-1",
    "/items/%2e%2e%2fa,../a,-1",
    "/items/%C3%A4%F0%9F%98%80,\u00e4\ud83d\ude00,-1",
    "/items/%25,%,-1",
    "/items/%3Cb%3E,<b>,-1",
    "/items/latest,latest,0"
  })
  void makesMembersOfPathAndQuery(String path, String text, int limit) throws Exception {
    start();
    String answer = get(path);

    assertThat(answer).startsWith("HTTP/1.1 200");
    assertThat(body(answer)).isEqualTo(new JsonObject().put("text", text).put("limit", limit));
  }

  @ParameterizedTest
  @CsvSource({
    "/items/a?limit=5&limit=5,400",
    "/items/a?name=b,400",
    "/items/a?more=b,400",
    "/items/a?limit=,400",
    "/items/a?limit,400",
    "/items/a?limit=x,400",
    "/items/a?limit=5.0,400",
    "/items/a?limit=null,400",
    "/items/a?sold=yes,400",
    "/items/a?sold=%zz,400",
    "/items/a?%zz,400",
    "/items/a?limit=1%00,400",
    "/items/a%00,400",
    "/items/%,400",
    "/items/%zz,400",
    "/items/%C3,400",
    "/items/%ED%A0%80,400",
    "/items/%20,422",
    "/items/a?a%2Fb=1,400",
    "/nothing,404",
    "/items/a/b,404",
    "/../items/a/b,404"
  })
  void refusesAWrongAddress(String path, int status) throws Exception {
    start();

    assertProblem(get(path), status);
  }

  @Test
  void escapesThePointerOfARepeatedParameter() throws Exception {
    start();

    assertThat(body(get("/items/a?a%2Fb=1&a%2Fb=2")).getJsonArray("errors").getJsonObject(0))
        .isEqualTo(
            new JsonObject()
                .put("pointer", "/a~1b")
                .put("rule", "repeated")
                .put("detail", "is given more than once"));
  }

  @Test
  void joinsPathAndBody() throws Exception {
    start();
    String id = "8a9d2c38-4c0e-4e8e-9d7e-1f2a3b4c5d6e";

    assertThat(body(send("PUT", "/items/" + id, "{\"text\":\"a\"}")).getString("id")).isEqualTo(id);
    assertProblem(send("PUT", "/items/" + id, "{\"id\":\"" + id + "\"}"), 400);
    assertProblem(send("PUT", "/items/7", "{\"text\":\"a\"}"), 400);
    assertProblem(send("PUT", "/items/" + id, "{\"text\":\"" + "a".repeat(11) + "\"}"), 422);
    assertProblem(send("PUT", "/items/" + id, "[]"), 400);
    assertProblem(send("PUT", "/items/" + id, "{\"text\":1,\"text\":2}"), 400);
  }

  @Test
  void tellsWhereACreationIs() throws Exception {
    start();
    String answer = send("POST", "/items", "{\"text\":\"a b/\\u00e4\\r\\nset-cookie: c\"}");

    assertThat(answer).startsWith("HTTP/1.1 201");
    assertThat(header(answer, "location"))
        .isEqualTo("/items/a%20b%2F%C3%A4%0D%0Aset-cookie%3A%20c");
    assertThat(header(answer, "set-cookie")).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"\\ud800\":1}",
        "{\"\\u0000\":1}",
        "{\"\\r\\nset-cookie: a\":1}",
        "{\"text\":\"\\ud800\"}",
        "\ufffe",
        "{",
        "",
        "null"
      })
  @DisplayName("HT3 survives a hostile body")
  void survivesAHostileBody(String body) throws Exception {
    start();

    assertProblem(send("POST", "/items", body), 400);
    assertThat(get("/items/latest")).startsWith("HTTP/1.1 200");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "accept: text/html                                | 406",
        "accept: application/jsonx                        | 406",
        "accept: application/json;q=0                     | 406",
        "accept: text/html, */*;q=0.1                     | 200",
        "accept: application/json                         | 200",
        "accept: Application/JSON                         | 200",
        "accept: application/*                            | 200",
        "accept: text/html\\accept: application/json      | 200",
        "content-length: 0                                | 200"
      })
  void answersOnlyInWhatIsAccepted(String headers, int status) throws Exception {
    start();
    String answer =
        once(
            "GET /items/latest"
                + HOST
                + headers.replace("\\", "\r\n")
                + "\r\nconnection: close\r\n\r\n");

    assertThat(status(answer)).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "content-type: application/json                                  | 201",
        "content-type: Application/JSON; Charset=\"UTF-8\"               | 201",
        "content-type: application/json;charset=utf-8                    | 201",
        "content-type: application/json\\content-encoding: identity      | 201",
        "content-type: application/json;charset=utf-16                   | 415",
        "content-type: application/json;charset=iso-8859-1               | 415",
        "content-type: application/jsonp                                 | 415",
        "content-type: text/plain                                        | 415",
        "content-type: text/plain, application/json                      | 415",
        "content-type: application/x-www-form-urlencoded                 | 415",
        "content-type: multipart/form-data; boundary=x                   | 415",
        "content-type: ;                                                 | 415",
        "content-type: ;;;charset                                        | 415",
        "a: b                                                            | 415",
        "content-type: application/json\\content-encoding: gzip          | 415",
        "content-type: application/json\\content-encoding: br            | 415",
        "content-type: application/json\\content-encoding: identity\\content-encoding: gzip | 415"
      })
  @DisplayName("HT3 takes only JSON")
  void takesOnlyJson(String headers, int status) throws Exception {
    start();
    String body = "{\"text\":\"a\"}";
    String answer =
        once(
            "POST /items"
                + HOST
                + headers.replace("\\", "\r\n")
                + "\r\ncontent-length: "
                + body.length()
                + "\r\nconnection: close\r\n\r\n"
                + body);

    assertThat(status(answer)).isEqualTo(status);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a: b                                                | Bearer",
        "authorization: Basic YTpi                           | Bearer error=\"invalid_token\"",
        "authorization: Bearer                               | Bearer error=\"invalid_token\"",
        "authorization: Bearer a\\authorization: Bearer b    | Bearer error=\"invalid_token\"",
        "authorization: Bearer a.b.c                         | Bearer error=\"invalid_token\"",
        "authorization: bearer \u00e4                        | Bearer error=\"invalid_token\""
      })
  void asksForAToken(String headers, String challenge) throws Exception {
    start();
    String answer =
        once("GET /mine" + HOST + headers.replace("\\", "\r\n") + "\r\nconnection: close\r\n\r\n");

    assertProblem(answer, 401);
    assertThat(header(answer, "www-authenticate")).isEqualTo(challenge);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "a: b                                                   | key null",
        "idempotency-key: 8e03978e-40d5-43dd-bc93-6894a57f9324  | key 8e03978e-40d5-43dd-bc93-6894a57f9324",
        "Idempotency-Key: \"8e03978e\"                          | key 8e03978e",
        "idempotency-key: \"a,\\\"b\\\\\"                        | key a,\"b\\",
        "idempotency-key: a+/=;b                                | key a+/=;b"
      })
  void handsOnAnIdempotencyKey(String header, String key) throws Exception {
    start();

    assertThat(body(order(header)).getString("text")).isEqualTo(key);
  }

  private String order(String headers) throws IOException {
    return once(
        "POST /orders"
            + HOST
            + "content-type: application/json\r\ncontent-length: 12\r\n"
            + headers
            + "\r\nconnection: close\r\n\r\n{\"text\":\"a\"}");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "idempotency-key:",
        "idempotency-key: \"\"",
        "idempotency-key: a b",
        "idempotency-key: \"a b\"",
        "idempotency-key: a,b",
        "idempotency-key: \"a",
        "idempotency-key: a\"",
        "idempotency-key: \"a\\b\"",
        "idempotency-key: \"a\";b=c",
        "idempotency-key: \u00e4",
        "idempotency-key: a\r\nidempotency-key: a",
        "idempotency-key: LONG"
      })
  void refusesAnIdempotencyKeyThatIsNone(String header) throws Exception {
    start();

    String answer = order(header.replace("LONG", "k".repeat(256)));
    assertProblem(answer, 400);
    JsonObject error = body(answer).getJsonArray("errors").getJsonObject(0);
    assertThat(error.getString("rule")).isEqualTo("idempotency-key");
    assertThat(error.getString("detail")).contains("Idempotency-Key");
  }

  @Test
  void takesTheLongestIdempotencyKeyInEitherForm() throws Exception {
    start();
    String longest = "k".repeat(255);

    assertThat(order("idempotency-key: " + longest)).contains("key " + longest);
    assertThat(order("idempotency-key: \"" + longest + "\"")).contains("key " + longest);
  }

  @Test
  void ignoresAnIdempotencyKeyWhereItMeansNothing() throws Exception {
    start();

    assertThat(
            once("GET /items/latest" + HOST + "idempotency-key: a b\r\nconnection: close\r\n\r\n"))
        .startsWith("HTTP/1.1 200");
  }

  @Test
  void describesTheIdempotencyKeyWhereItMeansSomething() throws Exception {
    start();
    JsonObject paths = body(get("/openapi.json")).getJsonObject("paths");

    JsonObject key =
        paths
            .getJsonObject("/orders")
            .getJsonObject("post")
            .getJsonArray("parameters")
            .getJsonObject(0);
    assertThat(key.getString("name")).isEqualTo("Idempotency-Key");
    assertThat(key.getString("in")).isEqualTo("header");
    assertThat(key.getBoolean("required")).isFalse();
    assertThat(paths.getJsonObject("/items").getJsonObject("post").encode())
        .doesNotContain("Idempotency-Key");
  }

  @Test
  @DisplayName("HT8 takes no token from the address")
  void takesNoTokenFromTheAddress() throws Exception {
    start();

    assertProblem(get("/mine?access_token=a.b.c"), 401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET http://x/nothing HTTP/1.1\r\nhost: x\r\n",
        "GET /nothing HTTP/1.1\r\n",
        "GET /nothing HTTP/1.1\r\nhost: x\r\nhost: y\r\n",
        "GET /nothing HTTP/1.1\r\nhost: \u00e4 ://\r\n",
        "GET /nothing HTTP/1.0\r\n",
        "GET nothing HTTP/1.1\r\nhost: x\r\n",
        "GET //nothing HTTP/1.1\r\nhost: x\r\n",
        "GET /nothing/../.. HTTP/1.1\r\nhost: x\r\n",
        "GET /%2e%2e/%zz HTTP/1.1\r\nhost: x\r\n",
        "GET /\\nothing HTTP/1.1\r\nhost: x\r\n",
        "GET /no\u00e4thing HTTP/1.1\r\nhost: x\r\n",
        "GET ?nothing HTTP/1.1\r\nhost: x\r\n",
        "GET # HTTP/1.1\r\nhost: x\r\n",
        "OPTIONS * HTTP/1.1\r\nhost: x\r\n",
        "GET /nothing HTTP/1.1\r\nhost: x\r\nupgrade: h2c\r\nhttp2-settings: AAMAAABk\r\n",
        "GET /nothing HTTP/1.1\r\nhost: x\r\nupgrade: websocket\r\n",
        "GET /nothing HTTP/1.1\r\nhost: x\r\nexpect: nothing\r\n",
        "GET /nothing HTTP/1.1\r\nhost: x\r\ncookie: ;;;=\r\n"
      })
  @DisplayName("HT1 answers an odd request with a problem")
  void answersAnOddRequestWithAProblem(String request) throws Exception {
    start();
    String answer = once(request + "connection: close\r\n\r\n");

    assertThat(status(answer)).isBetween(400, 499);
    assertProblem(answer, status(answer));
  }

  @Test
  @DisplayName("HT5 sends its headers with every answer")
  void sendsItsHeadersWithEveryAnswer() throws Exception {
    start();

    for (String answer :
        List.of(
            get("/openapi.json"),
            get("/items/a"),
            get("/items/%"),
            get("/items/%20"),
            get("/nothing"),
            get("/mine"),
            send("POST", "/mine", ""),
            send("POST", "/items", "{}"),
            once("\0\r\n\r\n"))) {
      assertThat(answer.substring(0, answer.indexOf("\r\n\r\n"))).contains(EVERYWHERE);
      assertThat(answer.toLowerCase(java.util.Locale.ROOT))
          .doesNotContain("\r\nserver:", "\r\nx-powered-by:", "strict-transport", "vert.x");
    }
    assertThat(header(get("/items/latest"), "cache-control")).isEqualTo("public, max-age=60");
  }

  @Test
  void namesEachRequestAnew() throws Exception {
    start();
    String first = get("/nothing");
    String second = get("/nothing");

    assertThat(header(first, "x-request-id"))
        .matches("[0-9a-f]{32}")
        .isNotEqualTo(header(second, "x-request-id"));
    assertThat(body(first).getString("instance")).endsWith(header(first, "x-request-id"));
  }

  @Test
  @DisplayName("HT6 tells no other origin anything unless told to")
  void tellsNoOtherOriginAnythingUnlessToldTo() throws Exception {
    start();

    assertThat(from("https://good.example")).doesNotContainIgnoringCase("access-control");
    assertThat(preflight("https://good.example")).doesNotContainIgnoringCase("access-control");
  }

  @Test
  void sharesItsAnswersWithTheOriginsItWasTold() throws Exception {
    start(new JsonObject().put("cors", new JsonArray().add("https://good.example")));

    String answer = from("https://good.example");
    assertThat(status(answer)).isEqualTo(200);
    assertThat(header(answer, "access-control-allow-origin")).isEqualTo("https://good.example");
    assertThat(header(answer, "vary")).isEqualTo("origin");
    assertThat(header(get("/items/latest"), "vary")).isEqualTo("origin");
    assertThat(header(answer, "access-control-allow-credentials")).isNull();
    assertThat(header(preflight("https://good.example"), "access-control-allow-methods"))
        .contains("POST", "PUT", "PATCH", "DELETE");
    assertThat(header(preflight("https://good.example"), "access-control-allow-headers"))
        .containsIgnoringCase("idempotency-key");
  }

  @Test
  @DisplayName(
      "AT5 TH11 pages of those origins may read what answers say in headers, and answer it")
  void letsThoseOriginsReadItsHeaders() throws Exception {
    String origin = "https://good.example";
    start(new JsonObject().put("cors", new JsonArray().add(origin)));
    String request = HOST + "origin: " + origin + "\r\nconnection: close\r\n";
    String kept = once("GET /items/latest" + request + "\r\n");
    String created =
        once(
            "POST /items"
                + request
                + "content-type: application/json\r\ncontent-length: 12\r\n\r\n{\"text\":\"a\"}");
    List<String> all =
        List.of(
            kept,
            created,
            once("GET /later" + request + "\r\n"),
            once("GET /mine" + request + "\r\n"),
            once("DELETE /items" + request + "\r\n"));
    String known =
        once("GET /items/latest" + request + "if-none-match: " + header(kept, "etag") + "\r\n\r\n");

    assertThat(all).extracting(GatewayIT::status).containsExactly(200, 201, 429, 401, 405);
    assertThat(status(known)).isEqualTo(304);
    for (String answer : Stream.concat(all.stream(), Stream.of(known)).toList()) {
      assertThat(header(answer, "access-control-allow-origin")).isEqualTo(origin);
      List<String> readable = new ArrayList<>(UNASKED);
      readable.addAll(List.of(header(answer, "access-control-expose-headers").split(", *")));
      assertThat(readable).containsAll(names(answer));
    }
    assertThat(header(preflight(origin), "access-control-allow-headers").toLowerCase())
        .contains("authorization", "content-type", "idempotency-key", "if-none-match", "prefer");
  }

  /** Names of the headers of an answer, but those that are for the browser itself. */
  private static List<String> names(String answer) {
    return answer
        .substring(0, answer.indexOf("\r\n\r\n"))
        .lines()
        .skip(1)
        .map(line -> line.substring(0, line.indexOf(':')).toLowerCase())
        .filter(
            name ->
                !name.matches("access-control-.*|vary|connection|.*-policy|x-content-type-options"))
        .toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "null",
        "*",
        "http://good.example",
        "https://good.example:8443",
        "https://good.example.evil.example",
        "https://evil.example/https://good.example",
        "https://goodxexample",
        "https://sub.good.example",
        "https://good.example@evil.example",
        "HTTPS://good.example.",
        "x"
      })
  @DisplayName("HT6 shares its answers with no other origin")
  void sharesItsAnswersWithNoOtherOrigin(String origin) throws Exception {
    start(new JsonObject().put("cors", new JsonArray().add("https://good.example")));

    assertThat(header(from(origin), "access-control-allow-origin")).isNull();
    assertThat(header(preflight(origin), "access-control-allow-origin")).isNull();
  }

  @Test
  void leavesARouteToTheServiceThatHadItFirst() throws Exception {
    start();
    harness.deploy(rogue("rogue", "/items/{text}"), new JsonObject());
    harness.deploy(rogue("other", "/elsewhere/{text}"), new JsonObject());
    await().until(() -> get("/elsewhere/a").contains("other"));

    assertThat(body(get("/items/a")).getString("text")).isEqualTo("a");
    assertThat(body(get("/openapi.json")).getJsonObject("paths").fieldNames())
        .doesNotContain("/items/{text}");
  }

  @Test
  void leavesAPinnedPrefixToItsService() throws Exception {
    start(new JsonObject().put("routes", new JsonArray().add("/secure=safe")));
    harness.deploy(rogue("rogue", "/secure/{text}"), new JsonObject());
    harness.deploy(rogue("other", "/elsewhere/{text}"), new JsonObject());
    await().until(() -> get("/elsewhere/a").contains("other"));
    assertProblem(get("/secure/a"), 404);

    harness.deploy(rogue("safe", "/secure/{text}"), new JsonObject());
    await().until(() -> get("/secure/a").contains("safe"));
  }

  @Test
  void complainsOfNoClientThatResetsItsConnection() throws Exception {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    Logger gateway = (Logger) LoggerFactory.getLogger(GatewayVerticle.class);
    Logger vertx = (Logger) LoggerFactory.getLogger("io.vertx");
    gateway.setLevel(Level.DEBUG);
    gateway.addAppender(logged);
    vertx.addAppender(logged);
    try {
      start();
      Line line = new Line(port);
      line.send("GET /items/latest" + HOST + "\r\n").answer();
      line.reset();

      await().until(() -> !logged.list.isEmpty());
      assertThat(logged.list).extracting(ILoggingEvent::getLevel).containsOnly(Level.DEBUG);
    } finally {
      gateway.setLevel(null);
      gateway.detachAppender(logged);
      vertx.detachAppender(logged);
    }
  }

  @Test
  void leavesToPagesWhatIsBelowTheirPath() throws Exception {
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    ((Logger) LoggerFactory.getLogger(RouteTable.class)).addAppender(logged);
    start(new JsonObject().put("routes", new JsonArray().add("/guestbook/=rogue")));
    harness.deploy(rogue("rogue", "/guestbook/{text}"), new JsonObject());
    harness.deploy(rogue("root", "/guestbook"), new JsonObject());
    harness.deploy(rogue("other", "/guestbooks/{text}"), new JsonObject());
    await().until(() -> get("/guestbooks/a").contains("other"));

    assertThat(get("/guestbook/a")).endsWith("/guestbook/a 127.0.0.1 wrote null");
    assertThat(get("/guestbook")).endsWith("/guestbook 127.0.0.1 wrote null");
    assertThat(body(get("/openapi.json")).getJsonObject("paths").fieldNames())
        .contains("/guestbooks/{text}")
        .doesNotContain("/guestbook", "/guestbook/{text}");
    assertThat(logged.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .containsExactlyInAnyOrder(
            "rogue.take is not given GET /guestbook/{}: it belongs to the pages at /guestbook",
            "root.take is not given GET /guestbook: it belongs to the pages at /guestbook");
  }

  @Test
  void givesThePathOfPagesAwayWhenTheyAreOff() throws Exception {
    start(new JsonObject().put("pages", false));
    assertProblem(get("/guestbook"), 404);

    harness.deploy(rogue("rogue", "/guestbook/{text}"), new JsonObject());
    await().until(() -> get("/guestbook/a").contains("rogue"));
    assertProblem(get("/guestbook"), 404);
  }

  @Test
  void answersForAServiceThatIsAwayWith503() throws Exception {
    ServiceVerticle rogue = rogue("other", "/elsewhere/{text}");
    start();
    harness.deploy(rogue, new JsonObject());
    await().until(() -> get("/elsewhere/a").contains("other"));
    Harness.await(harness.vertx().undeploy(rogue.deploymentID()));

    String answer = get("/elsewhere/a");
    assertProblem(answer, 503);
    assertThat(header(answer, "retry-after")).isEqualTo("1");
    assertThat(body(get("/openapi.json")).getJsonObject("paths").fieldNames())
        .doesNotContain("/elsewhere/{text}");
  }

  @Test
  void finishesWhatIsInFlightWhenItStops() throws Exception {
    GatewayVerticle gateway = new GatewayVerticle();
    String id = harness.deploy(gateway, new JsonObject().put("port", 0));
    port = gateway.port();
    try (Line line = new Line(port)) {
      line.send("GET /items/latest" + HOST + "\r\n").answer();
      line.send("GET /slow/a" + HOST + "\r\n");
      await().until(() -> shop.slow.get() == 1);
      Future<Void> stopped = harness.vertx().undeploy(id);

      assertThat(line.answer()).startsWith("HTTP/1.1 200");
      Harness.await(stopped);
      assertThat(line.untilClosed()).isEmpty();
    }
  }

  @Test
  void describesEveryRoute() throws Exception {
    start();
    JsonObject document = body(get("/openapi.json"));
    JsonObject paths = document.getJsonObject("paths");

    assertThat(paths.fieldNames())
        .containsExactlyInAnyOrder(
            "/items/{name}",
            "/items/latest",
            "/items/{id}",
            "/items",
            "/orders",
            "/mine",
            "/slow/{text}",
            "/drops/{text}",
            "/patient",
            "/whence",
            "/later");
    assertThat(paths.getJsonObject("/items").fieldNames()).containsExactly("post");
    assertThat(
            paths
                .getJsonObject("/items")
                .getJsonObject("post")
                .getJsonObject("responses")
                .fieldNames())
        .contains("201", "400", "422", "503", "default");
    assertThat(paths.getJsonObject("/mine").getJsonObject("get").getJsonArray("security"))
        .isNotEmpty();
    assertThat(paths.getJsonObject("/items").getJsonObject("post").containsKey("security"))
        .isFalse();
    assertReferencesResolve(document, document);
    for (Map.Entry<String, Object> path : paths) {
      for (Map.Entry<String, Object> operation : (JsonObject) path.getValue()) {
        assertParametersDeclared(path.getKey(), (JsonObject) operation.getValue());
      }
    }
  }

  private static void assertParametersDeclared(String path, JsonObject operation) {
    JsonArray parameters = operation.getJsonArray("parameters", new JsonArray());
    JsonObject body =
        operation
            .getJsonObject("requestBody", new JsonObject())
            .getJsonObject("content", new JsonObject())
            .getJsonObject("application/json", new JsonObject())
            .getJsonObject("schema", new JsonObject());
    List<String> inPath =
        java.util.regex.Pattern.compile("\\{(.*?)}")
            .matcher(path)
            .results()
            .map(m -> m.group(1))
            .toList();
    assertThat(parameters.stream().map(JsonObject.class::cast))
        .filteredOn(p -> p.getString("in").equals("path"))
        .allMatch(p -> p.getBoolean("required"))
        .allMatch(p -> p.getJsonObject("schema").containsKey("type"))
        .extracting(p -> p.getString("name"))
        .containsExactlyElementsOf(inPath);
    for (String name : inPath) {
      assertThat(body.getJsonObject("properties", new JsonObject()).containsKey(name)).isFalse();
      assertThat(body.getJsonArray("required", new JsonArray()).contains(name)).isFalse();
    }
  }

  private static void assertReferencesResolve(JsonObject root, Object part) {
    if (part instanceof JsonArray array) {
      array.forEach(p -> assertReferencesResolve(root, p));
    } else if (part instanceof JsonObject object) {
      if (object.getValue("$ref") instanceof String reference) {
        assertThat(reference).startsWith("#/");
        Object found = root;
        for (String step : reference.substring(2).split("/")) {
          assertThat(found).describedAs(reference).isInstanceOf(JsonObject.class);
          found = ((JsonObject) found).getValue(step.replace("~1", "/").replace("~0", "~"));
        }
        assertThat(found).describedAs(reference).isNotNull();
      }
      object.forEach(p -> assertReferencesResolve(root, p.getValue()));
    }
  }

  private static ServiceVerticle rogue(String service, String path) {
    Operation<Shop.Item, Shop.Item> take =
        Operation.query(service, "take", Shop.Item.class, Shop.Item.class)
            .at(HttpMethod.GET, path)
            .open();
    return new ServiceVerticle() {
      @Override
      protected void operations() {
        handle(take, item -> Future.succeededFuture(new Shop.Item(service)));
      }
    };
  }

  @Test
  void sendsClientsElsewhereWhileItsNodeIsDrained() throws Exception {
    start();
    String request = "GET /items/latest" + HOST + "\r\n";
    try (Line line = new Line(port)) {
      assertThat(header(line.send(request).answer(), "connection")).isNull();
      order(desired -> desired.put("drain/test", Buffer.buffer("{}"), null, "ada"));
      await().until(() -> harness.node().directory().announcements().isEmpty());

      String last = line.send(request).untilClosed();

      assertThat(status(last)).isEqualTo(503);
      assertThat(header(last, "connection")).isEqualTo("close");
    }
    order(desired -> desired.remove("drain/test", "ada"));
    try (Line line = new Line(port)) {
      await().until(() -> status(line.send(request).answer()) == 200);
      assertThat(header(line.send(request).answer(), "connection")).isNull();
    }
  }

  private void order(Function<DesiredState, Future<?>> order) {
    Harness.await(order.apply(harness.node().desired()));
  }

  private String forwarded(String field) throws IOException {
    String answer = once("GET /whence" + HOST + field + "connection: close\r\n\r\n");
    return body(answer).getString("text");
  }

  @Test
  @DisplayName("TH8 an operation learns the address of the client, which no client can choose")
  void tellsWhoseRequestItIs() throws Exception {
    start();

    assertThat(forwarded("")).isEqualTo("127.0.0.1");
    assertThat(forwarded("x-forwarded-for: 192.0.2.1\r\n")).isEqualTo("127.0.0.1");
    assertThat(forwarded("source: 192.0.2.1\r\nx-user-id: 1\r\n")).isEqualTo("127.0.0.1");
  }

  @Test
  @DisplayName("TH8 behind a proxy that is trusted it is what that proxy says")
  void believesAProxyThatIsTrusted() throws Exception {
    start(new JsonObject().put("trusted-proxies", new JsonArray().add("127.0.0.0/8")));

    assertThat(forwarded("x-forwarded-for: 192.0.2.1\r\n")).isEqualTo("192.0.2.1");
    assertThat(forwarded("x-forwarded-for: 192.0.2.1\r\nx-forwarded-for: 192.0.2.2\r\n"))
        .isEqualTo("192.0.2.2");
    assertThat(forwarded("x-forwarded-for: 192.0.2.1, nobody\r\n")).isEqualTo("127.0.0.1");
  }

  @Test
  @DisplayName("TH11 a refusal says over HTTP when to come again")
  void saysWhenToComeAgain() throws Exception {
    start();

    String answer = get("/later");
    assertProblem(answer, 429);
    assertThat(answer.toLowerCase(java.util.Locale.ROOT)).contains("retry-after: 77\r\n");
    assertThat(body(answer).getInteger("retryAfter")).isEqualTo(77);
  }

  private String once(String bytes) throws IOException {
    try (Line line = new Line(port)) {
      return line.send(bytes).untilClosed();
    }
  }

  private String get(String path) throws IOException {
    return once("GET " + path + HOST + "connection: close\r\n\r\n");
  }

  private String conditional(String method, String path, String named) throws IOException {
    return once(
        method + " " + path + HOST + "if-none-match: " + named + "\r\nconnection: close\r\n\r\n");
  }

  private String send(String method, String path, String body) throws IOException {
    byte[] bytes = body.getBytes(java.nio.charset.StandardCharsets.UTF_8);
    return once(
        method
            + " "
            + path
            + HOST
            + "content-type: application/json\r\nconnection: close\r\ncontent-length: "
            + bytes.length
            + "\r\n\r\n"
            + new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1));
  }

  private String from(String origin) throws IOException {
    return once("GET /items/a" + HOST + "origin: " + origin + "\r\nconnection: close\r\n\r\n");
  }

  private String preflight(String origin) throws IOException {
    return once(
        "OPTIONS /items"
            + HOST
            + "origin: "
            + origin
            + "\r\naccess-control-request-method: POST\r\nconnection: close\r\n\r\n");
  }

  /** Sends a byte every 100 ms until the server has had enough. */
  private String drip(Line line) throws IOException {
    long timer =
        harness
            .vertx()
            .setPeriodic(
                100,
                t ->
                    harness
                        .vertx()
                        .executeBlocking(() -> line.send("a"))
                        .onFailure(e -> harness.vertx().cancelTimer(t)));
    try {
      return line.untilClosed();
    } finally {
      harness.vertx().cancelTimer(timer);
    }
  }

  private void assertDropped(Line line, String begin) throws IOException {
    line.send(begin);
    long start = System.nanoTime();
    assertThat(drip(line)).isEmpty();
    assertThat(Duration.ofNanos(System.nanoTime() - start)).isLessThan(Duration.ofSeconds(14));
  }

  private static void assertProblem(String answer, int status) {
    assertThat(status(answer)).describedAs(answer).isEqualTo(status);
    String head = answer.substring(0, answer.indexOf("\r\n\r\n"));
    assertThat(head).contains("content-type: application/problem+json").contains(EVERYWHERE);
    JsonObject problem = body(answer);
    assertThat(problem.getInteger("status")).isEqualTo(status);
    assertThat(problem.getString("type")).startsWith("urn:starling:problem:");
    assertThat(problem.getString("detail")).isNotBlank();
    assertThat(problem.encode()).doesNotContain("Exception", "io.vertx", "java.", "netty");
  }

  private static int status(String answer) {
    assertThat(answer).startsWith("HTTP/1.");
    return Integer.parseInt(answer.substring(9, 12));
  }

  private static JsonObject body(String answer) {
    byte[] bytes =
        answer
            .substring(answer.indexOf("\r\n\r\n") + 4)
            .getBytes(java.nio.charset.StandardCharsets.ISO_8859_1);
    return new JsonObject(new String(bytes, java.nio.charset.StandardCharsets.UTF_8));
  }

  private static int length(String answer) {
    return Integer.parseInt(header(answer, "content-length"));
  }

  private static String header(String answer, String name) {
    for (String line : answer.substring(0, answer.indexOf("\r\n\r\n")).split("\r\n")) {
      if (line.toLowerCase(java.util.Locale.ROOT).startsWith(name + ": ")) {
        return line.substring(name.length() + 2);
      }
    }
    return null;
  }
}
