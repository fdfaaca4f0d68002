package dev.starling.runtime;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * This node's always-current view of the registry, and the choice among what is in it; reading it
 * never leaves the JVM.
 *
 * <p>{@link Reconciliation} says which instances there are, {@link Instances} how each does.
 */
public final class ServiceDirectory {
  private static final Endpoint[] NONE = {};

  private final Context context;
  private final Membership membership;
  private final Instances instances;
  private final Contracts contracts;
  private final Reconciliation reconciliation;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private final AtomicBoolean refreshing = new AtomicBoolean();
  private volatile boolean closed;

  /** What can be called, by the address of the operation; this node's own first. */
  private volatile Map<String, Endpoint[]> view = Map.of();

  ServiceDirectory(
      Vertx vertx,
      Context context,
      Membership membership,
      Registry registry,
      Limits limits,
      Journal journal,
      Telemetry telemetry) {
    this.context = context;
    this.membership = membership;
    this.instances =
        new Instances(
            vertx, context, limits, membership.self(), journal, telemetry, this::refreshSoon);
    this.contracts =
        new Contracts(
            vertx,
            announcement -> instances.ask(announcement.address(), ServiceVerticle.CONTRACT),
            this::holder,
            this::refreshSoon);
    this.reconciliation =
        new Reconciliation(
            vertx,
            membership,
            registry,
            instances,
            contracts,
            journal,
            this::refresh,
            this::refreshSoon);
  }

  /** Succeeds when the registry was read and of each service in it an instance can be called. */
  Future<Void> start() {
    return reconciliation
        .start()
        .compose(v -> instances.reach(this::isUnderstood))
        .otherwiseEmpty()
        .onSuccess(v -> refresh());
  }

  private boolean isUnderstood(Instance instance) {
    return !contracts.operations(instance.announcement().contract()).isEmpty();
  }

  void close() {
    closed = true;
    instances.close();
    reconciliation.close();
  }

  /** Does to breakers what operators want, also to those of instances that come later. */
  void follow(DesiredState desired) {
    instances.follow(desired);
  }

  /** Makes a service known that has no instance yet. */
  void know(ContractDocument contract) {
    contracts.know(contract);
  }

  /** Publishes an instance of this node, which is ready to be called. */
  Future<Void> offer(Announcement announcement, ContractDocument contract) {
    return reconciliation.offer(announcement, contract);
  }

  /** Takes an instance of this node out of the registry, if it is there. */
  Future<Void> withdraw(String service) {
    return reconciliation.withdraw(service);
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
    if (idempotent && tried.isEmpty()) {
      if (first.instance().breaker().takesInquiry()) {
        return first;
      }
      if (second.instance().breaker().takesInquiry()) {
        return second;
      }
    }
    long now = System.nanoTime();
    double handicap = first.instance().local() ? 2 : 1;
    return handicap * second.cost(now) < first.cost(now) ? second : first;
  }

  /**
   * The endpoint of one instance, if its breaker lets the call through.
   *
   * @param name as people call it
   * @throws ServiceException {@link ErrorCode#NOT_STARTED} when it does not, or there is none
   */
  Endpoint only(String name, OperationSpec operation, boolean idempotent) {
    for (Endpoint candidate : view.getOrDefault(operation.address(), NONE)) {
      Instance instance = candidate.instance();
      if (instance.name().equals(name)) {
        if (instance.breaker().isClosed() || idempotent && instance.breaker().takesTrial()) {
          return candidate;
        }
        throw new ServiceException(
            ErrorCode.NOT_STARTED,
            "The breaker of " + name + " on this node is " + instance.breaker().state().text());
      }
    }
    throw new ServiceException(ErrorCode.NOT_STARTED, name + " takes no calls now");
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
    boolean any = instances.all().stream().anyMatch(i -> i.isOf(operation.service()));
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
    return instances.all().stream()
        .map(Instance::announcement)
        .sorted(Comparator.comparing(Announcement::address))
        .toList();
  }

  /** All instances of all services, and how they do as this node sees it. */
  public List<InstanceStatus> instances() {
    return instances.all().stream()
        .map(Instance::status)
        .sorted(Comparator.comparing(status -> status.announcement().address()))
        .toList();
  }

  /** What is in the registry and announces nothing that could be called. */
  public List<StaleRecord> stale() {
    return reconciliation.stale();
  }

  /** Whether a service has had an instance since this node joined. */
  public boolean hasSeen(String service) {
    return instances.services().contains(service);
  }

  /** The same as they are now. */
  List<Instance> all() {
    return List.copyOf(instances.all());
  }

  /** How far the breaker of an instance is from closed: 0 closed, 1 half-open, 2 open. */
  int breaker(String name) {
    return named(name).mapToInt(i -> i.breaker().state().ordinal()).max().orElse(0);
  }

  /** Calls from this node that an instance has not answered yet. */
  int inFlight(String name) {
    return named(name).mapToInt(Instance::inFlight).sum();
  }

  private Stream<Instance> named(String name) {
    return instances.all().stream().filter(i -> i.name().equals(name));
  }

  /** Milliseconds since the registry was last read. */
  long age() {
    return reconciliation.age();
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

  /** Once for all changes until then; on this node's own context, for a storm of them. */
  private void refreshSoon() {
    if (refreshing.compareAndSet(false, true)) {
      context.runOnContext(
          v -> {
            refreshing.set(false);
            refresh();
          });
    }
  }

  /** Makes the view anew from what is known, and tells of it. */
  private void refresh() {
    synchronized (this) {
      Map<String, List<Endpoint>> fresh = new HashMap<>();
      for (Instance instance : instances.all()) {
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
    instances.reprieve();
    listeners.forEach(Runnable::run);
  }

  /** Any instance that has a contract now. */
  private Optional<Announcement> holder(String contract) {
    List<Announcement> holders =
        instances.all().stream()
            .map(Instance::announcement)
            .filter(a -> !closed && a.contract().equals(contract))
            .toList();
    return holders.isEmpty()
        ? Optional.empty()
        : Optional.of(holders.get(ThreadLocalRandom.current().nextInt(holders.size())));
  }
}
