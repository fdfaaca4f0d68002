package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

/** What others write into the map of the registry and say on its address. */
class RegistryIT {
  private static final String ANNOUNCE = "vertx.discovery.announce";
  private static final Announcement GENUINE =
      new Announcement("lab", "node-7", "seven", "lab@node-7", "1", "hash");

  private final Vertx vertx = Vertx.vertx();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Registry registry = new Registry(vertx, List.of(new byte[32]), meters);
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private AsyncMap<String, Object> map;

  @BeforeEach
  void start() {
    map = await(vertx.sharedData().<String, Object>getAsyncMap("service.registry"));
    log.start();
    ((Logger) LoggerFactory.getLogger(Refusals.class)).addAppender(log);
  }

  @AfterEach
  void stop() {
    ((Logger) LoggerFactory.getLogger(Refusals.class)).detachAppender(log);
    await(vertx.close());
  }

  private double refused() {
    return meters.counter("starling.registry.refused").count();
  }

  private JsonObject genuine(String registration) {
    return new JsonObject((String) await(map.get(registration)));
  }

  private Map<String, Object> forged(JsonObject genuine) {
    JsonObject metadata = genuine.getJsonObject("metadata");
    JsonObject unsealed = metadata.copy();
    List.of("seal", "nonce", "sealed-at").forEach(unsealed::remove);
    JsonObject otherSecret =
        new Seal(new byte[] {1}, "starling.registry").seal(unsealed, Instant.now());
    JsonObject otherPurpose =
        new Seal(new byte[32], "starling.desired").seal(unsealed, Instant.now());
    Map<String, Object> forged = new LinkedHashMap<>();
    forged.put("unsealed", genuine.copy().put("metadata", unsealed).encode());
    forged.put("other secret", genuine.copy().put("metadata", otherSecret).encode());
    forged.put("other purpose", genuine.copy().put("metadata", otherPurpose).encode());
    forged.put(
        "moved", genuine.copy().put("metadata", metadata.copy().put("address", "mine")).encode());
    forged.put("bare", new JsonObject().put("type", "starling").encode());
    forged.put("odd metadata", genuine.copy().put("metadata", 7).encode());
    forged.put("array", "[]");
    forged.put("junk\nFAKE LINE", "{junk\0");
    forged.put("bytes", Buffer.buffer("x"));
    forged.put("number", 42);
    return forged;
  }

  @Test
  void readsWhatItsNodesWroteAndReportsTheRest() {
    String registration = await(registry.publish(GENUINE));
    Map<String, Object> forged = forged(genuine(registration));
    forged.forEach((key, record) -> await(map.put(key, record)));

    assertThat(await(registry.all())).isEqualTo(Map.of(registration, GENUINE));
    assertThat(registry.refused()).isEqualTo(forged.keySet());
    assertThat(refused()).isEqualTo(forged.size());
    assertThat(log.list).hasSameSizeAs(forged.keySet());
    assertThat(log.list)
        .extracting(ILoggingEvent::getFormattedMessage)
        .noneMatch(line -> line.contains("\n"))
        .anyMatch(line -> line.endsWith("record moved of the registry"));

    assertThat(await(registry.all())).hasSize(1);
    assertThat(refused()).isEqualTo(2 * forged.size());
    assertThat(log.list).hasSameSizeAs(forged.keySet());
  }

  @Test
  void leavesTheRecordsOfOtherProgramsAlone() {
    await(map.put("theirs", new JsonObject().put("type", "http-endpoint").encode()));

    assertThat(await(registry.all())).isEmpty();
    assertThat(registry.refused()).isEmpty();
    assertThat(refused()).isZero();
  }

  @Test
  void believesTheSealedMembersOnly() {
    String registration = await(registry.publish(GENUINE));
    JsonObject changed =
        genuine(registration)
            .put("name", "forged")
            .put("location", new JsonObject().put("endpoint", "forged"));
    await(map.put(registration, changed.encode()));

    assertThat(await(registry.all())).isEqualTo(Map.of(registration, GENUINE));
  }

  @Test
  void hearsWhatItsNodesAnnounceAndReportsTheRest() {
    Queue<Announcement> up = new ConcurrentLinkedQueue<>();
    Queue<Announcement> down = new ConcurrentLinkedQueue<>();
    String registration = await(registry.publish(GENUINE));
    JsonObject genuine = genuine(registration);
    await(registry.listen(up::add, down::add));
    Map<String, Object> forged = forged(genuine);

    forged.values().forEach(record -> vertx.eventBus().publish(ANNOUNCE, record));
    forged.values().stream()
        .filter(String.class::isInstance)
        .filter(text -> ((String) text).startsWith("{\""))
        .forEach(text -> vertx.eventBus().publish(ANNOUNCE, new JsonObject((String) text)));
    vertx.eventBus().publish(ANNOUNCE, null);
    vertx.eventBus().publish(ANNOUNCE, new JsonArray());
    vertx.eventBus().publish(ANNOUNCE, genuine.copy().put("status", "DOWN"));
    await(registry.withdraw(registration));
    await(registry.publish(GENUINE));

    await().until(() -> !up.isEmpty());
    assertThat(up).containsExactly(GENUINE);
    assertThat(down).containsExactly(GENUINE, GENUINE);
    assertThat(refused()).isGreaterThan(forged.size());
    assertThat(log.list).hasSize(1);
  }
}
