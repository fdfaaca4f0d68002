package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Orders that one node takes and others follow, each a process of the real jar. */
class OrdersIT {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final JsonObject LIMITS =
      new JsonObject().put("breaker.calls", 7).put("http.body-limit", 2_048);
  private static final JsonObject FAILING = new JsonObject().put("share", 1).put("error", true);

  @TempDir private Path directory;

  private StarlingProcess.Builder node(String name) {
    return StarlingProcess.in(directory).onAnyPort().inCluster().with("node.name", name);
  }

  @Test
  void outliveTheNodeThatTookThemAndReachTheOneThatJoinsLater() throws Exception {
    try (StarlingProcess first = node("one").start()) {
      new Orders(first, directory).want("limits", LIMITS);
      try (StarlingProcess second = node("two").start()) {
        Orders other = new Orders(second, directory);
        assertThat(other.limit("breaker.calls")).isEqualTo(7);
        first.kill();
        try (StarlingProcess third = node("three").start()) {
          Orders last = new Orders(third, directory);
          assertThat(last.limit("breaker.calls")).isEqualTo(7);
          Client client = new Client(third.api());
          assertThat(client.register("a".repeat(3_000)).statusCode()).isEqualTo(413);

          last.wantNoLonger("limits");

          await().atMost(SOON).until(() -> other.limit("breaker.calls") == 10);
          assertThat(other.desired()).isEmpty();
          assertThat(client.register("a".repeat(3_000)).statusCode()).isEqualTo(422);
        }
      }
    }
  }

  @Test
  void drainANodeBreakAnotherAndMakeNoFaultsUnasked() throws Exception {
    try (StarlingProcess first = node("one").with("faults.enabled", true).start();
        StarlingProcess second = node("two").start()) {
      Orders one = new Orders(first, directory);
      Orders other = new Orders(second, directory);
      await().atMost(SOON).until(() -> one.instances().equals(List.of("one", "two")));
      await().atMost(SOON).until(() -> other.instances().equals(List.of("one", "two")));
      Client client = new Client(first.api());
      await()
          .atMost(SOON)
          .until(() -> List.of(201, 409).contains(client.register("ada").statusCode()));

      one.want("drain/two", new JsonObject());
      await().atMost(SOON).until(() -> !other.isReady());
      await().atMost(SOON).until(() -> one.instances().equals(List.of("one")));
      await().atMost(SOON).until(() -> other.instances().equals(List.of("one")));
      await().atMost(SOON).until(() -> logsIn(new Client(second.api())));
      one.wantNoLonger("drain/two");
      await().atMost(SOON).until(other::isReady);
      await().atMost(SOON).until(() -> one.instances().equals(List.of("one", "two")));

      other.want("breaker/user@one", new JsonObject().put("state", "open"));
      await().atMost(SOON).until(() -> breakers(one).equals(List.of("open", "closed")));
      await().atMost(SOON).until(() -> breakers(other).equals(List.of("open", "closed")));
      await().atMost(SOON).until(() -> logsIn(client));
      other.wantNoLonger("breaker/user@one");
      await().atMost(SOON).until(() -> breakers(one).equals(List.of("closed", "closed")));

      assertThat(other.statusOf("fault/user@one", FAILING)).isEqualTo(403);
      one.want("fault/user@two", FAILING);
      await().atMost(SOON).until(() -> other.desired().equals(List.of("fault/user@two")));
      assertThat(second.stop()).isZero();
      one.want("fault/user@one", FAILING);
      await().atMost(SOON).until(() -> client.login("ada").statusCode() == 500);
      one.wantNoLonger("fault/user@one");
      await().atMost(SOON).until(() -> logsIn(client));
    }
  }

  @Test
  void areTakenAndHealthIsToldWhileAnOperationTakesNoMoreCalls() throws Exception {
    try (StarlingProcess node = node("one").with("faults.enabled", true).start()) {
      Orders one = new Orders(node, directory);
      Client client = new Client(node.api());
      one.want("limits", new JsonObject().put("calls.concurrency", 1));
      one.want("fault/user@one", new JsonObject().put("share", 1).put("delay", 4_000));
      HttpRequest login = client.post("/api/login", Client.credentials("ada").encode());
      CompletableFuture<HttpResponse<String>> working = client.sendLater(login);
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                HttpResponse<String> refusal = client.send(login);
                assertThat(refusal.statusCode()).as(refusal.body()).isEqualTo(503);
                assertThat(refusal.headers().firstValue("Retry-After")).isPresent();
              });

      assertThat(new Client(node.operator()).status("/health/live")).isEqualTo(200);
      assertThat(one.isReady()).isTrue();
      assertThat(one.limit("calls.concurrency")).isEqualTo(1);
      assertThat(working).as("the call that was taken is still being worked on").isNotDone();
    }
  }

  private static boolean logsIn(Client client) throws Exception {
    return client.login("ada").statusCode() == 200;
  }

  private static List<String> breakers(Orders node) throws Exception {
    return node.list("instances").stream()
        .sorted((a, b) -> a.getString("nodeName").compareTo(b.getString("nodeName")))
        .map(instance -> instance.getJsonObject("breaker").getString("state"))
        .toList();
  }
}
