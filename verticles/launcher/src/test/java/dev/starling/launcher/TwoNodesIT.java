package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two processes of the real jar on one machine: {@code java -jar starling.jar -cluster}, twice. */
class TwoNodesIT {
  @TempDir private Path directory;

  private StarlingProcess.Builder node() {
    return StarlingProcess.in(directory).onAnyPort().inCluster();
  }

  @Test
  @DisplayName("ID3 MG1 start at the same instant on nothing and share one database")
  void startAtTheSameInstantOnNothingAndShareOneDatabase() throws Exception {
    try (StarlingProcess first = node().launch();
        StarlingProcess second = node().launch()) {
      Client one = new Client(first.awaitUp().api());
      Client other = new Client(second.awaitUp().api());
      assertThat(first.output()).doesNotContain("native transport");
      assertThat(one.register("ada").statusCode()).isEqualTo(201);
      HttpResponse<String> login = other.login("ada");
      assertThat(login.statusCode()).as(login.body()).isEqualTo(200);
      String token = new JsonObject(login.body()).getString("access_token");
      assertThat(me(one, token)).isEqualTo(200);

      registerOneNameManyTimes(one, other);

      assertThat(first.stop()).isZero();
      assertThat(other.login("racer").statusCode()).isEqualTo(200);
      assertThat(second.stop()).isZero();
      assertThat(directory.resolve("data/postgresql")).isDirectory();
      assertThat(postgresRuns()).isFalse();
    }
  }

  @Test
  @DisplayName("AT7 RT8 an access token is refused on every node once its session has ended")
  void refuseTokensOfSessionsThatHaveEnded() throws Exception {
    try (StarlingProcess first = node().launch();
        StarlingProcess second = node().launch()) {
      Client one = new Client(first.awaitUp().api());
      Client other = new Client(second.awaitUp().api());
      assertThat(one.register("ada").statusCode()).isEqualTo(201);
      JsonObject ended = new JsonObject(one.login("ada").body());
      String token = ended.getString("access_token");
      String going = new JsonObject(one.login("ada").body()).getString("access_token");
      assertThat(me(other, token)).isEqualTo(200);

      String body =
          new JsonObject().put("refresh_token", ended.getString("refresh_token")).encode();
      HttpResponse<String> done = one.patiently(one.post("/api/logout", body));
      assertThat(done.statusCode()).isEqualTo(204);
      assertThat(done.body()).isEmpty();
      assertThat(done.headers().firstValue("Content-Type")).isEmpty();

      for (Client node : List.of(one, other)) {
        await()
            .atMost(Duration.ofSeconds(6)) // three times what is promised
            .until(() -> me(node, token) == 401);
        assertThat(me(node, going)).isEqualTo(200);
      }
      assertThat(one.patiently(one.post("/api/refresh", body)).statusCode()).isEqualTo(401);

      assertThat(first.stop()).isZero();
      try (StarlingProcess third = node().start()) {
        Client anew = new Client(third.api());
        assertThat(me(anew, token)).as("no start brings it back").isEqualTo(401);
        assertThat(me(anew, going)).isEqualTo(200);
      }
    }
  }

  private static int me(Client client, String token) throws Exception {
    return client
        .patiently(
            client.request("/api/users/me").header("Authorization", "Bearer " + token).build())
        .statusCode();
  }

  private static void registerOneNameManyTimes(Client one, Client other) throws Exception {
    List<CompletableFuture<HttpResponse<String>>> all = new ArrayList<>();
    for (int i = 0; i < 64; i++) {
      Client client = i % 2 == 0 ? one : other;
      String name = i % 4 < 2 ? "racer" : "RACER";
      all.add(client.sendLater(client.post("/api/users", Client.credentials(name).encode())));
    }
    List<Integer> statuses = new ArrayList<>();
    all.forEach(answer -> statuses.add(answer.join().statusCode()));
    assertThat(statuses).allMatch(s -> s == 201 || s == 409 || s == 503 || s == 504);
    statuses.add(one.register("racer").statusCode());
    if (statuses.contains(504)) { // of which nobody knows whether it happened
      assertThat(statuses).filteredOn(s -> s == 201).hasSizeLessThanOrEqualTo(1);
    } else {
      assertThat(statuses).filteredOn(s -> s == 201).hasSize(1);
    }
  }

  private boolean postgresRuns() throws IOException {
    try (var files = Files.walk(directory)) {
      return files.anyMatch(f -> f.getFileName().toString().equals("postmaster.pid"));
    }
  }

  @Test
  void theSecondTakesTheNextFreePortsAndSaysSo() throws Exception {
    StarlingProcess.Builder settings = StarlingProcess.in(directory).inCluster();
    try (StarlingProcess first = settings.start();
        StarlingProcess second = settings.start()) {
      assertThat(second.api().getPort()).isGreaterThan(first.api().getPort());
      assertThat(second.operator().getPort()).isGreaterThan(first.operator().getPort());
      assertThat(second.output()).contains("is taken; trying");
    }
  }

  @Test
  void refuseEachOtherWithOtherSecrets() throws Exception {
    try (StarlingProcess first = node().with("node.name", "one").start()) {
      StarlingProcess second =
          node().with("secrets.directory", directory.resolve("others")).launch();
      assertThat(second.exitCode()).isEqualTo(1);
      assertThat(second.output().strip().lines())
          .filteredOn(line -> !line.contains(" WARN ")) // Hazelcast, of other clusters near by
          .singleElement()
          .asString()
          .contains("secrets", "node one");
      assertThat(new Client(first.api()).register("ada").statusCode()).isEqualTo(201);
    }
  }

  @Test
  void losesNoAcknowledgedUserWhenANodeIsKilled() throws Exception {
    try (StarlingProcess first = node().start();
        StarlingProcess second = node().start()) {
      Queue<String> acknowledged = new ConcurrentLinkedQueue<>();
      AtomicBoolean over = new AtomicBoolean();
      AtomicInteger number = new AtomicInteger();
      ExecutorService clients = Executors.newFixedThreadPool(4);
      for (int i = 0; i < 4; i++) {
        Client client = new Client(i % 2 == 0 ? first.api() : second.api());
        clients.execute(
            () -> {
              while (!over.get()) {
                register(client, "user" + number.incrementAndGet(), acknowledged);
              }
            });
      }
      await().atMost(Duration.ofSeconds(60)).until(() -> acknowledged.size() > 40);
      first.kill();
      int atTheKill = acknowledged.size();
      await().atMost(Duration.ofSeconds(60)).until(() -> acknowledged.size() > atTheKill + 40);
      over.set(true);
      clients.shutdown();
      assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();

      Client survivor = new Client(second.api());
      for (String name : acknowledged) {
        assertThat(survivor.register(name).statusCode()).as(name).isEqualTo(409);
      }
    }
  }

  private static void register(Client client, String name, Queue<String> acknowledged) {
    try {
      if (client.register(name).statusCode() == 201) {
        acknowledged.add(name);
      }
    } catch (IOException e) {
      // The node of this client has gone: nothing was acknowledged.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  @Test
  void aGatewayAloneWaitsForItsServiceAndServesAtOnce() throws Exception {
    try (StarlingProcess gateway = node().arguments("-conf", conf("gateway.yaml")).start()) {
      Client client = new Client(gateway.api());
      HttpResponse<String> none = client.login("ada");
      assertThat(none.statusCode()).isEqualTo(503);
      assertThat(none.headers().firstValue("Retry-After")).isPresent();
      assertThat(client.get("/openapi.json").body()).doesNotContain("/api/login");

      try (StarlingProcess users = node().arguments("-conf", conf("user-service.yaml")).start()) {
        assertThat(users.output()).doesNotContain("API");
        long appeared = System.nanoTime();
        await()
            .atMost(Duration.ofSeconds(3)) // promised is one, on a machine that does nothing else
            .pollInterval(Duration.ofMillis(20))
            .until(() -> client.status("/.well-known/jwks.json") == 200);
        System.out.printf(
            "The gateway served %d ms after its service was up%n",
            (System.nanoTime() - appeared) / 1_000_000);
        assertThat(client.register("ada").statusCode()).isEqualTo(201);
        users.kill();
        await()
            .atMost(Duration.ofSeconds(5))
            .until(() -> client.status("/.well-known/jwks.json") == 503);
      }
    }
  }

  private static String conf(String file) {
    return Path.of("../../conf", file).toAbsolutePath().toString();
  }
}
