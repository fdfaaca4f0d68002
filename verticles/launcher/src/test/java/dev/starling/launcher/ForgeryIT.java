package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.Config;
import com.hazelcast.config.XmlConfigBuilder;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A member of the cluster that does not know its secret, and writes where the nodes read. */
class ForgeryIT {
  private static final String ANNOUNCE = "vertx.discovery.announce";
  private static final String DESIRED = "starling.desired";
  private static final JsonObject LIMITS = new JsonObject().put("breaker.calls", 7);

  /** Longer than a reconciliation of the registry, and than some of the desired state. */
  private static final Duration PATIENCE = Duration.ofSeconds(12);

  @TempDir private static Path directory;
  private static StarlingProcess node;
  private static Orders orders;
  private static Client client;
  private static Vertx member;
  private static AsyncMap<String, Object> registry;
  private static AsyncMap<String, Object> desired;

  @BeforeAll
  static void join() throws Exception {
    node =
        StarlingProcess.in(directory)
            .onAnyPort()
            .with("node.name", "one")
            .with("cluster.name", "forgery")
            .arguments("-cluster")
            .start();
    orders = new Orders(node, directory);
    client = new Client(node.api());
    Config config =
        new XmlConfigBuilder(Path.of("../../cluster-config/cluster.xml").toString())
            .build()
            .setClusterName("forgery");
    member =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(new EventBusOptions().setHost("127.0.0.1")))
            .withClusterManager(new HazelcastClusterManager(config))
            .buildClustered()
            .await();
    registry = member.sharedData().<String, Object>getClusterWideMap("service.registry").await();
    desired = member.sharedData().<String, Object>getClusterWideMap(DESIRED).await();
    await()
        .atMost(PATIENCE)
        .until(() -> List.of(201, 409).contains(client.register("ada").statusCode()));
  }

  @AfterAll
  static void leave() {
    member.close().await();
    node.close();
  }

  private static double refusedRecords() throws Exception {
    return orders.counter("starling_registry_refused_total");
  }

  private static double refusedOrders() throws Exception {
    return orders.counter("starling_desired_refused_total");
  }

  @Test
  void getsNoCallsByARecord() throws Exception {
    AtomicInteger stolen = new AtomicInteger();
    member
        .eventBus()
        .consumer("user@forged", message -> stolen.incrementAndGet())
        .completion()
        .await();
    JsonObject genuine = genuineRecord();
    JsonObject metadata = genuine.getJsonObject("metadata");
    JsonObject unsealed = metadata.copy().put("address", "user@forged");
    unsealed.remove("seal");
    Map<String, Object> forged =
        Map.of(
            "changed", with(genuine, metadata.copy().put("address", "user@forged")).encode(),
            "unsealed", with(genuine, unsealed).encode(),
            "junk", "{",
            "bytes", Buffer.buffer("x"));
    double before = refusedRecords();

    forged.forEach((key, record) -> registry.put(key, record).await());
    forged.values().forEach(record -> member.eventBus().publish(ANNOUNCE, record));
    member
        .eventBus()
        .publish(ANNOUNCE, with(genuine, metadata.copy().put("address", "user@forged")));
    // All of them announced, and all of them read.
    await().atMost(PATIENCE).until(() -> refusedRecords() >= before + 5 + 4);

    for (int i = 0; i < 20; i++) {
      client.login("ada");
    }
    assertServes();
    assertThat(stolen).hasValue(0);
    assertThat(orders.instances()).containsExactly("one");
    assertThat(node.output())
        .containsOnlyOnce("Ignored, since no node of ours wrote it: record changed of the registry")
        .containsOnlyOnce("Ignored, since no node of ours wrote it: record junk of the registry");
    forged.keySet().forEach(key -> registry.remove(key).await());
  }

  private static void assertServes() {
    await().atMost(PATIENCE).until(() -> client.login("ada").statusCode() == 200);
  }

  private static JsonObject with(JsonObject record, JsonObject metadata) {
    return record.copy().put("metadata", metadata);
  }

  private static JsonObject genuineRecord() {
    return registry.values().await().stream()
        .filter(String.class::isInstance)
        .filter(text -> ((String) text).contains("user@"))
        .map(text -> new JsonObject((String) text))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void endsNoInstanceBySayingSo() throws Exception {
    for (int i = 0; i < 50; i++) {
      member.eventBus().publish(ANNOUNCE, genuineRecord().put("status", "DOWN"));
      assertThat(client.get("/.well-known/jwks.json").body()).doesNotContain("no instance");
    }
  }

  @Test
  void ordersNothing() throws Exception {
    orders.want("limits", LIMITS);
    String genuine = (String) desired.get("limits").await();
    double before = refusedOrders();
    Map<String, Object> forged =
        Map.of(
            "limits", genuine.replace(":7", ":8"),
            "drain/one", new JsonObject().put("key", "drain/one").put("value", "{}").encode(),
            "breaker/user@one", genuine,
            "junk", "{",
            "bytes", Buffer.buffer("x"));
    assertThat(forged.get("limits")).isNotEqualTo(genuine);

    forged.forEach((key, order) -> desired.put(key, order).await());
    forged.values().forEach(order -> member.eventBus().publish(DESIRED, order));
    // All of them read; four of five heard, since one of the notices is genuine.
    await().atMost(PATIENCE).until(() -> refusedOrders() >= before + 5 + 4);

    assertThat(orders.desired()).containsExactly("limits");
    assertThat(orders.limit("breaker.calls")).isEqualTo(7);
    assertThat(orders.isReady()).isTrue();
    await().atMost(PATIENCE).until(() -> genuine.equals(desired.get("limits").await()));
    assertServes();
    assertThat(node.output())
        .containsOnlyOnce("no node of ours wrote it: entry drain/one of the desired state");
    forged.keySet().stream()
        .filter(key -> !key.equals("limits"))
        .forEach(key -> desired.remove(key).await());
    orders.wantNoLonger("limits");
  }

  @Test
  void bringsNothingBackThatAnOperatorHasEnded() throws Exception {
    orders.want("drain/two", new JsonObject());
    Object old = desired.get("drain/two").await();
    orders.wantNoLonger("drain/two");
    Object end = desired.get("drain/two").await();

    desired.put("drain/two", old).await();
    member.eventBus().publish(DESIRED, old);

    await().atMost(PATIENCE).until(() -> end.equals(desired.get("drain/two").await()));
    assertThat(orders.desired()).isEqualTo(List.of());
  }

  @Test
  void wipesNothingForLong() throws Exception {
    orders.want("drain/three", new JsonObject());
    Object genuine = desired.get("drain/three").await();

    desired.clear().await();
    registry.clear().await();

    await().atMost(PATIENCE).until(() -> genuine.equals(desired.get("drain/three").await()));
    await().atMost(PATIENCE).until(() -> registry.size().await() == 1);
    assertServes();
    orders.wantNoLonger("drain/three");
  }
}
