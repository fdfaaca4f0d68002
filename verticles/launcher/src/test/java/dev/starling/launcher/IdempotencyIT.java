package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntFunction;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Registrations with an Idempotency-Key, at two nodes that share a database. */
class IdempotencyIT {
  private static final int AT_ONCE = 32;
  private static final Pattern HASHES = Pattern.compile("(?m)^starling_user_hashes_total (\\S+)");

  private static final String LINGERING =
      "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'";

  @TempDir private static Path directory;
  private static Postgres postgres;
  private static StarlingProcess first;
  private static StarlingProcess second;

  @BeforeAll
  static void start() throws Exception {
    postgres = new Postgres(directory);
    first = node().start();
    second = node().start();
  }

  @AfterAll
  static void stop() {
    first.close();
    second.close();
    postgres.close();
  }

  private static StarlingProcess.Builder node() {
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("database.url", postgres.url());
  }

  @Test
  @DisplayName("HT9 makes one user of many requests with one key")
  void makesOneUserOfManyRequestsWithOneKey() {
    List<HttpResponse<String>> answers =
        atOnce(i -> registration(i % 2 == 0 ? first : second, "many", "many"));

    assertThat(answers).extracting(HttpResponse::statusCode).containsOnly(201);
    assertThat(answers).extracting(IdempotencyIT::location).containsOnly(location(answers.get(0)));
    assertThat(answers).extracting(HttpResponse::body).containsOnly(answers.get(0).body());
    assertThat(users("many")).isEqualTo(1);
  }

  @Test
  void makesOneUserOfManyNamesWithOneKey() {
    List<HttpResponse<String>> answers =
        atOnce(i -> registration(i % 2 == 0 ? first : second, "names", "name" + i));

    assertThat(answers).filteredOn(a -> a.statusCode() == 201).hasSize(1);
    assertThat(answers)
        .filteredOn(a -> a.statusCode() != 201)
        .allSatisfy(a -> assertProblem(a, 422, "idempotency-key-reused"));
    assertThat(users("name%")).isEqualTo(1);
  }

  @Test
  void makesOneUserOfManyKeysWithOneName() {
    List<HttpResponse<String>> answers =
        atOnce(i -> registration(i % 2 == 0 ? first : second, "key" + i, "contested"));

    assertThat(answers).filteredOn(a -> a.statusCode() == 201).hasSize(1);
    assertThat(answers)
        .filteredOn(a -> a.statusCode() != 201)
        .allSatisfy(a -> assertProblem(a, 409, "unique"));
    assertThat(postgres.number("SELECT count(*) FROM idempotency_keys WHERE key ~ '^key[0-9]'"))
        .isEqualTo(1);
  }

  private static List<HttpResponse<String>> atOnce(IntFunction<HttpRequest> request) {
    List<CompletableFuture<HttpResponse<String>>> all =
        IntStream.range(0, AT_ONCE).mapToObj(i -> send(request.apply(i))).toList();
    return all.stream().map(CompletableFuture::join).toList();
  }

  /** Sends it again for as long as it is put off, as a client with a key may. */
  private static CompletableFuture<HttpResponse<String>> send(HttpRequest request) {
    return new Client(first.api())
        .sendLater(request)
        .thenCompose(
            answer ->
                answer.statusCode() < 500
                    ? CompletableFuture.completedFuture(answer)
                    : send(request));
  }

  @Test
  void answersARepeatedRequestAsTheFirstWithoutHashingAgain() throws Exception {
    HttpResponse<String> answer = register(first, "again", "again");
    assertThat(answer.statusCode()).isEqualTo(201);
    double hashes = hashes();

    HttpResponse<String> same = register(second, "again", "again");
    assertThat(same.statusCode()).isEqualTo(201);
    assertThat(location(same)).isEqualTo(location(answer));
    assertThat(same.body()).isEqualTo(answer.body());
    assertThat(location(register(first, "\"again\"", "again"))).isEqualTo(location(answer));
    assertThat(hashes()).isEqualTo(hashes);
  }

  private static double hashes() throws Exception {
    double all = 0;
    for (StarlingProcess node : List.of(first, second)) {
      Matcher matcher = HASHES.matcher(new Client(node.operator()).get("/metrics").body());
      assertThat(matcher.find()).isTrue();
      all += Double.parseDouble(matcher.group(1));
    }
    return all;
  }

  @Test
  @DisplayName("HT9 refuses the key of another request")
  void refusesTheKeyOfAnotherRequest() throws Exception {
    assertThat(register(first, "one", "first.of.two").statusCode()).isEqualTo(201);

    assertProblem(register(second, "one", "second.of.two"), 422, "idempotency-key-reused");
    assertProblem(register(second, "one", "FIRST.of.two"), 422, "idempotency-key-reused");
    JsonObject other = Client.credentials("first.of.two").put("password", "another correct horse");
    assertProblem(send(registration(first, "one", other)).join(), 422, "idempotency-key-reused");
    assertThat(users("second.of.two")).isZero();
  }

  @Test
  void keepsNoKeyOfARefusal() throws Exception {
    assertThat(register(first, "taken", "taken").statusCode()).isEqualTo(201);

    assertProblem(register(first, "refused", "taken"), 409, "unique");
    assertProblem(register(second, "refused", "taken"), 409, "unique");
    assertThat(register(first, "refused", "free").statusCode()).isEqualTo(201);
  }

  @Test
  void refusesAKeyThatIsNone() throws Exception {
    assertProblem(register(first, "k".repeat(256), "nobody"), 400, "idempotency-key");
    assertThat(users("nobody")).isZero();
    assertThat(register(first, "k".repeat(255), "somebody").statusCode()).isEqualTo(201);
  }

  @Test
  @DisplayName("HT9 keeps nothing of the request")
  void keepsNothingOfTheRequest() throws Exception {
    register(first, "sealed", "sealed");

    Row kept = postgres.query("SELECT * FROM idempotency_keys WHERE key = 'sealed'").get(0);
    assertThat(kept.getBuffer("request_hash").length()).isEqualTo(32);
    assertThat(kept.deepToString()).doesNotContain(Client.PASSWORD);
  }

  /**
   * The node is killed while the statement that makes the user is under way; the database completes
   * it, and nobody is told.
   */
  @Test
  @DisplayName("HT9 TL7 finds the user whose node died before it could answer")
  void findsTheUserWhoseNodeDiedBeforeItCouldAnswer() throws Exception {
    postgres.query(
        """
        CREATE FUNCTION linger() RETURNS trigger LANGUAGE plpgsql AS
        'BEGIN PERFORM pg_sleep(2); RETURN NULL; END';
        CREATE CONSTRAINT TRIGGER linger AFTER INSERT ON users DEFERRABLE INITIALLY DEFERRED
        FOR EACH ROW WHEN (NEW.username = 'orphan') EXECUTE FUNCTION linger()""");
    StarlingProcess doomed =
        StarlingProcess.in(directory)
            .onAnyPort()
            .with("database.url", postgres.url())
            .with("database.statement-timeout", "1m")
            .start();
    CompletableFuture<HttpResponse<String>> unanswered =
        send(registration(doomed, "orphan", "orphan"));
    await()
        .atMost(Duration.ofSeconds(60))
        .pollInterval(Duration.ofMillis(5))
        .until(() -> postgres.number(LINGERING) == 1);
    doomed.kill();
    assertThat(unanswered).failsWithin(Duration.ofSeconds(10));

    await().until(() -> users("orphan") == 1);
    HttpResponse<String> answer = register(first, "orphan", "orphan");
    assertThat(answer.statusCode()).isEqualTo(201);
    String id =
        postgres.query("SELECT id::text FROM users WHERE username = 'orphan'").get(0).getString(0);
    assertThat(location(answer)).isEqualTo("/api/users/" + id);
  }

  @Test
  void forgetsKeysAfterADay() throws Exception {
    postgres.query(
        """
        INSERT INTO idempotency_keys
        SELECT 'old' || i, '\\x00'::bytea, gen_random_uuid(), now() - interval '25 hours'
        FROM generate_series(1, 2500) i
        UNION ALL SELECT 'young', '\\x00'::bytea, gen_random_uuid(), now() - interval '23 hours'""");
    try (StarlingProcess node =
        StarlingProcess.in(directory).onAnyPort().with("database.url", postgres.url()).start()) {
      assertThat(node.isAlive()).isTrue();
      await()
          .atMost(Duration.ofSeconds(40))
          .until(
              () ->
                  postgres.number("SELECT count(*) FROM idempotency_keys WHERE key ~ '^old'") == 0);
      assertThat(postgres.number("SELECT count(*) FROM idempotency_keys WHERE key = 'young'"))
          .isEqualTo(1);
    }
  }

  private static HttpResponse<String> register(StarlingProcess node, String key, String username) {
    return send(registration(node, key, username)).join();
  }

  private static HttpRequest registration(StarlingProcess node, String key, String username) {
    return registration(node, key, Client.credentials(username));
  }

  private static HttpRequest registration(StarlingProcess node, String key, JsonObject body) {
    return new Client(node.api())
        .request("/api/users")
        .header("Content-Type", "application/json")
        .header("Idempotency-Key", key)
        .POST(BodyPublishers.ofString(body.encode()))
        .build();
  }

  private static String location(HttpResponse<String> response) {
    return response.headers().firstValue("Location").orElseThrow();
  }

  private static void assertProblem(HttpResponse<String> response, int status, String rule) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonObject error = new JsonObject(response.body()).getJsonArray("errors").getJsonObject(0);
    assertThat(error.getString("rule")).isEqualTo(rule);
  }

  private static long users(String names) {
    return postgres.number("SELECT count(*) FROM users WHERE username_key LIKE '" + names + "'");
  }
}
