package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's always-current view of the registry; reading it never leaves the JVM.
 *
 * <p>Three sources feed it, and no single message is needed: announcements are applied as deltas,
 * the instances of a node that leaves are dropped at once, and a reconciliation every five seconds
 * finds whatever was missed. One survivor, the node with the smallest id, also removes the records
 * of nodes that have left; a node that misses its own record publishes it again.
 */
public final class ServiceDirectory {
  private static final Logger log = LoggerFactory.getLogger(ServiceDirectory.class);
  private static final long RECONCILE_EVERY = 5_000;
  private static final long PING_TIMEOUT = 1_000;
  private static final Instance[] NONE = {};

  private final Vertx vertx;
  private final Membership membership;
  private final Registry registry;

  private final Map<String, Instance> instances = new HashMap<>();
  private final Map<String, Offer> offers = new HashMap<>();
  private final Map<String, ContractDocument> documents = new ConcurrentHashMap<>();
  private final Set<String> asked = ConcurrentHashMap.newKeySet();
  private final Map<String, ContractDocument> contracts = new LinkedHashMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile Map<String, Instance[]> view = Map.of();
  private volatile boolean closed;
  private long reconciliation;

  /** What this node offers; several verticles of one service share it. */
  private static final class Offer {
    private final Announcement announcement;
    private int verticles;

    Offer(Announcement announcement) {
      this.announcement = announcement;
    }
  }

  ServiceDirectory(Vertx vertx, Membership membership) {
    this.vertx = vertx;
    this.membership = membership;
    this.registry = new Registry(vertx);
  }

  Future<Void> start() {
    membership.onLeft(this::left);
    membership.onMerged(this::reconcile);
    reconciliation = vertx.setPeriodic(RECONCILE_EVERY, t -> reconcile());
    return registry.listen(this::up, this::down).compose(v -> reconcile());
  }

  void close() {
    closed = true;
    vertx.cancelTimer(reconciliation);
    registry.close();
  }

  /** Makes a service known that has no instance yet. */
  void know(ContractDocument contract) {
    documents.put(contract.hash(), contract);
    synchronized (this) {
      contracts.putIfAbsent(contract.service(), contract);
    }
    changed();
  }

  /** Publishes an instance when its first verticle is ready to be called. */
  Future<Void> offer(Announcement announcement, ContractDocument contract) {
    documents.put(announcement.contract(), contract);
    synchronized (this) {
      Offer offer = offers.computeIfAbsent(announcement.service(), s -> new Offer(announcement));
      if (++offer.verticles > 1) {
        return Future.succeededFuture();
      }
    }
    up(announcement);
    return registry.publish(announcement).mapEmpty();
  }

  /** Takes an instance out of the registry when the first of its verticles stops. */
  Future<Void> withdraw(String service) {
    Offer offer;
    synchronized (this) {
      offer = offers.remove(service);
    }
    if (offer == null) {
      return Future.succeededFuture();
    }
    down(offer.announcement);
    return registry
        .all()
        .compose(
            all ->
                Future.join(
                    all.entrySet().stream()
                        .filter(e -> e.getValue().address().equals(offer.announcement.address()))
                        .map(e -> registry.withdraw(e.getKey()))
                        .toList()))
        .mapEmpty();
  }

  /**
   * An instance to call: this node's own while its breaker is closed, else one of the others at
   * random.
   *
   * @throws ServiceException {@link ErrorCode#NOT_STARTED} when there is none
   */
  Instance choose(String service) {
    Instance[] candidates = view.getOrDefault(service, NONE);
    int start = candidates.length > 1 ? ThreadLocalRandom.current().nextInt(candidates.length) : 0;
    Instance chosen = null;
    for (int i = 0; i < candidates.length; i++) {
      Instance candidate = candidates[(start + i) % candidates.length];
      if (candidate.breaker().isClosed()) {
        if (candidate.local()) {
          return candidate;
        }
        chosen = chosen == null ? candidate : chosen;
      }
    }
    if (chosen == null) {
      String why = candidates.length == 0 ? " has no instance now" : " has no healthy instance now";
      throw new ServiceException(ErrorCode.NOT_STARTED, "The service " + service + why);
    }
    return chosen;
  }

  /** All instances of all services. */
  public List<Announcement> announcements() {
    List<Announcement> all = new ArrayList<>();
    view.values().forEach(some -> List.of(some).forEach(i -> all.add(i.announcement())));
    return all;
  }

  /** The contracts known, in the order in which they became known, whether or not they are live. */
  public synchronized List<ContractDocument> contracts() {
    return List.copyOf(contracts.values());
  }

  /** Tells of each change of instances or contracts, on any thread. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  private void up(Announcement announcement) {
    synchronized (this) {
      Instance present = instances.get(announcement.address());
      if (present != null && present.announcement().equals(announcement)) {
        return;
      }
      add(announcement);
      refresh();
    }
    learn(announcement);
    changed();
  }

  private void down(Announcement announcement) {
    synchronized (this) {
      if (offers.containsKey(announcement.service())
          && announcement.node().equals(membership.self())) {
        return; // Another node took us for gone: reconciliation publishes us again.
      }
      remove(announcement.address());
      refresh();
    }
    changed();
  }

  private void left(String node) {
    synchronized (this) {
      List<String> gone = new ArrayList<>();
      instances.values().stream()
          .filter(i -> i.announcement().node().equals(node))
          .forEach(i -> gone.add(i.address()));
      if (!gone.isEmpty()) {
        log.info("Node {} has left with {}", node, gone);
      }
      gone.forEach(this::remove);
      refresh();
    }
    changed();
    reconcile();
  }

  private Future<Void> reconcile() {
    if (closed) {
      return Future.succeededFuture();
    }
    return registry
        .all()
        .compose(
            all -> {
              Set<String> nodes = membership.nodes();
              boolean sweeper = nodes.stream().min(String::compareTo).equals(self());
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
              apply(live);
              missing(live.keySet()).forEach(a -> repairs.add(registry.publish(a)));
              return Future.join(repairs).<Void>mapEmpty();
            })
        .onFailure(e -> log.warn("The registry could not be read; trying again: {}", e.toString()));
  }

  /** Left over from a withdrawal that crossed a reconciliation. */
  private synchronized boolean isStale(Announcement announcement) {
    return announcement.node().equals(membership.self())
        && !offers.containsKey(announcement.service());
  }

  private Optional<String> self() {
    return Optional.of(membership.self());
  }

  private void apply(Map<String, Announcement> live) {
    boolean different;
    synchronized (this) {
      Set<String> gone = new HashSet<>(instances.keySet());
      gone.removeAll(live.keySet());
      offers.values().forEach(o -> gone.remove(o.announcement.address()));
      gone.forEach(this::remove);
      List<Announcement> fresh =
          live.values().stream().filter(a -> !instances.containsKey(a.address())).toList();
      fresh.forEach(this::add);
      different = !gone.isEmpty() || !fresh.isEmpty();
      if (different) {
        refresh();
      }
    }
    live.values().stream().filter(a -> !documents.containsKey(a.contract())).forEach(this::learn);
    if (different) {
      changed();
    }
  }

  private synchronized List<Announcement> missing(Set<String> published) {
    return offers.values().stream()
        .map(o -> o.announcement)
        .filter(a -> !published.contains(a.address()))
        .toList();
  }

  private void add(Announcement a) {
    remove(a.address());
    String name = a.service() + " on " + a.nodeName();
    instances.put(
        a.address(),
        new Instance(
            a,
            a.node().equals(membership.self()),
            new Breaker(name, vertx, () -> ask(a.address(), ServiceVerticle.PING))));
  }

  private void remove(String address) {
    Instance removed = instances.remove(address);
    if (removed != null) {
      removed.breaker().close();
    }
  }

  private void refresh() {
    Map<String, List<Instance>> byService = new HashMap<>();
    for (Instance i : instances.values()) {
      byService.computeIfAbsent(i.announcement().service(), s -> new ArrayList<>()).add(i);
    }
    Map<String, Instance[]> fresh = new HashMap<>();
    byService.forEach((service, list) -> fresh.put(service, list.toArray(NONE)));
    view = fresh;
  }

  /** Fetches a contract that this node does not have yet, once for each hash. */
  private void learn(Announcement announcement) {
    ContractDocument known = documents.get(announcement.contract());
    if (known != null) {
      adopt(known);
      return;
    }
    if (!asked.add(announcement.contract())) {
      return;
    }
    ask(announcement.address(), ServiceVerticle.CONTRACT)
        .map(body -> Codec.reply(body, ContractDocument.class).of(announcement.service()))
        .onSuccess(
            document -> {
              documents.put(announcement.contract(), document);
              adopt(document);
            })
        .onFailure(
            e ->
                log.warn(
                    "No contract from {} on {}; asking again: {}",
                    announcement.service(),
                    announcement.nodeName(),
                    e.toString()))
        .onComplete(done -> asked.remove(announcement.contract()));
  }

  /** The newest contract of a service counts; an equal one changes nothing. */
  private void adopt(ContractDocument document) {
    synchronized (this) {
      if (document.equals(contracts.put(document.service(), document))) {
        return;
      }
    }
    changed();
  }

  private Future<Buffer> ask(String address, String operation) {
    return vertx
        .eventBus()
        .<Buffer>request(
            address,
            Buffer.buffer(),
            new DeliveryOptions()
                .setSendTimeout(PING_TIMEOUT)
                .addHeader(ServiceVerticle.OPERATION, operation))
        .map(reply -> reply.body());
  }

  private void changed() {
    listeners.forEach(Runnable::run);
  }
}
