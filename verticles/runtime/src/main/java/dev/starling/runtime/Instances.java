package dev.starling.runtime;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The instances that this node knows of, and what it makes of each: whether it has answered yet,
 * and its breaker.
 */
final class Instances {
  private static final long PING_TIMEOUT = 1_000;
  private static final long LONGEST_REACH = 5_000_000_000L;
  private static final long LOOK = 20;

  private final Vertx vertx;
  private final Context context;
  private final Limits limits;
  private final String self;
  private final Runnable reached;
  private final Journal journal;
  private final Telemetry telemetry;
  private final Map<String, Instance> byAddress = new ConcurrentHashMap<>();

  /** Not called any more, but calls to them may be under way. */
  private final Set<Instance> retired = ConcurrentHashMap.newKeySet();

  private final Set<String> services = ConcurrentHashMap.newKeySet();
  private final Object ejecting = new Object();
  private final Object wishing = new Object();

  /** What operators want of breakers. */
  private volatile Map<String, DesiredState.Entry> wishes = Map.of();

  private volatile boolean closed;

  /**
   * Knows none yet.
   *
   * @param context on which breakers work
   * @param self this node, whose own instances are reached without a ping
   * @param reached runs when one more can be called, on any thread
   */
  Instances(
      Vertx vertx,
      Context context,
      Limits limits,
      String self,
      Journal journal,
      Telemetry telemetry,
      Runnable reached) {
    this.vertx = vertx;
    this.context = context;
    this.limits = limits;
    this.self = self;
    this.journal = journal;
    this.telemetry = telemetry;
    this.reached = reached;
  }

  void close() {
    closed = true;
  }

  /** All of all services; it shows what comes and goes while it is walked through. */
  Collection<Instance> all() {
    return byAddress.values();
  }

  /** Services that have had an instance since this node joined. */
  Set<String> services() {
    return services;
  }

  boolean has(String address) {
    return byAddress.containsKey(address);
  }

  /** Adds an instance, or puts it in the place of what it was before; says whether it is news. */
  boolean add(Announcement announcement) {
    Instance present = byAddress.get(announcement.address());
    if (present != null && present.announcement().equals(announcement)) {
      return false;
    }
    services.add(announcement.service());
    boolean local = announcement.node().equals(self);
    Instance added = new Instance(announcement, local, limits, this::breaker);
    if (present == null && byAddress.putIfAbsent(announcement.address(), added) != null
        || present != null && !byAddress.replace(announcement.address(), present, added)) {
      return false; // Another thread has just done so.
    }
    if (present != null) {
      retire(present);
    }
    fulfil(added);
    if (!local) {
      reach(added);
    }
    return true;
  }

  void remove(String address) {
    Instance removed = byAddress.remove(address);
    if (removed != null) {
      retire(removed);
    }
  }

  private void retire(Instance instance) {
    instance.retire();
    retired.removeIf(before -> before.inFlight() == 0);
    retired.add(instance);
  }

  /**
   * Takes out the instances of a node, also those that it had withdrawn before; what was sent to
   * them is still under way.
   */
  List<Instance> removeOf(String node) {
    List<Instance> gone =
        Stream.concat(all().stream(), retired.stream())
            .filter(i -> i.announcement().node().equals(node))
            .toList();
    gone.forEach(i -> byAddress.remove(i.address(), i));
    retired.removeAll(gone);
    return gone;
  }

  /**
   * Succeeds when each has been asked once and one of each service can be called, or nobody would
   * wait longer: while partitions move to a node that has just joined, the way there may take
   * seconds.
   *
   * @param understood whether one that has answered can be called
   */
  Future<Void> reach(Predicate<Instance> understood) {
    long end = System.nanoTime() + LONGEST_REACH;
    return Future.join(all().stream().map(this::reach).toList())
        .otherwiseEmpty()
        .compose(v -> awaitOneOfEach(understood, end));
  }

  private Future<Void> awaitOneOfEach(Predicate<Instance> understood, long end) {
    Set<String> silent = services(i -> true);
    silent.removeAll(services(i -> i.isReached() && understood.test(i)));
    return closed || silent.isEmpty() || System.nanoTime() > end
        ? Future.succeededFuture()
        : vertx.timer(LOOK).compose(v -> awaitOneOfEach(understood, end));
  }

  private Set<String> services(Predicate<Instance> which) {
    return all().stream()
        .filter(which)
        .map(i -> i.announcement().service())
        .collect(Collectors.toSet());
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
              reached.run();
            })
        .onFailure(e -> reachAgain(instance))
        .mapEmpty();
  }

  private void reachAgain(Instance instance) {
    vertx
        .timer(PING_TIMEOUT / 2)
        .onSuccess(
            v -> {
              if (!closed && byAddress.get(instance.address()) == instance) {
                reach(instance);
              }
            });
  }

  /** Asks an instance what every service answers, past all breakers. */
  Future<Buffer> ask(String address, String operation) {
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

  private Breaker breaker(Instance instance) {
    Announcement a = instance.announcement();
    return new Breaker(
        a.service() + " on " + a.nodeName(),
        vertx,
        context,
        limits,
        open -> eject(instance, open),
        () -> ask(a.address(), ServiceVerticle.PING),
        (state, why) -> changed(instance, state, why));
  }

  private void changed(Instance instance, Breaker.State state, String why) {
    Announcement a = instance.announcement();
    telemetry.broke(a.service(), state);
    journal.note(Event.Kind.BREAKER, a.name(), state.text() + (why == null ? "" : ": " + why));
    if (state == Breaker.State.CLOSED) {
      instance.begin();
    }
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
    List<Instance> all = all().stream().filter(i -> i.isOf(service) && i.isReached()).toList();
    long ejected = all.stream().filter(i -> i == instance || !i.breaker().isClosed()).count();
    return 2 * ejected <= all.size();
  }

  /**
   * Where so many are ejected no more, since others have gone, the ejected are probed now; where
   * nobody else is left, one is called again at once.
   */
  void reprieve() {
    for (Instance instance : all()) {
      if (!instance.breaker().isClosed() && !isSpare(instance)) {
        if (hasOther(instance)) {
          instance.breaker().reset();
        } else {
          instance.breaker().pardon();
        }
      }
    }
  }

  private boolean hasOther(Instance instance) {
    String service = instance.announcement().service();
    return all().stream().anyMatch(i -> i.isOf(service) && i.isReached() && i.breaker().isClosed());
  }

  /** Does to breakers what operators want, also to those of instances that come later. */
  void follow(DesiredState desired) {
    desired.on(
        DesiredKind.BREAKER.prefix(),
        entries -> {
          Map<String, DesiredState.Entry> before = wishes;
          wishes = entries;
          for (Instance instance : all()) {
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
}
