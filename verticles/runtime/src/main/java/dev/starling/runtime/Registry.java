package dev.starling.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import io.vertx.servicediscovery.Record;
import io.vertx.servicediscovery.ServiceDiscovery;
import io.vertx.servicediscovery.ServiceDiscoveryOptions;
import io.vertx.servicediscovery.Status;
import java.time.Instant;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * The cluster's list of instances, kept by Vert.x service discovery; nothing else touches that.
 *
 * <p>It is read when a node starts and in reconciliation, never for a call: each reading scans the
 * whole cluster map. A record is believed for its {@link Seal} alone; one without is ignored and
 * reported. That a record is genuine does not make it current: anyone can send a copy of it again,
 * so an announcement is worth no more than the membership of its node, and the end of an instance
 * is no more than a hint to look.
 */
final class Registry {
  private static final String TYPE = "starling";

  /** The map of the backend, which itself can read no record when it cannot read one of them. */
  private static final String MAP = "service.registry";

  private final Vertx vertx;
  private final Seal seal;
  private final Refusals refusals;
  private final ServiceDiscovery discovery;

  /** What the last reading believed, by registration: to check a seal takes most of one. */
  private volatile Map<String, Believed> believed = Map.of();

  /** Registrations that the last reading did not believe. */
  private volatile Set<String> refused = Set.of();

  /** A value of the map, and what it announces. */
  private record Believed(Object value, Announcement announcement) {}

  Registry(Vertx vertx, List<byte[]> secrets, MeterRegistry meters) {
    this.vertx = vertx;
    this.seal = new Seal(secrets, "starling.registry");
    this.refusals = new Refusals(meters, "starling.registry.refused");
    this.discovery =
        ServiceDiscovery.create(vertx, new ServiceDiscoveryOptions().setUsageAddress(null));
  }

  /** Publishes a new record and gives its registration. */
  Future<String> publish(Announcement announcement) {
    return discovery.publish(toRecord(announcement)).map(Record::getRegistration);
  }

  Future<Void> withdraw(String registration) {
    return discovery.unpublish(registration);
  }

  /** All records that nodes of ours wrote, by registration. */
  Future<Map<String, Announcement>> all() {
    return vertx
        .sharedData()
        .<Object, Object>getAsyncMap(MAP)
        .compose(AsyncMap::entries)
        .map(this::read);
  }

  private Map<String, Announcement> read(Map<Object, Object> entries) {
    Map<String, Believed> before = believed;
    Map<String, Believed> now = new HashMap<>();
    Set<String> not = new HashSet<>();
    entries.forEach(
        (key, value) -> {
          String registration = String.valueOf(key);
          Believed known = before.get(registration);
          if (known != null && known.value().equals(value)) {
            now.put(registration, known);
          } else {
            read("record " + registration + " of the registry", value)
                .ifPresent(a -> now.put(registration, new Believed(value, a)));
            if (!now.containsKey(registration) && !isOfAnother(parse(value))) {
              not.add(registration);
            }
          }
        });
    believed = now;
    refused = not;
    Map<String, Announcement> all = new HashMap<>();
    now.forEach((registration, found) -> all.put(registration, found.announcement()));
    return all;
  }

  /** The registrations of what the last reading found that no node of ours wrote. */
  Set<String> refused() {
    return refused;
  }

  /**
   * Hands on what instances announce; messages may be lost, reconciliation finds the rest.
   *
   * @param up gets what nodes of ours have announced, now or long ago
   * @param down gets those that may have ended
   */
  Future<Void> listen(Consumer<Announcement> up, Consumer<Announcement> down) {
    return vertx
        .eventBus()
        .<Object>consumer(
            discovery.options().getAnnounceAddress(),
            message ->
                read("announcement of an instance", message.body())
                    .ifPresent(
                        announcement -> {
                          if (isUp(message.body())) {
                            up.accept(announcement);
                          } else {
                            down.accept(announcement);
                          }
                        }))
        .completion();
  }

  void close() {
    discovery.close();
  }

  private static boolean isUp(Object record) {
    return Status.UP.name().equals(((JsonObject) record).getValue("status"));
  }

  private Record toRecord(Announcement a) {
    JsonObject metadata =
        new JsonObject()
            .put("service", a.service())
            .put("node", a.node())
            .put("node-name", a.nodeName())
            .put("address", a.address())
            .put("version", a.version())
            .put("contract", a.contract());
    return new Record()
        .setType(TYPE)
        .setName(a.service())
        .setLocation(new JsonObject().put(Record.ENDPOINT, a.address()))
        .setMetadata(seal.seal(metadata, Instant.now()));
  }

  /** What is sealed counts; the rest of the record is for other readers. */
  Optional<Announcement> read(String what, Object found) {
    JsonObject record = parse(found);
    if (isOfAnother(record)) {
      return Optional.empty();
    }
    Optional<Announcement> announcement =
        Optional.ofNullable(record)
            .flatMap(r -> seal.open(r.getValue("metadata")))
            .map(Registry::announcement);
    if (announcement.isEmpty()) {
      refusals.report(what);
    }
    return announcement;
  }

  /** Whether another program wrote it, for itself. */
  private static boolean isOfAnother(JsonObject record) {
    return record != null && !TYPE.equals(record.getValue("type"));
  }

  private static JsonObject parse(Object found) {
    try {
      return found instanceof String text ? new JsonObject(text) : (JsonObject) found;
    } catch (DecodeException | ClassCastException e) {
      return null;
    }
  }

  private static Announcement announcement(JsonObject sealed) {
    return new Announcement(
        sealed.getString("service"),
        sealed.getString("node"),
        sealed.getString("node-name"),
        sealed.getString("address"),
        sealed.getString("version"),
        sealed.getString("contract"));
  }
}
