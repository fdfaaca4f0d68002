package dev.starling.runtime;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This node's always-current view of the registry; reading it never leaves the JVM.
 *
 * <p>Three sources feed it, and no single message is needed: announcements are applied as deltas,
 * the instances of a node that leaves are dropped at once, and a reconciliation every five seconds
 * finds whatever was missed. Anyone on the bus can send a genuine record again: an announcement
 * counts only while its node is a member, and the end of an instance only once the registry says
 * so. One survivor, the node with the smallest id, also removes the records of nodes that have
 * left; a node that misses its own record publishes it again.
 */
public final class ServiceDirectory {
  private static final Logger log = LoggerFactory.getLogger(ServiceDirectory.class);
  private static final long RECONCILE_EVERY = 5_000;
  private static final long PING_TIMEOUT = 1_000;
  private static final Endpoint[] NONE = {};

  private final Vertx vertx;
  private final Context context;
  private final Membership membership;
  private final Registry registry;
  private final Limits limits;
  private final Contracts contracts;

  private final Map<String, Instance> instances = new ConcurrentHashMap<>();
  private final Map<String, Announcement> offers = new ConcurrentHashMap<>();
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final Object ejecting = new Object();
  private final Object wishing = new Object();

  /** What operators want of breakers. */
  private volatile Map<String, DesiredState.Entry> wishes = Map.of();

  /** What can be called, by the address of the operation; this node's own first. */
  private volatile Map<String, Endpoint[]> view = Map.of();

  private volatile boolean closed;
  private Future<Void> reconciling;
  private boolean reconcileAgain;

  /** Addresses of which it was said that their instance has ended, since the last reading began. */
  private Set<String> ended = new HashSet<>();

  /** When an instance was first missing from the registry, by its address. */
  private final Map<String, Long> missing = new ConcurrentHashMap<>();

  private long reconciliation;

  ServiceDirectory(
      Vertx vertx, Context context, Membership membership, Registry registry, Limits limits) {
    this.vertx = vertx;
    this.context = context;
    this.membership = membership;
    this.registry = registry;
    this.limits = limits;
    this.contracts = new Contracts(vertx, this::askForContract, this::holder, this::refresh);
  }

  /** Succeeds when the registry was read and each instance in it has been reached or given up. */
  Future<Void> start() {
    membership.onLeft(this::left);
    membership.onJoined(node -> reconcile());
    membership.onMerged(this::reconcile);
    reconciliation = vertx.setPeriodic(RECONCILE_EVERY, t -> reconcile());
    return registry
        .listen(this::up, this::down)
        .compose(v -> reconcile())
        .compose(v -> Future.join(instances.values().stream().map(this::reach).toList()))
        .<Void>mapEmpty()
        .otherwiseEmpty();
  }

  void close() {
    closed = true;
    vertx.cancelTimer(reconciliation);
    registry.close();
  }

  /** Does to breakers what operators want, also to those of instances that come later. */
  void follow(DesiredState desired) {
    desired.on(
        DesiredKind.BREAKER.prefix(),
        entries -> {
          Map<String, DesiredState.Entry> before = wishes;
          wishes = entries;
          for (Instance instance : instances.values()) {
            fulfil(instance);
            DesiredState.Entry wanted = entries.get(wish(instance));
            if (isReset(wanted) && !wanted.equals(before.get(wanted.key()))) {
              instance.breaker().reset();
            }
          }
        });
  }

  private void fulfil(Instance instance) {
    synchronized (wishing) {
      DesiredState.Entry wanted = wishes.get(wish(instance));
      String state = wanted == null ? "" : wanted.value().getString("state");
      instance
          .breaker()
          .wish(
              switch (state) {
                case "open" -> Breaker.Wish.OPEN;
                case "closed" -> Breaker.Wish.CLOSED;
                default -> Breaker.Wish.AUTOMATIC;
              });
    }
  }

  private static String wish(Instance instance) {
    return DesiredKind.BREAKER.prefix() + instance.announcement().name();
  }

  private static boolean isReset(DesiredState.Entry wanted) {
    return wanted != null && wanted.value().getString("state").equals("reset");
  }

  /** Makes a service known that has no instance yet. */
  void know(ContractDocument contract) {
    contracts.know(contract);
  }

  /** Publishes an instance of this node, which is ready to be called. */
  Future<Void> offer(Announcement announcement, ContractDocument contract) {
    contracts.keep(announcement.contract(), contract);
    offers.put(announcement.service(), announcement);
    up(announcement);
    return registry.publish(announcement).mapEmpty();
  }

  /** Takes an instance of this node out of the registry, if it is there. */
  Future<Void> withdraw(String service) {
    Announcement offer = offers.remove(service);
    if (offer == null) {
      return Future.succeededFuture();
    }
    remove(offer.address());
    refresh();
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

  /**
   * The endpoint for one attempt: the cheaper of two, or one whose breaker is trying it again. One
   * of the two is this node's own if it offers the operation, and gets the call unless the other
   * costs less than half: what stays in the JVM costs the machine less than it takes longer.
   *
   * @param tried instances that have had this call already
   * @throws ServiceException {@link ErrorCode#NOT_STARTED} when there is none
   */
  Endpoint choose(OperationSpec operation, boolean idempotent, List<Instance> tried) {
    Endpoint[] candidates = view.getOrDefault(operation.address(), NONE);
    Endpoint first = own(candidates, tried);
    if (first == null) {
      first = any(candidates, idempotent, tried, null);
    }
    if (first == null) {
      throw new ServiceException(ErrorCode.NOT_STARTED, none(operation));
    }
    if (!first.instance().breaker().isClosed()) {
      return first;
    }
    Endpoint second = any(candidates, idempotent, tried, first);
    if (second == null) {
      return first;
    }
    if (!second.instance().breaker().isClosed()) {
      return second;
    }
    long now = System.nanoTime();
    double handicap = first.instance().local() ? 2 : 1;
    return handicap * second.cost(now) < first.cost(now) ? second : first;
  }

  /** In each view it is the first. */
  private static Endpoint own(Endpoint[] candidates, List<Instance> tried) {
    if (candidates.length == 0 || !candidates[0].instance().local()) {
      return null;
    }
    Instance instance = candidates[0].instance();
    return instance.breaker().isClosed() && !tried.contains(instance) ? candidates[0] : null;
  }

  private static Endpoint any(
      Endpoint[] candidates, boolean idempotent, List<Instance> tried, Endpoint besides) {
    int start = candidates.length > 1 ? ThreadLocalRandom.current().nextInt(candidates.length) : 0;
    for (int i = 0; i < candidates.length; i++) {
      Endpoint candidate = candidates[(start + i) % candidates.length];
      Instance instance = candidate.instance();
      if (candidate != besides
          && !tried.contains(instance)
          && (instance.breaker().isClosed() || idempotent && instance.breaker().takesTrial())) {
        return candidate;
      }
    }
    return null;
  }

  /** Whether there is an instance that gets calls and has not had this one. */
  boolean hasOther(OperationSpec operation, List<Instance> tried) {
    for (Endpoint candidate : view.getOrDefault(operation.address(), NONE)) {
      Instance instance = candidate.instance();
      if (instance.breaker().isClosed() && !tried.contains(instance)) {
        return true;
      }
    }
    return false;
  }

  private String none(OperationSpec operation) {
    boolean any = instances.values().stream().anyMatch(i -> i.isOf(operation.service()));
    return "The service "
        + operation.service()
        + (any ? " has no healthy instance now" : " has no instance now");
  }

  /** This node's name in the cluster. */
  String self() {
    return membership.self();
  }

  /** All instances of all services. */
  public List<Announcement> announcements() {
    return instances.values().stream()
        .map(Instance::announcement)
        .sorted(Comparator.comparing(Announcement::address))
        .toList();
  }

  /** All instances of all services, and how they do as this node sees it. */
  public List<InstanceStatus> instances() {
    return instances.values().stream()
        .map(Instance::status)
        .sorted(Comparator.comparing(status -> status.announcement().address()))
        .toList();
  }

  /** Whether there is an instance that people call so ({@link Announcement#name}). */
  boolean isInstance(String name) {
    return announcements().stream().anyMatch(a -> a.name().equals(name));
  }

  /** The contracts known, in the order in which they became known, whether or not they are live. */
  public List<ContractDocument> contracts() {
    return contracts.all();
  }

  /** Tells of each change of instances or contracts, on any thread. */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  private void up(Announcement announcement) {
    if (!membership.nodes().contains(announcement.node()) || isStale(announcement)) {
      return; // Either it has left, or its joining has yet to be told, and then comes here again.
    }
    if (add(announcement)) {
      refresh();
    }
  }

  private synchronized void down(Announcement announcement) {
    ended.add(announcement.address());
    reconcile();
  }

  private void left(String node) {
    List<Instance> gone =
        instances.values().stream().filter(i -> i.announcement().node().equals(node)).toList();
    if (!gone.isEmpty()) {
      log.info("Node {} has left with {}", node, gone.stream().map(Instance::address).toList());
      gone.forEach(i -> instances.remove(i.address(), i));
      refresh();
      gone.forEach(Instance::lost);
    }
    reconcile();
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
    apply(live, begun, told);
    offers.values().stream()
        .filter(a -> !live.containsKey(a.address()))
        .forEach(a -> repairs.add(registry.publish(a)));
    return Future.join(repairs).mapEmpty();
  }

  /** Left over from a withdrawal that crossed a reconciliation, or sent again by somebody. */
  private boolean isStale(Announcement announcement) {
    return announcement.node().equals(membership.self())
        && !announcement.equals(offers.get(announcement.service()));
  }

  /** What was announced after the reading had begun may not be in it. */
  private void apply(Map<String, Announcement> live, long begun, Set<String> told) {
    missing.keySet().removeIf(a -> live.containsKey(a) || !instances.containsKey(a));
    Set<String> nodes = membership.nodes();
    boolean changed = false;
    for (Instance instance : instances.values()) {
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
        remove(there.address());
        changed = true;
      }
    }
    for (Announcement found : live.values()) {
      changed |= !instances.containsKey(found.address()) && add(found);
    }
    if (changed) {
      refresh();
    }
  }

  /** Whether its node, if it were well, would have published it again. */
  private boolean isMissingForLong(Announcement announcement, long now) {
    long since = missing.computeIfAbsent(announcement.address(), a -> now);
    return now - since >= TimeUnit.MILLISECONDS.toNanos(RECONCILE_EVERY);
  }

  /** Adds an instance, or puts it in the place of what it was before; says whether it is news. */
  private boolean add(Announcement announcement) {
    Instance present = instances.get(announcement.address());
    if (present != null && present.announcement().equals(announcement)) {
      return false;
    }
    boolean local = announcement.node().equals(membership.self());
    Instance added = new Instance(announcement, local, limits, this::breaker);
    if (present == null && instances.putIfAbsent(announcement.address(), added) != null
        || present != null && !instances.replace(announcement.address(), present, added)) {
      return false; // Another thread has just done so.
    }
    if (present != null) {
      present.retire();
    }
    fulfil(added);
    contracts.learn(announcement);
    if (!local) {
      reach(added);
    }
    return true;
  }

  private Breaker breaker(Instance instance) {
    Announcement a = instance.announcement();
    return new Breaker(
        a.service() + " on " + a.nodeName(),
        vertx,
        context,
        limits,
        open -> eject(instance, open),
        () -> ask(a.address(), ServiceVerticle.PING),
        instance::begin);
  }

  /**
   * At most half of a service's instances are ejected at a time, its only one never: a fault that
   * all share is no reason to call none of them.
   */
  private boolean eject(Instance instance, Runnable open) {
    synchronized (ejecting) {
      if (!isSpare(instance)) {
        return false;
      }
      open.run();
      return true;
    }
  }

  private boolean isSpare(Instance instance) {
    String service = instance.announcement().service();
    List<Instance> all =
        instances.values().stream().filter(i -> i.isOf(service) && i.isReached()).toList();
    long ejected = all.stream().filter(i -> i == instance || !i.breaker().isClosed()).count();
    return 2 * ejected <= all.size();
  }

  /** Where so many are ejected no more, since others have gone, the ejected are probed now. */
  private void reprieve() {
    instances.values().stream()
        .filter(i -> !i.breaker().isClosed() && !isSpare(i))
        .forEach(i -> i.breaker().reset());
  }

  /** A new instance gets calls when it has answered once: then the way to it is open, and warm. */
  private Future<Void> reach(Instance instance) {
    if (instance.isReached()) {
      return Future.succeededFuture();
    }
    return ask(instance.address(), ServiceVerticle.PING)
        .onSuccess(
            answer -> {
              instance.reached();
              refresh();
            })
        .onFailure(e -> reachAgain(instance))
        .mapEmpty();
  }

  private void reachAgain(Instance instance) {
    vertx
        .timer(PING_TIMEOUT / 2)
        .onSuccess(
            v -> {
              if (!closed && instances.get(instance.address()) == instance) {
                reach(instance);
              }
            });
  }

  private void remove(String address) {
    Instance removed = instances.remove(address);
    if (removed != null) {
      removed.retire();
    }
  }

  /** Makes the view anew from what is known, and tells of it. */
  private void refresh() {
    synchronized (this) {
      Map<String, List<Endpoint>> fresh = new HashMap<>();
      for (Instance instance : instances.values()) {
        if (instance.isReached()) {
          Announcement a = instance.announcement();
          for (String operation : contracts.operations(a.contract())) {
            List<Endpoint> endpoints =
                fresh.computeIfAbsent(a.service() + "." + operation, o -> new ArrayList<>());
            endpoints.add(instance.endpoint(operation));
            if (instance.local()) {
              Collections.swap(endpoints, 0, endpoints.size() - 1);
            }
          }
        }
      }
      Map<String, Endpoint[]> made = new HashMap<>();
      fresh.forEach((operation, list) -> made.put(operation, list.toArray(NONE)));
      view = made;
    }
    reprieve();
    listeners.forEach(Runnable::run);
  }

  /** Any instance that has a contract now. */
  private Optional<Announcement> holder(String contract) {
    List<Announcement> holders =
        instances.values().stream()
            .map(Instance::announcement)
            .filter(a -> !closed && a.contract().equals(contract))
            .toList();
    return holders.isEmpty()
        ? Optional.empty()
        : Optional.of(holders.get(ThreadLocalRandom.current().nextInt(holders.size())));
  }

  private Future<Buffer> askForContract(Announcement announcement) {
    return ask(announcement.address(), ServiceVerticle.CONTRACT);
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
}
