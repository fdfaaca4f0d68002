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
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a node does while its database is away, and when it comes back. */
@Timeout(300)
class DatabaseIT {
  /** Promised are 2 s, on a machine that does nothing else; what it took is printed. */
  private static final Duration BACK = Duration.ofSeconds(20);

  /** Four times the budget of a call, for a machine that does something else. */
  private static final Duration DEADLINE = Duration.ofSeconds(10);

  @TempDir private static Path directory;
  private static Postgres postgres;
  private static StarlingProcess node;
  private static Client client;

  @BeforeAll
  static void start() throws Exception {
    postgres = new Postgres(directory);
    node = node(postgres.url()).start();
    client = new Client(node.api());
  }

  @AfterAll
  static void stop() {
    node.close();
    postgres.close();
  }

  private static StarlingProcess.Builder node(String url) {
    return StarlingProcess.in(directory).onAnyPort().with("database.url", url);
  }

  @Test
  @DisplayName("HT12 starts without its database and serves once that is there")
  void startsWithoutItsDatabaseAndServesOnceThatIsThere() throws Exception {
    postgres.kill();
    try (StarlingProcess early = node(postgres.url()).start()) {
      Client at = new Client(early.api());
      Client operator = new Client(early.operator());
      HttpResponse<String> ready = operator.get("/health/ready");
      assertThat(ready.statusCode()).isEqualTo(503);
      assertThat(ready.body())
          .contains("\"user\"", "The database cannot be reached")
          .doesNotContain(Postgres.PASSWORD, "SELECT");
      assertThat(operator.get("/health/live").statusCode()).isEqualTo(200);
      assertUnavailable(at.registerOnce("early"));
      assertThat(at.get("/openapi.json").statusCode()).isEqualTo(200);

      postgres.restart();
      long back = System.nanoTime();
      await().atMost(BACK).until(() -> at.register("early").statusCode() == 201);
      report("The first user was registered", back);
      await().atMost(BACK).until(() -> operator.status("/health/ready") == 200);
      assertThat(early.output())
          .contains("user does not serve yet: The database cannot be reached")
          .doesNotContain(Postgres.PASSWORD);
    }
  }

  @Test
  void endsInOneLineWhenTheDatabaseRefusesIt() throws Exception {
    assertEndsInOneLine(
        postgres.url().replace(Postgres.PASSWORD, "another-canary"), "password authentication");
    assertEndsInOneLine(postgres.url() + "-that-is-not-there", "does not exist");
  }

  @Test
  void endsInOneLineWhenItsTablesWereTamperedWith() throws Exception {
    postgres.query("CREATE DATABASE tampered");
    String url = postgres.url().replaceAll("[^/]+$", "tampered");
    try (StarlingProcess first = node(url).start()) {
      assertThat(first.isAlive()).isTrue();
    }
    postgres.query(url, "UPDATE schema_history SET checksum = 'x' WHERE script LIKE 'V2%'");
    assertEndsInOneLine(url, "V2__idempotency.sql was changed");
  }

  private static void assertEndsInOneLine(String url, String reason) throws Exception {
    StarlingProcess refused = node(url).launch();
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.output()).doesNotContain("canary");
    assertThat(refused.output().strip().lines())
        .filteredOn(line -> !line.matches("\\S+ (INFO|WARN) .*"))
        .singleElement()
        .asString()
        .contains(reason);
  }

  @Test
  void survivesTheDeathOfItsDatabase() throws Exception {
    try (Traffic traffic = new Traffic("killed")) {
      traffic.flows();
      postgres.kill();
      traffic.failsInTime();
      postgres.restart();
      traffic.flowsAgain();
      traffic.lostNothing();
    }
  }

  @Test
  void survivesTheLossOfAllItsConnections() throws Exception {
    try (Traffic traffic = new Traffic("cut")) {
      traffic.flows();
      postgres.query(
          """
          SELECT pg_terminate_backend(pid) FROM pg_stat_activity
          WHERE application_name = 'starling-user'""");
      traffic.flowsAgain();
      traffic.lostNothing();
    }
  }

  @Test
  void changesItsConnectionsWhileItRuns() throws Exception {
    Orders operator = new Orders(node, directory);
    try (Traffic traffic = new Traffic("resized")) {
      traffic.flows();
      operator.want("limits", new JsonObject().put("database.pool-size", 2));
      try {
        await().atMost(BACK).until(() -> connections() <= 2);
        traffic.flows();
      } finally {
        operator.wantNoLonger("limits");
      }
      await().atMost(BACK).until(() -> connections() > 2);
      traffic.flows();
      traffic.lostNothing();
    }
  }

  private static long connections() {
    return postgres.number(
        """
        SELECT count(*) FROM pg_stat_activity WHERE application_name = 'starling-user'""");
  }

  @Test
  @DisplayName("HT11 survives a database that stands still")
  void survivesADatabaseThatStandsStill() throws Exception {
    try (Traffic traffic = new Traffic("frozen")) {
      traffic.flows();
      postgres.freeze();
      try {
        traffic.failsInTime();
        Client operator = new Client(node.operator());
        for (int i = 0; i < 20; i++) {
          assertThat(operator.get("/health/live").statusCode()).isEqualTo(200);
          assertThat(client.get("/openapi.json").statusCode()).isEqualTo(200);
          assertThat(client.get("/.well-known/jwks.json").statusCode()).isEqualTo(200);
        }
        assertThat(operator.get("/health/ready").body()).contains("\"database\"", "\"down\"");
        traffic.failsInTime();
      } finally {
        postgres.thaw();
      }
      traffic.flowsAgain();
      traffic.lostNothing();
    }
  }

  @Test
  void givesUpWaitingForALock() throws Exception {
    assertThat(client.register("before.the.lock").statusCode()).isEqualTo(201);
    try (Postgres.Lock lock = postgres.lock("users")) {
      assertThat(lock).isNotNull();
      assertUnavailable(client.registerOnce("behind.the.lock"));
    }
    await().atMost(BACK).until(() -> client.register("behind.the.lock").statusCode() == 201);
  }

  private static void assertUnavailable(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(503);
    assertThat(response.headers().firstValue("Retry-After")).isPresent();
  }

  private static void report(String what, long since) {
    System.out.printf(
        "%s %d ms after the database was back%n", what, (System.nanoTime() - since) / 1_000_000);
  }

  /** Some clients that register users with a key, and read the account of one of them. */
  private static final class Traffic implements AutoCloseable {
    private static final int CLIENTS = 8;

    private final String prefix;
    private final String token;
    private final AtomicInteger number = new AtomicInteger();
    private final AtomicInteger good = new AtomicInteger();
    private final AtomicInteger bad = new AtomicInteger();
    private final Queue<JsonObject> acknowledged = new ConcurrentLinkedQueue<>();
    private final Queue<String> wrong = new ConcurrentLinkedQueue<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);

    Traffic(String prefix) throws Exception {
      this.prefix = prefix;
      await().atMost(BACK).until(() -> client.register(prefix + ".reader").statusCode() != 503);
      token = new JsonObject(client.login(prefix + ".reader").body()).getString("access_token");
      for (int i = 0; i < CLIENTS; i++) {
        Task task = i % 4 == 0 ? this::register : this::read;
        clients.execute(() -> repeat(task));
      }
    }

    private void repeat(Task task) {
      while (!over.get()) {
        try {
          task.run();
        } catch (Exception e) {
          wrong.add(e.toString());
        }
      }
    }

    private interface Task {
      void run() throws Exception;
    }

    /** A password hash that was begun is not ended, so that it may take longer than the call. */
    private void register() throws Exception {
      HttpResponse<String> response = send(registration(prefix + number.incrementAndGet()));
      if (response.statusCode() == 201) {
        acknowledged.add(new JsonObject(response.body()));
      } else if (response.statusCode() != 504) {
        expectUnavailable(response);
      }
    }

    private void read() throws Exception {
      HttpResponse<String> response =
          send(client.request("/api/users/me").header("Authorization", "Bearer " + token).build());
      if (response.statusCode() == 200) {
        good.incrementAndGet();
      } else {
        expectUnavailable(response);
      }
    }

    private void expectUnavailable(HttpResponse<String> response) {
      if (response.statusCode() != 503 || response.headers().firstValue("Retry-After").isEmpty()) {
        wrong.add(response.statusCode() + ": " + response.body());
      }
      bad.incrementAndGet();
    }

    private HttpResponse<String> send(HttpRequest request) throws Exception {
      long begin = System.nanoTime();
      HttpResponse<String> response = client.send(request);
      Duration took = Duration.ofNanos(System.nanoTime() - begin);
      if (took.compareTo(DEADLINE) > 0) {
        wrong.add(response.statusCode() + " after " + took);
      }
      return response;
    }

    private static HttpRequest registration(String name) {
      return client
          .request("/api/users")
          .header("Content-Type", "application/json")
          .header("Idempotency-Key", name)
          .POST(BodyPublishers.ofString(Client.credentials(name).encode()))
          .build();
    }

    void flows() {
      int before = good.get();
      int registered = acknowledged.size();
      await()
          .atMost(Duration.ofSeconds(120))
          .until(() -> good.get() > before + 100 && acknowledged.size() > registered + 3);
    }

    void failsInTime() {
      int before = bad.get();
      await().atMost(Duration.ofSeconds(60)).until(() -> bad.get() > before + 5 * CLIENTS);
    }

    void flowsAgain() {
      long back = System.nanoTime();
      int before = good.get();
      await().atMost(BACK).until(() -> good.get() > before);
      report("The first read of " + prefix + " succeeded", back);
      flows();
    }

    /** Every user acknowledged is there, once, and is what the key gives again. */
    void lostNothing() throws Exception {
      close();
      assertThat(wrong).isEmpty();
      List<String> ids =
          postgres.query("SELECT id::text FROM users").stream().map(r -> r.getString(0)).toList();
      assertThat(ids).doesNotHaveDuplicates();
      for (JsonObject user : acknowledged) {
        assertThat(ids).contains(user.getString("id"));
      }
      JsonObject last = acknowledged.peek();
      HttpRequest again = registration(last.getString("username"));
      await().until(() -> new JsonObject(client.send(again).body()).equals(last));
    }

    @Override
    public void close() {
      over.set(true);
      clients.shutdown();
      await().atMost(Duration.ofSeconds(30)).until(clients::isTerminated);
    }
  }
}
