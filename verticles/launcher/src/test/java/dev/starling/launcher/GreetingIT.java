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
 * A service that is not ours, built by its own Maven project against our artifacts, on a node of
 * its own, through the gateway of another node that has never seen its classes.
 */
class GreetingIT {
  private static final Path GREETING =
      Path.of("target", "it", "greeting", "target", "greeting.jar").toAbsolutePath();

  private static final Duration SOON = Duration.ofSeconds(15);

  @TempDir private Path directory;

  @Test
  void answersThroughTheGatewayOfAnotherNode() throws Exception {
    try (StarlingProcess gateway =
            StarlingProcess.in(directory)
                .onAnyPort()
                .inCluster()
                .with("services", "gateway")
                .start();
        StarlingProcess greeting =
            StarlingProcess.in(directory)
                .onAnyPort()
                .inCluster()
                .with("services", "greeting,welcome")
                .arguments("-services", GREETING.toString())
                .start()) {
      assertThat(greeting.isAlive()).isTrue();
      Client client = new Client(gateway.api());
      await().atMost(SOON).until(() -> client.status("/greetings/Ada") == 200);
      HttpResponse<String> hello = client.get("/greetings/Ada%20Lovelace");
      assertThat(new JsonObject(hello.body()).getString("text")).isEqualTo("Hello, Ada Lovelace");
      assertThat(client.get("/greetings/%20").statusCode()).isEqualTo(422);
      await().atMost(SOON).until(() -> client.status("/welcomes/Ada") == 200);
      assertThat(new JsonObject(client.get("/welcomes/Ada").body()))
          .isEqualTo(new JsonObject().put("text", "Hello, Ada").put("plain", false));
      assertThat(client.get("/openapi.json").body()).contains("/greetings/{name}");
    }
  }
}
