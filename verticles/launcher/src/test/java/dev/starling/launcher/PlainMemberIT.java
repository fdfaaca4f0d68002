package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowable;

import com.hazelcast.config.Config;
import com.hazelcast.config.XmlConfigBuilder;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.JsonObject;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** A Vert.x program that joins the cluster with no class of ours and sends messages to it. */
class PlainMemberIT {
  @TempDir private static Path directory;
  private static StarlingProcess node;
  private static Vertx member;

  @BeforeAll
  static void join() throws Exception {
    node =
        StarlingProcess.in(directory)
            .onAnyPort()
            .with("cluster.name", "plain")
            .arguments("-cluster")
            .start();
    Config config =
        new XmlConfigBuilder(Path.of("../../cluster-config/cluster.xml").toString())
            .build()
            .setClusterName("plain");
    member =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(new EventBusOptions().setHost("127.0.0.1")))
            .withClusterManager(new HazelcastClusterManager(config))
            .buildClustered()
            .await();
  }

  @AfterAll
  static void leave() {
    member.close().await();
    node.close();
  }

  private static Object send(String address, Object message) {
    return member.eventBus().request(address, message).await().body();
  }

  private static ReplyException refusal(String address, Object message) {
    return (ReplyException) catchThrowable(() -> send(address, message));
  }

  @Test
  void registersAndLogsInByJson() {
    JsonObject credentials = Client.credentials("plain");
    JsonObject user = (JsonObject) send("user.register", credentials);
    assertThat(user.getString("username")).isEqualTo("plain");
    JsonObject tokens = (JsonObject) send("user.login", credentials);
    assertThat(tokens.getString("token_type")).isEqualTo("Bearer");

    ReplyException wrong = refusal("user.login", credentials.copy().put("password", "no"));
    assertThat(wrong.failureCode()).isEqualTo(401);
    assertThat(new JsonObject(wrong.getMessage()).getString("type"))
        .isEqualTo("urn:starling:problem:unauthenticated");
  }

  @Test
  void getsTheSameAnswerAgainForTheSameKey() {
    DeliveryOptions key = new DeliveryOptions().addHeader("idempotency-key", "plain-1");
    JsonObject credentials = Client.credentials("plain.keyed");
    Object user = member.eventBus().request("user.register", credentials, key).await().body();
    assertThat(member.eventBus().request("user.register", credentials, key).await().body())
        .isEqualTo(user);
    assertThat(refusal("user.register", credentials).failureCode()).isEqualTo(409);
  }

  @Test
  void isNotTrustedForBeingOnTheBus() {
    assertThat(refusal("user.me", new JsonObject()).failureCode()).isEqualTo(401);
    assertThat(refusal("user.get", new JsonObject().put("id", "x")).failureCode()).isEqualTo(401);
  }

  static List<BadInput> badInputs() {
    return BadInput.ALL;
  }

  @ParameterizedTest
  @MethodSource("badInputs")
  void isToldWhatIsWrongWithItsMessage(BadInput bad) {
    String text = new String(bad.body(), StandardCharsets.ISO_8859_1);
    for (Object message : List.of(Buffer.buffer(bad.body()), text)) {
      if (message instanceof String && text.contains("\u00ff")) {
        continue; // a string on the bus cannot hold what is not UTF-8
      }
      ReplyException refusal = refusal("user.register", message);
      assertThat(refusal.failureCode()).as(refusal.getMessage()).isEqualTo(bad.status());
    }
  }

  @Test
  void isToldWhenItsMessageIsOfAnotherKind() {
    assertThat(refusal("user.register", 42).failureCode()).isEqualTo(400);
    assertThat(refusal("user.register", null).failureCode()).isEqualTo(400);
  }
}
