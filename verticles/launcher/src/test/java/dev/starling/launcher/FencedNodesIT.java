package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A cluster of at least two, of which one is silent for a while: to the other a split is no
 * different.
 */
class FencedNodesIT {
  /** Three times what is promised. */
  private static final Duration NOTICED = Duration.ofSeconds(36);

  private static final Duration WHOLE = Duration.ofSeconds(45);

  @TempDir private Path directory;

  private StarlingProcess.Builder node() {
    return StarlingProcess.in(directory).onAnyPort().inCluster().with("cluster.minimum-size", 2);
  }

  @Test
  void changeNothingUntilTheyAreWholeAgain() throws Exception {
    try (StarlingProcess first = node().launch();
        StarlingProcess second = node().launch()) {
      Client one = new Client(first.awaitUp().api());
      Client operator = new Client(first.operator());
      Client other = new Client(second.awaitUp().api());
      await().atMost(WHOLE).until(() -> operator.status("/health/ready") == 200);
      assertThat(one.register("ada").statusCode()).isEqualTo(201);

      second.freeze();
      await().atMost(NOTICED).until(() -> operator.status("/health/ready") == 503);
      assertThat(operator.get("/health/ready").body()).contains("sees 1 of at least 2 nodes");
      HttpResponse<String> refusal = one.registerOnce("bob");
      assertThat(refusal.statusCode()).as(refusal.body()).isEqualTo(503);
      assertThat(refusal.headers().firstValue("Retry-After")).isPresent();
      assertThat(new JsonObject(refusal.body()).getString("detail")).contains("cut off");
      String logout = new JsonObject().put("refresh_token", "rt_x").encode();
      assertThat(one.send(one.post("/api/logout", logout)).statusCode())
          .as("what may be repeated changes something, too")
          .isEqualTo(503);
      assertThat(one.status("/.well-known/jwks.json")).as("a query").isEqualTo(200);

      second.thaw();
      await().atMost(WHOLE).until(() -> one.register("bob").statusCode() == 201);
      await().atMost(WHOLE).until(() -> other.login("bob").statusCode() == 200);
      await().atMost(WHOLE).until(() -> operator.status("/health/ready") == 200);
      assertThat(one.register("bob").statusCode()).as("it happened once").isEqualTo(409);
    }
  }
}
