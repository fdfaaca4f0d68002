package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What operators see of the user service, on the page of a real node. */
@Timeout(180)
class UserMetersIT {
  private static final String ADDRESS = "10.214.7.1";

  @TempDir private Path directory;
  private Client client;
  private Client operator;

  private StarlingProcess node(StarlingProcess.Builder settings) throws Exception {
    StarlingProcess node = settings.start();
    client = new Client(node.api());
    operator = new Client(node.operator());
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> List.of(201, 409).contains(client.register("canary.ada").statusCode()));
    return node;
  }

  private List<String> page() throws Exception {
    return operator
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith("starling_user_"))
        .toList();
  }

  private double value(String series) throws Exception {
    return page().stream()
        .filter(line -> line.startsWith(series + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length() + 1)))
        .findFirst()
        .orElse(0);
  }

  private double logins(String outcome) throws Exception {
    return value("starling_user_logins_total{outcome=\"" + outcome + "\"}");
  }

  /** From one network, where the client itself has one for each request. */
  private HttpRequest login(String name, String password) {
    return client
        .request("/api/login")
        .setHeader("X-Forwarded-For", ADDRESS)
        .header("Content-Type", "application/json")
        .POST(
            BodyPublishers.ofString(
                new JsonObject().put("username", name).put("password", password).encode()))
        .build();
  }

  @Test
  @DisplayName("AU4 log-ins, hashes, the throttle, tokens that come twice and keys are counted")
  void countsWhatHappens() throws Exception {
    try (StarlingProcess node = node(StarlingProcess.in(directory).onAnyPort())) {
      assertThat(node.isAlive()).isTrue();
      double computed = value("starling_user_hashes_total");
      JsonObject tokens = new JsonObject(client.send(login("canary.ada", Client.PASSWORD)).body());
      for (int i = 0; i < 5; i++) {
        assertThat(client.send(login("canary.ada", "canary")).statusCode()).isEqualTo(401);
      }
      assertThat(client.send(login("canary.ada", "canary")).statusCode()).isEqualTo(429);
      assertThat(logins("right")).isEqualTo(1);
      assertThat(logins("wrong")).isEqualTo(5);
      assertThat(logins("throttled")).isEqualTo(1);
      assertThat(value("starling_user_throttled_total{kind=\"account-and-source\"}")).isEqualTo(1);
      assertThat(value("starling_user_throttled_total{kind=\"ceiling\"}")).isZero();
      assertThat(value("starling_user_hashes_total") - computed).isEqualTo(6);
      assertThat(value("starling_user_hashes_wait_seconds_count"))
          .isEqualTo(value("starling_user_hashes_total"));
      assertThat(value("starling_user_hashes_run_seconds_count"))
          .isEqualTo(value("starling_user_hashes_total"));
      assertThat(value("starling_user_hashes_run_seconds_sum")).isPositive();

      String first = refresh(tokens.getString("refresh_token"), 200);
      refresh(first, 200);
      assertThat(value("starling_user_tokens_reused_total")).isZero();
      refresh(tokens.getString("refresh_token"), 401);
      assertThat(value("starling_user_tokens_reused_total")).isEqualTo(1);
      assertThat(value("starling_user_key_age_seconds")).isBetween(0.0, 180.0);
      assertThat(page())
          .anyMatch(line -> line.startsWith("starling_user_key_age_seconds "))
          .anyMatch(line -> line.startsWith("starling_user_hashes_waiting "))
          .anyMatch(line -> line.startsWith("starling_user_database_used "))
          .anyMatch(line -> line.startsWith("starling_user_database_size "))
          .anyMatch(line -> line.startsWith("starling_user_sessions "))
          .anyMatch(line -> line.startsWith("starling_user_database_waiting "))
          .anyMatch(line -> line.startsWith("starling_user_database_timeouts_total "));
    }
  }

  private String refresh(String token, int status) throws Exception {
    HttpResponse<String> answer =
        client.send(
            client.post("/api/refresh", new JsonObject().put("refresh_token", token).encode()));
    assertThat(answer.statusCode()).isEqualTo(status);
    return status == 200 ? new JsonObject(answer.body()).getString("refresh_token") : null;
  }

  @Test
  @DisplayName("AU4 no label is a user's, and there are no more of them with more users")
  void namesNobody() throws Exception {
    try (StarlingProcess node = node(StarlingProcess.in(directory).onAnyPort())) {
      assertThat(node.isAlive()).isTrue();
      client.login("canary.ada");
      client.login("canary.nobody");
      int series = page().size();
      for (int i = 0; i < 20; i++) {
        client.login("canary.nobody." + i);
      }

      assertThat(page()).hasSize(series);
      assertThat(String.join("\n", page())).doesNotContain("canary", ADDRESS, "10.0.");
    }
  }

  @Test
  @DisplayName("AU4 what is shed, and a database that does not answer, is counted")
  void countsWhatIsRefused() throws Exception {
    try (Postgres postgres = new Postgres(directory);
        StarlingProcess node =
            node(
                StarlingProcess.in(directory)
                    .onAnyPort()
                    .with("database.url", postgres.url())
                    .with("user.hash-permits", 1)
                    .with("user.hash-queue", 1)
                    .with("user.hash-wait", "50ms"))) {
      assertThat(node.isAlive()).isTrue();
      double before = logins("shed");
      List<CompletableFuture<HttpResponse<String>>> storm =
          IntStream.range(0, 40)
              .mapToObj(
                  i ->
                      client.sendLater(
                          client.post("/api/login", Client.credentials("canary.ada").encode())))
              .toList();
      List<Integer> answers =
          storm.stream().map(CompletableFuture::join).map(HttpResponse::statusCode).toList();
      long shed = answers.stream().filter(s -> s == 503).count();
      assertThat(shed).isPositive();
      assertThat(logins("shed") - before + logins("failed")).isGreaterThanOrEqualTo(shed);
      assertThat(value("starling_user_hashes_shed_total")).isPositive();

      double timeouts = value("starling_user_database_timeouts_total");
      try (Postgres.Lock lock = postgres.lock("users")) {
        assertThat(lock).isNotNull();
        assertThat(client.login("canary.ada").statusCode()).isGreaterThanOrEqualTo(500);
      }
      assertThat(value("starling_user_database_timeouts_total")).isGreaterThan(timeouts);
    }
  }
}
