package dev.starling.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Membership;
import dev.starling.runtime.Node;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.Json;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.openapi.contract.OpenAPIContract;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What an operator sees of the flock, on a node with one service and real meters. */
@Timeout(60)
class FlockOpsIT {
  record Text(String text) {}

  private static final Operation<Text, Text> ECHO =
      Operation.query("lab", "echo", Text.class, Text.class)
          .at(io.vertx.core.http.HttpMethod.GET, "/echo/{text}")
          .open();

  /** Gives back what it is given, and fails at "no". */
  private static final class Lab extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(
          ECHO,
          request ->
              switch (request.text()) {
                case "no" -> Future.failedFuture(new ServiceException(ErrorCode.CONFLICT, "No"));
                case "broken" -> Future.failedFuture(new ServiceException(ErrorCode.INTERNAL, "!"));
                default -> Future.succeededFuture(request);
              });
    }
  }

  @TempDir private Path secrets;

  private final Vertx vertx = Vertx.vertx();
  private final HttpClient http = HttpClient.newHttpClient();
  private final OperatorVerticle operator = new OperatorVerticle();
  private Node node;
  private String token;

  @BeforeEach
  void start() throws Exception {
    node =
        Node.join(
                vertx,
                new Node.Options(
                    "n1", "i", "a", "user.keys", "", 1, Limits.standard(), false, Call::newTrace),
                Membership.alone("1"),
                Secrets.in(secrets, true),
                Meters.create(),
                getClass().getClassLoader())
            .await();
    JsonObject setting =
        new JsonObject()
            .put("key", "node.name")
            .put("value", "n1")
            .put("origin", "environment STARLING_NODE_NAME")
            .put("default", "")
            .put("meaning", "Its name");
    JsonObject config =
        new JsonObject().put("port", 0).put("settings", new JsonArray().add(setting));
    vertx.deployVerticle(operator, new DeploymentOptions().setConfig(config)).await();
    vertx.deployVerticle(new Lab()).await();
    token = Files.readString(secrets.resolve(Secrets.OPERATOR));
  }

  @AfterEach
  void stop() {
    vertx.close().await();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + operator.port() + path))
        .header("Authorization", "Bearer " + token);
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return http.send(request.build(), BodyHandlers.ofString());
  }

  private JsonObject get(String view) throws Exception {
    HttpResponse<String> answer = send(request("/ops/" + view));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body());
  }

  private static Stream<JsonObject> each(JsonArray list) {
    return list.stream().map(JsonObject.class::cast);
  }

  private JsonObject call(String body) throws Exception {
    return post("/ops/calls", body);
  }

  private JsonObject post(String path, String body) throws Exception {
    HttpResponse<String> answer =
        send(
            request(path)
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofString(body)));
    return new JsonObject(answer.body()).put("http", answer.statusCode());
  }

  private JsonObject echo(String text) throws Exception {
    return call("{\"operation\":\"lab.echo\",\"request\":{\"text\":\"" + text + "\"}}");
  }

  @Test
  void saysInOneSentenceThatAllIsWell() throws Exception {
    await()
        .untilAsserted(
            () ->
                assertThat(get("status").getString("sentence"))
                    .isEqualTo("1 node, 1 service, all healthy"));
    assertThat(get("status").getString("state")).isEqualTo("healthy");
    assertThat(get("status").getJsonArray("findings")).isEmpty();
  }

  @Test
  void saysFirstWhatIsWrong() throws Exception {
    node.health().register("database", () -> Future.failedFuture("it is away"));
    await()
        .untilAsserted(
            () ->
                assertThat(get("status").getString("sentence"))
                    .isEqualTo("n1: is not ready: database, it is away"));
    node.health().remove("database");

    order("PUT", "breaker/lab@n1", "{\"state\":\"open\"}");
    await()
        .untilAsserted(
            () ->
                assertThat(get("status").getString("sentence"))
                    .startsWith("lab on n1: breaker open at n1, an operator opened it"));
    assertThat(get("status").getString("state")).isEqualTo("degraded");
    JsonObject breaker = get("breakers").getJsonArray("breakers").getJsonObject(0);
    assertThat(breaker.getString("state") + " " + breaker.getString("wish")).isEqualTo("open open");
    assertThat(breaker.getJsonArray("by").getJsonObject(0).getString("node")).isEqualTo("n1");

    order("PUT", "drain/n1", "{}");
    await()
        .until(
            () ->
                each(get("status").getJsonArray("findings"))
                    .anyMatch(f -> f.getString("text").equals("is drained by an operator")));
    assertThat(
            each(get("events").getJsonArray("events"))
                .map(
                    e ->
                        e.getString("subject")
                            + " "
                            + e.getString("text")
                            + " "
                            + e.getString("by")))
        .contains(
            "lab@n1 published null", "lab@n1 open: an operator opened it null", "n1 drains null")
        .anyMatch(
            e -> e.startsWith("drain/n1 is to be {}") && e.endsWith(" operator from 127.0.0.1"));
  }

  /** Its breaker does not open, since there is nobody to do without it. */
  @Test
  void saysThatAllCallsFailAlsoWhereNoBreakerOpens() throws Exception {
    for (int i = 0; i < 12; i++) {
      assertThat(echo("no").getInteger("status")).isEqualTo(409);
    }
    await().untilAsserted(() -> assertThat(lately()).isNotNull());
    assertThat(get("status").getString("state")).isEqualTo("healthy");
    for (int i = 0; i < 30; i++) {
      assertThat(echo("broken").getInteger("status")).isEqualTo(500);
    }
    await()
        .untilAsserted(
            () ->
                assertThat(get("status").getString("sentence"))
                    .matches(
                        "lab: [5-9][0-9] % of the calls of echo fail \\(30 of [0-9]+ in 10 s,"
                            + " internal\\); there is no other instance to call"));
    JsonObject breaker = get("breakers").getJsonArray("breakers").getJsonObject(0);
    assertThat(breaker.getString("state")).isEqualTo("closed");
    assertThat(breaker.getJsonArray("by").getJsonObject(0).getString("trail")).matches("[.]*x{30}");
  }

  @Test
  void saysWhatTheTokenMayDoAndWhatTheNodeWasConfiguredWith() throws Exception {
    assertThat(get("role"))
        .isEqualTo(new JsonObject().put("role", "operator").put("faults", false));
    assertThat(get("configuration").getJsonArray("settings").getJsonObject(0).getString("origin"))
        .isEqualTo("environment STARLING_NODE_NAME");
    token = Files.readString(secrets.resolve(Secrets.VIEWER));
    assertThat(get("role").getString("role")).isEqualTo("viewer");
  }

  private void order(String method, String path, String body) throws Exception {
    assertThat(
            send(request("/ops/desired/" + path)
                    .header("Content-Type", "application/json")
                    .method(method, BodyPublishers.ofString(body)))
                .statusCode())
        .isEqualTo(200);
  }

  @Test
  void showsNodesAndServicesWithWhatTheyDidLately() throws Exception {
    for (int i = 0; i < 20; i++) {
      assertThat(echo(i < 15 ? "a" : "no").getInteger("status")).isEqualTo(i < 15 ? 200 : 409);
    }
    await()
        .untilAsserted(
            () -> {
              JsonObject lately = lately();
              assertThat(lately).isNotNull();
              assertThat(lately.getDouble("rate") * lately.getInteger("seconds"))
                  .isBetween(19.9, 20.1);
              assertThat(lately.getJsonObject("failures"))
                  .isEqualTo(new JsonObject().put("conflict", 5));
              assertThat(lately.getDouble("p50")).isBetween(0.0, lately.getDouble("p99"));
              assertThat(lately.getDouble("max")).isLessThan(10_000);
            });
    JsonObject service = get("services").getJsonArray("services").getJsonObject(0);
    assertThat(service.getJsonArray("instances").getJsonObject(0).getString("instance"))
        .isEqualTo("lab@n1");
    assertThat(service.getJsonArray("operations").getJsonObject(0).getString("path"))
        .isEqualTo("/echo/{text}");

    JsonObject one = get("nodes").getJsonArray("nodes").getJsonObject(0);
    assertThat(one.getString("name") + " " + one.getString("state")).isEqualTo("n1 up");
    assertThat(one.getString("operator")).isEqualTo("127.0.0.1:" + operator.port());
    assertThat(one.getJsonArray("services")).isEqualTo(new JsonArray(List.of("lab")));
    assertThat(one.getLong("heap")).isPositive();
    JsonObject series = get("series").getJsonObject("lab.echo");
    assertThat(series.getJsonArray("calls").stream().mapToInt(n -> (int) n).sum()).isEqualTo(20);
    assertThat(series.getJsonArray("failed").stream().mapToInt(n -> (int) n).sum()).isEqualTo(5);
  }

  private JsonObject lately() throws Exception {
    return get("services")
        .getJsonArray("services")
        .getJsonObject(0)
        .getJsonArray("operations")
        .getJsonObject(0)
        .getJsonObject("lately");
  }

  @Test
  void callsAsAnyCallerWould() throws Exception {
    JsonObject answer = echo("a");
    assertThat(answer.getJsonObject("reply")).isEqualTo(new JsonObject().put("text", "a"));
    assertThat(answer.getString("trace")).matches("[0-9a-f]{32}");
    assertThat(answer.getDouble("millis")).isPositive();
    assertThat(each(answer.getJsonArray("calls")).map(c -> c.getString("side")))
        .containsExactly("done", "made");
    assertThat(
            each(answer.getJsonArray("calls").getJsonObject(1).getJsonArray("steps"))
                .map(c -> c.getString("name")))
        .containsExactly("lab@n1");
    assertThat(echo("no").getJsonObject("problem").getString("type"))
        .isEqualTo("urn:starling:problem:conflict");

    assertThat(call("{\"operation\":\"lab.no\"}").getInteger("http")).isEqualTo(404);
    assertThat(call("[]").getInteger("http")).isEqualTo(400);
    assertThat(call("{").getInteger("http")).isEqualTo(400);
    assertThat(call("{\"operation\":7}").getInteger("http")).isEqualTo(422);
    assertThat(call("{\"operation\":\"lab.echo\",\"timeout\":0}").getInteger("http"))
        .isEqualTo(422);
    assertThat(call("{\"operation\":\"lab.echo\",\"tokn\":\"x\"}").getInteger("http"))
        .isEqualTo(422);
    assertThat(
            send(request("/ops/calls")
                    .setHeader("Authorization", "Bearer 00")
                    .POST(BodyPublishers.noBody()))
                .statusCode())
        .isEqualTo(401);
    assertThat(
            each(get("events").getJsonArray("events"))
                .map(e -> e.getString("subject") + " " + e.getString("text")))
        .contains("lab.echo was called");
  }

  @Test
  @DisplayName("operator.md: call --node reaches that instance, and says so if there is none")
  void callsOneInstance() throws Exception {
    JsonObject answer =
        call("{\"operation\":\"lab.echo\",\"request\":{\"text\":\"a\"},\"node\":\"n1\"}");
    assertThat(answer.getJsonObject("reply")).isEqualTo(new JsonObject().put("text", "a"));
    JsonObject none = call("{\"operation\":\"lab.echo\",\"node\":\"n9\"}");
    assertThat(none.getInteger("http")).isEqualTo(404);
    assertThat(none.getString("detail"))
        .isEqualTo("The service lab has no instance on n9, but on n1");
    assertThat(call("{\"operation\":\"lab.echo\",\"node\":7}").getInteger("http")).isEqualTo(422);

    node.desired()
        .put("breaker/lab@n1", Buffer.buffer("{\"state\":\"open\"}"), null, "operator")
        .await();
    await()
        .untilAsserted(
            () ->
                assertThat(
                        call("{\"operation\":\"lab.echo\",\"node\":\"n1\"}")
                            .getJsonObject("problem")
                            .getString("detail"))
                    .isEqualTo("The breaker of lab@n1 on this node is open"));
  }

  private JsonObject message(String kind, String address, String body) throws Exception {
    return post(
        "/ops/messages",
        new JsonObject()
            .put("kind", kind)
            .put("address", address)
            .put("body", Json.decodeValue(body))
            .encode());
  }

  @Test
  @DisplayName(
      "operator.md: send and publish reach any event-bus address, and tell what became of it")
  void sendsMessages() throws Exception {
    List<Object> heard = new CopyOnWriteArrayList<>();
    List<String> traces = new CopyOnWriteArrayList<>();
    for (int i = 0; i < 2; i++) {
      vertx
          .eventBus()
          .consumer(
              "elsewhere",
              message -> {
                heard.add(String.valueOf(message.body()));
                traces.add(message.headers().get("trace"));
              })
          .completion()
          .await();
    }
    JsonObject sent = message("send", "elsewhere", "{\"a\":1}");
    assertThat(sent.getInteger("status")).isEqualTo(202);
    assertThat(sent.fieldNames())
        .containsExactlyInAnyOrder("status", "address", "kind", "trace", "millis", "http");
    await().until(() -> heard.equals(List.of("{\"a\":1}")));
    assertThat(traces).containsExactly(sent.getString("trace"));
    for (String body : List.of("[1]", "\"a\"", "1.5", "true", "null")) {
      heard.clear();
      assertThat(message("publish", "elsewhere", body).getInteger("status")).isEqualTo(202);
      String expected = body.replace("\"", "");
      await().until(() -> heard.equals(List.of(expected, expected)));
    }
    assertThat(
            each(get("events").getJsonArray("events"))
                .map(e -> e.getString("subject") + " " + e.getString("text")))
        .contains("elsewhere was sent a message", "elsewhere was published a message")
        .noneMatch(told -> told.contains("\"a\""));
  }

  @Test
  @DisplayName("operator.md: a reply, and the lack of one, is told apart from nobody listening")
  void waitsForReplies() throws Exception {
    JsonObject reply = message("request", "lab.echo", "{\"text\":\"a\"}");
    assertThat(reply.getJsonObject("reply")).isEqualTo(new JsonObject().put("text", "a"));
    String trace = reply.getString("trace");
    await()
        .untilAsserted(
            () -> assertThat(get("calls?trace=" + trace).getJsonArray("calls")).hasSize(1));
    JsonObject refused = message("request", "lab.echo", "{\"text\":\"no\"}");
    assertThat(refused.getInteger("http")).isEqualTo(200);
    assertThat(refused.getInteger("status")).isEqualTo(409);
    assertThat(refused.getJsonObject("problem").getString("detail")).isEqualTo("No");

    for (String kind : List.of("send", "publish", "request")) {
      JsonObject none = message(kind, "nobody", "{}");
      assertThat(none.getInteger("status")).as(kind).isEqualTo(404);
      assertThat(none.getJsonObject("problem").getString("detail"))
          .isEqualTo("Nobody listens at nobody");
    }
    vertx.eventBus().consumer("mute", message -> {}).completion().await();
    vertx.eventBus().consumer("cross", message -> message.fail(7, "No idea")).completion().await();
    JsonObject mute =
        post(
            "/ops/messages",
            "{\"address\":\"mute\",\"kind\":\"request\",\"body\":1,\"timeout\":50}");
    assertThat(mute.getInteger("status")).isEqualTo(504);
    assertThat(mute.getJsonObject("problem").getString("detail"))
        .startsWith("No reply came from mute in time");
    assertThat(message("request", "cross", "{}").getJsonObject("problem").getString("detail"))
        .isEqualTo("Who listens at cross fails with 7: No idea");
  }

  @Test
  @DisplayName(
      "operator.md: no message by hand reaches what only nodes may say, nor another's reply")
  void sendsNothingToInternalAddresses() throws Exception {
    List<Object> heard = new CopyOnWriteArrayList<>();
    for (String address :
        List.of(
            "starling.desired",
            "starling.reports",
            "starling.call-log@1",
            "vertx.discovery.announce",
            "__vertx.reply.somebody",
            "__vertx_ping")) {
      vertx
          .eventBus()
          .consumer(
              address,
              message -> {
                if (!(message.body() instanceof JsonObject json) || json.containsKey("forged")) {
                  heard.add(message.body());
                }
              })
          .completion()
          .await();
      for (String kind : List.of("send", "publish", "request")) {
        JsonObject refused = message(kind, address, "{\"forged\":1}");
        assertThat(refused.getInteger("http")).as(address).isEqualTo(403);
      }
    }
    assertThat(heard).isEmpty();
    // No header goes along, so an instance's own address has nothing to do for it.
    JsonObject instance = message("request", "lab@1", "{}");
    assertThat(instance.getJsonObject("problem").getString("detail"))
        .isEqualTo("The instance has no such operation");
  }

  @Test
  @DisplayName("operator.md: each wrong message is refused by the member that is wrong")
  void refusesWrongMessages() throws Exception {
    assertThat(post("/ops/messages", "[]").getInteger("http")).isEqualTo(400);
    for (String wrong :
        List.of(
            "{\"kind\":\"send\",\"body\":1} /address",
            "{\"address\":\"\",\"kind\":\"send\",\"body\":1} /address",
            "{\"address\":\"a b\",\"kind\":\"send\",\"body\":1} /address",
            "{\"address\":\"a\",\"body\":1} /kind",
            "{\"address\":\"a\",\"kind\":\"SEND\",\"body\":1} /kind",
            "{\"address\":\"a\",\"kind\":\"send\"} /body",
            "{\"address\":\"a\",\"kind\":\"send\",\"body\":12345678901234567890} /body",
            "{\"address\":\"a\",\"kind\":\"send\",\"body\":1,\"timeout\":5} /timeout",
            "{\"address\":\"a\",\"kind\":\"request\",\"body\":1,\"timeout\":50001} /timeout",
            "{\"address\":\"a\",\"kind\":\"send\",\"body\":1,\"headers\":{}} /headers")) {
      String[] parts = wrong.split("(?<=}) ");
      JsonObject problem = post("/ops/messages", parts[0]);
      assertThat(problem.getInteger("http")).as(wrong).isEqualTo(422);
      assertThat(problem.getJsonArray("errors").getJsonObject(0).getString("pointer"))
          .isEqualTo(parts[1]);
    }
    assertThat(
            post(
                    "/ops/messages",
                    "{\"address\":\"a\",\"kind\":\"send\",\"body\":\"%s\"}"
                        .formatted("a".repeat(16_384)))
                .getInteger("http"))
        .isEqualTo(413);
    HttpResponse<String> get = send(request("/ops/messages"));
    assertThat(get.statusCode()).isEqualTo(405);
    assertThat(get.headers().firstValue("allow")).contains("POST");
    token = Files.readString(secrets.resolve(Secrets.VIEWER));
    assertThat(message("send", "lab.echo", "{}").getInteger("http")).isEqualTo(403);
  }

  @Test
  void findsCallsThatNodesRemember() throws Exception {
    String trace = echo("a").getString("trace");
    echo("no");
    assertThat(each(get("calls?trace=" + trace).getJsonArray("calls"))).hasSize(2);
    assertThat(
            each(get("calls?failed=true").getJsonArray("calls"))
                .map(c -> c.getString("outcome"))
                .distinct())
        .containsExactly("conflict");
    assertThat(get("calls?service=lab&operation=echo&limit=3").getJsonArray("calls")).hasSize(3);
    assertThat(get("calls?slower=1h").getJsonArray("calls")).isEmpty();
    assertThat(get("calls?since=2999-01-01T00:00:00Z").getJsonArray("calls")).isEmpty();
    for (String wrong :
        List.of("trace=a&trace=b", "limit=x", "slower=1", "since=now", "user=ada")) {
      assertThat(send(request("/ops/calls?" + wrong)).statusCode()).as(wrong).isEqualTo(400);
    }
  }

  @Test
  void letsAViewerLookAndChangeNothing() throws Exception {
    token = Files.readString(secrets.resolve(Secrets.VIEWER));
    assertThat(get("status").getInteger("nodes")).isEqualTo(1);
    assertThat(echo("a").getInteger("http")).isEqualTo(403);
    for (String method : List.of("PUT", "DELETE")) {
      HttpResponse<String> answer =
          send(
              request("/ops/desired/drain/n1")
                  .header("Content-Type", "application/json")
                  .method(method, BodyPublishers.ofString("{}")));
      assertThat(answer.statusCode()).isEqualTo(403);
    }
    assertThat(node.drain().isOn()).isFalse();
  }

  /** Each path that is documented is served, each that is served documented, with its members. */
  @Test
  void describesItself() throws Exception {
    JsonObject document = get("openapi.json");
    assertThat(document.getString("openapi")).isEqualTo("3.1.0");
    // The validator does not know problem+json, which is as good as any media type.
    String known =
        document
            .encode()
            .replace("application/problem+json", "application/json")
            .replace("text/event-stream", "text/plain");
    OpenAPIContract valid = OpenAPIContract.from(vertx, new JsonObject(known)).await();
    assertThat(valid.operation("status").getAbsoluteOpenAPIPath()).isEqualTo("/ops/status");
    echo("a");
    for (String path : document.getJsonObject("paths").fieldNames()) {
      JsonObject operations = document.getJsonObject("paths").getJsonObject(path);
      if (operations.containsKey("get")
          && !path.endsWith("openapi.json")
          && !path.endsWith("stream")) {
        JsonObject schema =
            document
                .getJsonObject("components")
                .getJsonObject("schemas")
                .getJsonObject(schema(operations));
        JsonObject found = get(path.substring("/ops/".length()));
        assertSame(path, schema, found, document);
      }
    }
    String source = Files.readString(Path.of("src/main/java/dev/starling/console/Ops.java"));
    Matcher served =
        Pattern.compile("(?:show\\(router, |router\\.(?:get|post)\\()\"(?:/ops/)?([a-z.]+)\"")
            .matcher(source);
    int paths = 0;
    while (served.find()) {
      assertThat(document.getJsonObject("paths").fieldNames()).contains("/ops/" + served.group(1));
      paths++;
    }
    assertThat(paths).isGreaterThan(10);
  }

  private static String schema(JsonObject operations) {
    return operations
        .getJsonObject("get")
        .getJsonObject("responses")
        .getJsonObject("200")
        .getJsonObject("content")
        .getJsonObject("application/json")
        .getJsonObject("schema")
        .getString("$ref")
        .replace("#/components/schemas/", "");
  }

  /** What is answered is what the document knows, and all that it promises. */
  private static void assertSame(
      String where, JsonObject schema, Object found, JsonObject document) {
    JsonObject resolved =
        schema.containsKey("$ref")
            ? document
                .getJsonObject("components")
                .getJsonObject("schemas")
                .getJsonObject(schema.getString("$ref").replace("#/components/schemas/", ""))
            : schema.containsKey("anyOf") ? schema.getJsonArray("anyOf").getJsonObject(1) : schema;
    if (found instanceof JsonObject object && resolved.containsKey("properties")) {
      for (Object member : resolved.getJsonArray("required", new JsonArray())) {
        assertThat(object.containsKey((String) member)).as(where + " " + member).isTrue();
      }
      for (String member : object.fieldNames()) {
        JsonObject inner = resolved.getJsonObject("properties").getJsonObject(member);
        assertThat(inner).as(where + "/" + member).isNotNull();
        assertSame(where + "/" + member, inner, object.getValue(member), document);
      }
    } else if (found instanceof JsonArray list && resolved.containsKey("items")) {
      for (Object item : list) {
        assertSame(where + "/*", resolved.getJsonObject("items"), item, document);
      }
    }
  }

  @Test
  void describesWhatCanBeCalled() throws Exception {
    JsonObject entry =
        get("contracts")
            .getJsonArray("contracts")
            .getJsonObject(0)
            .getJsonArray("operations")
            .getJsonObject(0);
    assertThat(entry.getJsonObject("operation").getString("name")).isEqualTo("echo");
    assertThat(entry.getJsonObject("request").getJsonObject("properties").containsKey("text"))
        .isTrue();
  }

  @Test
  void addsUpTheFlockForPrometheus() throws Exception {
    for (int i = 0; i < 3; i++) {
      echo("a");
    }
    String count =
        "starling_flock_calls_seconds_count{operation=\"echo\",outcome=\"ok\",service=\"lab\"} 3";
    await()
        .untilAsserted(() -> assertThat(send(request("/metrics/cluster")).body()).contains(count));
    String page = send(request("/metrics/cluster")).body();
    assertThat(page)
        .contains(
            "starling_flock_operations_seconds_bucket{operation=\"echo\",outcome=\"ok\",service=\"lab\",le=\"+Inf\"} 3")
        .contains("starling_flock_node_up{node=\"n1\"} 1.0")
        .contains("# TYPE starling_flock_calls_seconds histogram");
    assertThat(send(request("/metrics")).body())
        .contains(
            "starling_calls_seconds_bucket{operation=\"echo\",outcome=\"ok\",service=\"lab\",le=\"+Inf\"} 3")
        .contains("starling_breaker_state{node=\"n1\",service=\"lab\"} 0.0")
        .contains("starling_build_info{")
        .contains("starling_event_loop_lag_seconds_bucket{le=\"0.01\"}");
  }

  @Test
  void namesATraceInTheFormThatHasExemplars() throws Exception {
    String trace = echo("a").getString("trace");
    HttpResponse<String> answer =
        send(
            request("/metrics")
                .header("Accept", "application/openmetrics-text;version=1.0.0,text/plain;q=0.5"));
    assertThat(answer.headers().firstValue("content-type"))
        .contains("application/openmetrics-text; version=1.0.0; charset=utf-8");
    assertThat(answer.body()).contains("trace_id=\"" + trace + "\"").endsWith("# EOF\n");
    assertThat(answer.body().lines().filter(line -> line.contains(" # {")))
        .as("elsewhere Prometheus refuses them, with the whole page")
        .allMatch(line -> line.matches("\\w+_(bucket|total)\\{.*"));
  }
}
