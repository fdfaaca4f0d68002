package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.servicediscovery.Record;
import io.vertx.servicediscovery.ServiceDiscovery;
import io.vertx.servicediscovery.ServiceDiscoveryOptions;
import io.vertx.servicediscovery.Status;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Consumer;
import java.util.function.Predicate;

/**
 * The cluster's list of instances, kept by Vert.x service discovery; nothing else touches that.
 *
 * <p>It is read when a node starts and in reconciliation, never for a call: each reading scans the
 * whole cluster map.
 */
final class Registry {
  private static final String TYPE = "starling";

  private final Vertx vertx;
  private final ServiceDiscovery discovery;

  Registry(Vertx vertx) {
    this.vertx = vertx;
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

  /** All records, by registration. */
  Future<Map<String, Announcement>> all() {
    return discovery
        .getRecords(r -> TYPE.equals(r.getType()))
        .map(
            records -> {
              Map<String, Announcement> all = new HashMap<>();
              records.forEach(r -> all.put(r.getRegistration(), fromRecord(r)));
              return all;
            });
  }

  /**
   * Hands on what instances announce; messages may be lost, reconciliation finds the rest.
   *
   * @param changed runs when a record may have gone: anybody on the bus could say so, so look
   */
  Future<Void> listen(Consumer<Announcement> up, Runnable changed) {
    Predicate<Record> ours = r -> TYPE.equals(r.getType());
    return vertx
        .eventBus()
        .<JsonObject>consumer(
            discovery.options().getAnnounceAddress(),
            message -> {
              Record record = new Record(message.body());
              if (ours.test(record) && record.getStatus() == Status.UP) {
                up.accept(fromRecord(record));
              } else if (ours.test(record)) {
                changed.run();
              }
            })
        .completion();
  }

  void close() {
    discovery.close();
  }

  private static Record toRecord(Announcement a) {
    return new Record()
        .setType(TYPE)
        .setName(a.service())
        .setLocation(new JsonObject().put(Record.ENDPOINT, a.address()))
        .setMetadata(
            new JsonObject()
                .put("node", a.node())
                .put("node-name", a.nodeName())
                .put("version", a.version())
                .put("contract", a.contract()));
  }

  private static Announcement fromRecord(Record r) {
    JsonObject metadata = r.getMetadata();
    return new Announcement(
        r.getName(),
        metadata.getString("node"),
        metadata.getString("node-name"),
        r.getLocation().getString(Record.ENDPOINT),
        metadata.getString("version"),
        metadata.getString("contract"));
  }
}
