package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps the instances that this node knows true to the registry, and the registry true to the nodes
 * there are.
 *
 * <p>Three sources feed it, and no single message is needed: announcements are applied as deltas,
 * the instances of a node that leaves are dropped at once, and a reading of the registry every five
 * seconds finds whatever was missed. Anyone on the bus can send a genuine record again: an
 * announcement counts only while its node is a member, and the end of an instance only once the
 * registry says so. One survivor, the node with the smallest id, also removes the records of nodes
 * that have left; a node that misses its own record publishes it again.
 */
final class Reconciliation {
  private static final Logger log = LoggerFactory.getLogger(Reconciliation.class);
  private static final long EVERY = 5_000;

  private final Vertx vertx;
  private final Membership membership;
  private final Registry registry;
  private final Instances instances;
  private final Contracts contracts;
  private final Journal journal;
  private final Runnable refresh;
  private final Runnable refreshSoon;

  /** What this node offers, by service. */
  private final Map<String, Announcement> offers = new ConcurrentHashMap<>();

  /** When an instance was first missing from the registry, by its address. */
  private final Map<String, Long> missing = new ConcurrentHashMap<>();

  /** Records that announce nothing that is there, by registration. */
  private volatile Map<String, Stale> stale = Map.of();

  /** Such a record, and when a reading found it first. */
  private record Stale(String instance, String why, long since) {}

  /** Addresses of which it was said that their instance has ended, since the last reading began. */
  private Set<String> ended = new HashSet<>();

  /** When the registry was last read. */
  private volatile long read = System.nanoTime();

  private volatile boolean closed;
  private Future<Void> reconciling;
  private boolean reconcileAgain;
  private long timer;

  /**
   * Knows of no instance yet.
   *
   * @param refresh when it returns, what is gone is not called any more
   * @param refreshSoon the same for what has come, once for many of them
   */
  Reconciliation(
      Vertx vertx,
      Membership membership,
      Registry registry,
      Instances instances,
      Contracts contracts,
      Journal journal,
      Runnable refresh,
      Runnable refreshSoon) {
    this.vertx = vertx;
    this.membership = membership;
    this.registry = registry;
    this.instances = instances;
    this.contracts = contracts;
    this.journal = journal;
    this.refresh = refresh;
    this.refreshSoon = refreshSoon;
  }

  /** Succeeds when the registry was read. */
  Future<Void> start() {
    membership.onLeft(this::left);
    membership.onJoined(node -> reconcile());
    membership.onMerged(this::reconcile);
    timer = vertx.setPeriodic(EVERY, t -> reconcile());
    return registry.listen(this::up, this::down).compose(v -> reconcile());
  }

  void close() {
    closed = true;
    vertx.cancelTimer(timer);
    registry.close();
  }

  /** Publishes an instance of this node, which is ready to be called. */
  Future<Void> offer(Announcement announcement, ContractDocument contract) {
    contracts.keep(announcement.contract(), contract);
    offers.put(announcement.service(), announcement);
    journal.note(Event.Kind.SERVICE, announcement.name(), "published");
    add(announcement);
    refresh.run();
    return registry.publish(announcement).mapEmpty();
  }

  /** Takes an instance of this node out of the registry, if it is there. */
  Future<Void> withdraw(String service) {
    Announcement offer = offers.remove(service);
    if (offer == null) {
      return Future.succeededFuture();
    }
    instances.remove(offer.address());
    journal.note(Event.Kind.SERVICE, offer.name(), "withdrawn");
    refresh.run();
    return registry
        .all()
        .compose(
            all ->
                Future.join(
                    all.entrySet().stream()
                        .filter(e -> e.getValue().address().equals(offer.address()))
                        .map(e -> registry.withdraw(e.getKey()))
                        .toList()))
        .mapEmpty();
  }

  private boolean add(Announcement announcement) {
    boolean isNew = instances.add(announcement);
    if (isNew) {
      contracts.learn(announcement);
    }
    return isNew;
  }

  private void up(Announcement announcement) {
    if (!membership.nodes().contains(announcement.node()) || isStale(announcement)) {
      return; // Either it has left, or its joining has yet to be told, and then comes here again.
    }
    if (add(announcement)) {
      refreshSoon.run();
    }
  }

  private synchronized void down(Announcement announcement) {
    ended.add(announcement.address());
    reconcile();
  }

  private void left(String node) {
    List<Instance> gone = instances.removeOf(node);
    if (!gone.isEmpty()) {
      log.info("Node {} has left with {}", node, gone.stream().map(Instance::address).toList());
      refresh.run();
      gone.forEach(Instance::lost);
    }
    reconcile();
  }

  /** Milliseconds since the registry was last read. */
  long age() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - read);
  }

  /** One at a time: what comes meanwhile is one more, afterwards. */
  private synchronized Future<Void> reconcile() {
    if (closed) {
      return Future.succeededFuture();
    }
    if (reconciling != null) {
      reconcileAgain = true;
      return reconciling;
    }
    long begun = System.nanoTime();
    Set<String> told = ended;
    ended = new HashSet<>();
    Future<Void> reading =
        registry
            .all()
            .onSuccess(all -> read = System.nanoTime())
            .compose(all -> reconcile(all, begun, told))
            .onFailure(
                e -> log.warn("The registry could not be read; trying again: {}", e.toString()));
    reconciling = reading;
    reading.onComplete(done -> reconciled());
    return reading;
  }

  private void reconciled() {
    boolean again;
    synchronized (this) {
      reconciling = null;
      again = reconcileAgain;
      reconcileAgain = false;
    }
    if (again) {
      reconcile();
    }
  }

  private Future<Void> reconcile(Map<String, Announcement> all, long begun, Set<String> told) {
    Set<String> nodes = membership.nodes();
    boolean sweeper = membership.self().equals(nodes.stream().min(String::compareTo).orElse(null));
    Map<String, Announcement> live = new HashMap<>();
    List<Future<?>> repairs = new ArrayList<>();
    all.forEach(
        (registration, announcement) -> {
          if (isStale(announcement)) {
            repairs.add(registry.withdraw(registration));
          } else if (nodes.contains(announcement.node())) {
            live.put(announcement.address(), announcement);
          } else if (sweeper) {
            repairs.add(registry.withdraw(registration));
          }
        });
    keepStale(all, nodes, begun);
    apply(live, begun, told);
    offers.values().stream()
        .filter(a -> !live.containsKey(a.address()))
        .forEach(a -> repairs.add(registry.publish(a)));
    return Future.join(repairs).mapEmpty();
  }

  private void keepStale(Map<String, Announcement> all, Set<String> nodes, long begun) {
    Map<String, Stale> now = new HashMap<>();
    all.forEach(
        (registration, a) -> {
          if (!nodes.contains(a.node())) {
            now.put(registration, new Stale(a.name(), "its node is not there", begun));
          }
        });
    for (String registration : registry.refused()) {
      now.put(registration, new Stale(null, "no node with these secrets has sealed it", begun));
    }
    Map<String, Stale> before = stale;
    now.replaceAll((registration, found) -> before.getOrDefault(registration, found));
    stale = now;
  }

  /** What the last reading found that announces nothing that is there. */
  List<StaleRecord> stale() {
    long now = System.nanoTime();
    return stale.entrySet().stream()
        .map(
            e -> {
              Stale found = e.getValue();
              long age = TimeUnit.NANOSECONDS.toMillis(now - found.since());
              return new StaleRecord(e.getKey(), found.instance(), found.why(), age);
            })
        .sorted(Comparator.comparing(StaleRecord::registration))
        .toList();
  }

  /** Left over from a withdrawal that crossed a reconciliation, or sent again by somebody. */
  private boolean isStale(Announcement announcement) {
    return announcement.node().equals(membership.self())
        && !announcement.equals(offers.get(announcement.service()));
  }

  /** What was announced after the reading had begun may not be in it. */
  private void apply(Map<String, Announcement> live, long begun, Set<String> told) {
    missing.keySet().removeIf(a -> live.containsKey(a) || !instances.has(a));
    Set<String> nodes = membership.nodes();
    boolean changed = false;
    for (Instance instance : instances.all()) {
      Announcement there = instance.announcement();
      Announcement found = live.get(there.address());
      if (there.equals(offers.get(there.service())) || instance.isYoungerThan(begun)) {
        continue;
      }
      if (found != null) {
        changed |= add(found);
      } else if (told.contains(there.address())
          || !nodes.contains(there.node())
          || isStale(there)
          || isMissingForLong(there, begun)) {
        instances.remove(there.address());
        changed = true;
      }
    }
    for (Announcement found : live.values()) {
      changed |= !instances.has(found.address()) && add(found);
    }
    if (changed) {
      refresh.run();
    }
  }

  /** Whether its node, if it were well, would have published it again. */
  private boolean isMissingForLong(Announcement announcement, long now) {
    long since = missing.computeIfAbsent(announcement.address(), a -> now);
    return now - since >= TimeUnit.MILLISECONDS.toNanos(EVERY);
  }
}
