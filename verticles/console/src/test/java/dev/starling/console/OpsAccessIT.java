package dev.starling.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.Event;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Who may do what at {@code /ops}, who is said to have done it, and what stays as it is. */
@Timeout(60)
class OpsAccessIT {
  record Text(String text) {}

  private static final Operation<Text, Text> ECHO =
      Operation.query("lab", "echo", Text.class, Text.class).open();
  private static final List<String> METHODS =
      List.of("GET", "HEAD", "OPTIONS", "PUT", "POST", "DELETE", "PATCH", "TRACE", "SPY");

  private static final class Lab extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(ECHO, Future::succeededFuture);
    }
  }

  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final Harness harness = Harness.start(new Lab());
  private int port;
  private String operator;
  private String viewer;

  @BeforeEach
  void start() throws IOException {
    OperatorVerticle verticle = new OperatorVerticle();
    JsonObject setting =
        new JsonObject().put("key", "a.b").put("value", "c").put("origin", "default");
    harness.deploy(
        verticle, new JsonObject().put("port", 0).put("settings", new JsonArray().add(setting)));
    port = verticle.port();
    operator = Files.readString(harness.node().secrets().file(Secrets.OPERATOR));
    viewer = Files.readString(harness.node().secrets().file(Secrets.VIEWER));
  }

  @AfterEach
  void stop() {
    harness.close();
  }

  private HttpRequest.Builder request(String method, String path, String token, String body) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path))
            .header("Authorization", "Bearer " + token);
    return body == null
        ? request.method(method, BodyPublishers.noBody())
        : request
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body));
  }

  /** The head alone is waited for: a stream has no end. */
  private int status(HttpRequest.Builder request) throws Exception {
    HttpResponse<InputStream> answer = http.send(request.build(), BodyHandlers.ofInputStream());
    answer.body().close();
    return answer.statusCode();
  }

  private JsonObject get(String view) throws Exception {
    HttpResponse<String> answer =
        http.send(request("GET", "/ops/" + view, viewer, null).build(), BodyHandlers.ofString());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body());
  }

  /** As documented, the parameters filled in so that an operator could order it. */
  private record Documented(String path, JsonObject operations) {
    String filledIn() {
      return path.contains("{name}")
          ? path.replace("{kind}", "drain").replace("{name}", "test")
          : path.replace("{kind}", "limits");
    }

    String body() {
      return switch (path) {
        case "/ops/calls" -> "{\"operation\":\"lab.echo\",\"request\":{\"text\":\"a\"}}";
        case "/ops/messages" -> "{\"address\":\"lab.all\",\"kind\":\"publish\",\"body\":{}}";
        case "/ops/desired/{kind}" -> "{\"breaker.calls\":7}";
        default -> "{}";
      };
    }

    boolean has(String method) {
      return operations.containsKey(method.toLowerCase());
    }
  }

  private List<Documented> documented() throws Exception {
    JsonObject paths = get("openapi.json").getJsonObject("paths");
    return paths.fieldNames().stream()
        .map(path -> new Documented(path, paths.getJsonObject(path)))
        .toList();
  }

  private List<Event> orders() {
    return harness.node().flock().journal().all().stream()
        .filter(e -> e.kind() == Event.Kind.ORDER || e.kind() == Event.Kind.CALL)
        .toList();
  }

  @Test
  @DisplayName("A viewer's token reads every documented path and changes nothing by any method")
  void letsAViewerReadAllAndChangeNothing() throws Exception {
    int read = 0;
    int refused = 0;
    for (Documented each : documented()) {
      for (String method : METHODS) {
        String body = List.of("GET", "HEAD", "TRACE").contains(method) ? null : each.body();
        int status = status(request(method, each.filledIn(), viewer, body));
        if (method.equals("GET")) {
          assertThat(status).as(each.path()).isEqualTo(each.has("GET") ? 200 : 405);
          read += each.has("GET") ? 1 : 0;
        } else {
          assertThat(status).as(method + " " + each.path()).isIn(403, 405, 501);
          refused += each.has(method) ? 1 : 0;
        }
      }
    }
    assertThat(read).isGreaterThanOrEqualTo(15);
    assertThat(refused).as("documented orders").isGreaterThanOrEqualTo(5);
    assertThat(orders()).isEmpty();
    assertThat(harness.node().desired().all()).isEmpty();
  }

  @Test
  @DisplayName("Each documented order is in the journal with who, from where, what and when")
  void writesDownWhoDidWhat() throws Exception {
    int before = 0;
    for (Documented each : documented()) {
      for (String method : List.of("POST", "PUT", "DELETE")) {
        if (each.has(method)) {
          HttpRequest.Builder order =
              request(method, each.filledIn(), operator, each.body())
                  .header("Starling-Operator", "ada");
          assertThat(status(order)).as(method + " " + each.path()).isIn(200, 204);
          int seen = before;
          await().until(() -> orders().size() > seen);
          Event event = orders().get(orders().size() - 1);
          assertThat(event.by())
              .as(method + " " + each.path())
              .isEqualTo("operator from 127.0.0.1 (ada)");
          assertThat(event.subject() + " " + event.text()).isNotBlank();
          assertThat(event.at()).isNotNull();
          before = orders().size();
        }
      }
    }
    assertThat(before).isGreaterThanOrEqualTo(5);
  }

  private HttpRequest.Builder drain() {
    return request("PUT", "/ops/desired/drain/test", operator, "{}");
  }

  @ParameterizedTest
  @CsvSource({
    "ada, ada",
    "Ada L. (on call), Ada L. (on call)",
    "%C3%85sa%20%E6%9D%8E, Åsa 李",
    "100%25+1, 100%+1",
    "<b>&amp;, <b>&amp;"
  })
  void takesANameAsItIs(String header, String name) throws Exception {
    assertThat(status(drain().header("Starling-Operator", header))).isEqualTo(200);
    await().until(() -> !orders().isEmpty());
    assertThat(orders().get(0).by()).isEqualTo("operator from 127.0.0.1 (" + name + ")");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "%20",
        "%20ada",
        "ada%20",
        "a%20%20b",
        "ada%0AERROR forged",
        "ada%0D",
        "ada%00",
        "%1B[2J",
        "a\tb",
        "ada%C2%85",
        "ada%E2%80%A8x",
        "ada%E2%80%AExda",
        "a%E2%80%8Bb",
        "ada%zz",
        "ada%",
        "01234567890123456789012345678901234567890123456789012345678901234"
      })
  @DisplayName("AU3 a name that could forge a line or hide something is refused")
  void refusesWhatIsNoName(String header) throws Exception {
    assertThat(status(drain().header("Starling-Operator", header))).isEqualTo(400);
    assertThat(orders()).isEmpty();
    assertThat(harness.node().drain().isOn()).isFalse();
  }

  @Test
  void refusesTwoNames() throws Exception {
    HttpRequest.Builder two =
        drain().header("Starling-Operator", "ada").header("Starling-Operator", "bob");
    assertThat(status(two)).isEqualTo(400);
    assertThat(orders()).isEmpty();
  }

  @Test
  void showsTheSettingsThatTheNodeWasGiven() throws Exception {
    assertThat(get("configuration").getJsonArray("settings").getJsonObject(0).getString("value"))
        .isEqualTo("c");
  }

  @Test
  @DisplayName("A minor version of /ops takes nothing away from 1.0 and changes no type")
  void addsOnly() throws Exception {
    JsonObject first;
    try (InputStream in = OpsAccessIT.class.getResourceAsStream("/ops-openapi-1.0.json")) {
      first = new JsonObject(Buffer.buffer(in.readAllBytes()));
    }
    JsonObject now = get("openapi.json");
    assertThat(now.getJsonObject("info").getString("version")).matches("1\\.\\d+");
    List<String> gone = new ArrayList<>();
    missing("", first.getJsonObject("paths"), now.getJsonObject("paths"), gone);
    missing("", first.getJsonObject("components"), now.getJsonObject("components"), gone);
    assertThat(gone).isEmpty();
    boolean same =
        first.getJsonObject("paths").equals(now.getJsonObject("paths"))
            && first.getJsonObject("components").equals(now.getJsonObject("components"));
    assertThat(now.getJsonObject("info").getString("version").equals("1.0"))
        .as("what differs from 1.0 has another version")
        .isEqualTo(same);
  }

  /** What was there and is not, or is something else; prose may be written better. */
  private static void missing(String where, JsonObject was, JsonObject is, List<String> gone) {
    Set<String> names = new LinkedHashSet<>(was.fieldNames());
    names.removeAll(Set.of("description", "summary"));
    for (String name : names) {
      String at = where + "/" + name;
      Object before = was.getValue(name);
      Object after = is.getValue(name);
      if (before instanceof JsonObject inner && after instanceof JsonObject now) {
        missing(at, inner, now, gone);
      } else if (before instanceof JsonArray list && after instanceof JsonArray now) {
        if (!list.stream().allMatch(now::contains)) {
          gone.add(at + ": " + list + " is " + now);
        }
      } else if (!before.equals(after)) {
        gone.add(at + ": " + before + " is " + after);
      }
    }
  }
}
