package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Two nodes of one cluster, of which one logs JSON and the other text. */
@Timeout(300)
class LogsIT {
  private static final Duration PATIENCE = Duration.ofSeconds(60);
  private static final String TRACED = "io.vertx.ext.web";

  @TempDir private static Path directory;
  private static Postgres postgres;
  private static GatewayAndUsers nodes;
  private static StarlingProcess users;
  private static StarlingProcess gateway;
  private static Client client;

  @BeforeAll
  static void start() throws Exception {
    postgres = new Postgres(directory);
    Path jar = BlockingVerticle.jar(directory.resolve("blocking.jar"));
    nodes =
        GatewayAndUsers.start(
            directory,
            node ->
                node.with("database.url", postgres.url())
                    .with("services", "user,blocking")
                    .with("log.format", "json")
                    .arguments("-services", jar.toString()),
            node -> node);
    users = nodes.users();
    gateway = nodes.gateway();
    client = nodes.client();
  }

  @AfterAll
  static void stop() {
    if (nodes != null) {
      nodes.close();
    }
    if (postgres != null) {
      postgres.close();
    }
  }

  private static List<JsonObject> events() {
    return users.output().lines().filter(l -> l.startsWith("{")).map(JsonObject::new).toList();
  }

  @Test
  @DisplayName("each event is a line of JSON, and that of a fault has its exception and its trace")
  void writesJson() throws Exception {
    postgres.query("ALTER TABLE users RENAME COLUMN password_hash TO away");
    HttpResponse<String> answer;
    try {
      answer = client.login("ada");
    } finally {
      postgres.query("ALTER TABLE users RENAME COLUMN away TO password_hash");
    }
    assertThat(answer.statusCode()).isEqualTo(500);
    String instance = new JsonObject(answer.body()).getString("instance");
    String trace = instance.substring(instance.lastIndexOf(':') + 1);

    assertThat(events())
        .filteredOn(event -> trace.equals(event.getString("trace")))
        .singleElement()
        .satisfies(
            event -> {
              assertThat(event.getString("level")).isEqualTo("ERROR");
              assertThat(event.getString("logger")).startsWith("dev.starling.runtime.");
              assertThat(event.getString("message")).endsWith(" failed");
              assertThat(event.getString("error")).startsWith("io.vertx.pgclient.PgException: ");
            });
    assertThat(events())
        .allSatisfy(
            event -> {
              assertThat(event.fieldNames())
                  .contains("time", "level", "logger", "thread", "node", "message");
              assertThat(event.getString("node")).isEqualTo("the-user");
              assertThat(Instant.parse(event.getString("time"))).isBefore(Instant.now());
            });
    assertThat(users.output().lines())
        .as("no line of another form")
        .noneMatch(line -> line.matches("\\d\\d:\\d\\d:\\d\\d.*|\tat .*"));
  }

  @Test
  @DisplayName("what a handler logs while it does a call has the trace of that call, in both forms")
  void knowsTheTraceOfAHandler() throws Exception {
    order("PUT", "log/" + TRACED, "{\"level\":\"trace\"}");
    try {
      HttpRequest request = client.post(BlockingVerticle.PATH, "{\"millis\":0}");
      HttpResponse<String> answer =
          await().atMost(PATIENCE).until(() -> client.send(request), a -> a.statusCode() == 204);
      String trace = answer.headers().firstValue("x-request-id").orElseThrow();

      assertThat(events())
          .filteredOn(event -> event.getString("logger").endsWith(".BlockingVerticle"))
          .filteredOn(event -> trace.equals(event.getString("trace")))
          .singleElement()
          .satisfies(e -> assertThat(e.getString("message")).isEqualTo("It blocks for 0 ms"));
      await()
          .atMost(PATIENCE)
          .until(
              () -> new Client(gateway.api()).get("/nothing").headers().firstValue("x-request-id"),
              id -> gateway.output().contains(", trace " + id.orElseThrow() + "\n"));
    } finally {
      order("DELETE", "log/" + TRACED, "");
    }
    assertThat(events())
        .filteredOn(event -> event.getString("logger").startsWith("dev.starling.launcher.Starling"))
        .noneMatch(event -> event.containsKey("trace"));
  }

  private static HttpResponse<String> order(String method, String path, String body)
      throws IOException, InterruptedException {
    Client operator = new Client(gateway.operator());
    String token = Files.readString(directory.resolve("data/secrets/operator")).strip();
    return operator.send(
        operator
            .request("/ops/desired/" + path)
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body))
            .build());
  }

  /** Whether a request now makes a node log at level TRACE. */
  private static boolean traces(StarlingProcess node) {
    String mark = "/mark-" + System.nanoTime();
    new Client(node.operator()).status(mark);
    return node.output()
        .lines()
        .anyMatch(line -> line.contains(mark) && line.matches(".*\\bTRACE\\b.*"));
  }

  @Test
  @DisplayName("an order changes a level on all nodes, and its end brings back what was before")
  void changesALevelForAWhile() throws Exception {
    assertThat(traces(users) || traces(gateway)).isFalse();
    HttpResponse<String> put = order("PUT", "log/" + TRACED, "{\"level\":\"trace\"}");
    assertThat(put.statusCode()).isEqualTo(200);
    JsonObject entry = new JsonObject(put.body());
    assertThat(
            Duration.between(
                Instant.parse(entry.getString("at")), Instant.parse(entry.getString("expires"))))
        .hasMinutes(10);
    await().atMost(PATIENCE).until(() -> traces(users) && traces(gateway));
    assertThat(order("DELETE", "log/" + TRACED, "").statusCode()).isEqualTo(204);
    await().atMost(PATIENCE).until(() -> !traces(users) && !traces(gateway));

    order("PUT", "log/root?for=8s", "{\"level\":\"trace\"}");
    await().atMost(Duration.ofSeconds(6)).until(() -> traces(users) && traces(gateway));
    await().atMost(PATIENCE).until(() -> !traces(users) && !traces(gateway));
    assertThat(gateway.output()).contains("log/root is no longer wanted, since its time is over");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "log/org.example               | trace | The level of org.example cannot be changed",
        "log/dev.starlings             | trace | The level of dev.starlings cannot be changed",
        "log/io.vertx.ext.mail.impl.X  | trace | The level of io.vertx.ext.mail.impl.X cannot be",
        "log/io.vertx.ext.mail         | debug | The level of io.vertx.ext.mail cannot be changed",
        "log/dev.starling.             | debug | The level of dev.starling. cannot be changed",
        "log/dev.starling              | loud  | must be trace, debug, info, warn or error",
        "log/dev.starling              | off   | must be trace, debug, info, warn or error",
        "log/dev.starling?for=25h      | debug | An entry of this kind lasts for 24 h at most",
      })
  @DisplayName("an order that no node could follow, or that would tell secrets, is refused")
  void refuses(String path, String level, String why) throws Exception {
    HttpResponse<String> answer = order("PUT", path, "{\"level\":\"" + level + "\"}");

    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(422);
    assertThat(new JsonObject(answer.body()).getString("detail")).contains(why);
  }
}
