package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;

/** One service on one node, as this node sees it: where it is, and how it does. */
final class Instance {
  private final Announcement announcement;
  private final String name;
  private final boolean local;
  private final Limits limits;
  private final Breaker breaker;
  private final Map<String, Endpoint> endpoints = new ConcurrentHashMap<>();
  private final Set<Promise<?>> pending = ConcurrentHashMap.newKeySet();
  private final AtomicInteger inFlight = new AtomicInteger();
  private final long seen = System.nanoTime();
  private volatile boolean reached;
  private volatile boolean lost;
  private volatile long since = seen;

  /**
   * Makes an instance to which nothing has been sent yet.
   *
   * @param announcement what it said of itself
   * @param local whether it is on this node
   * @param breaker makes this node's judgement of it
   */
  Instance(
      Announcement announcement,
      boolean local,
      Limits limits,
      Function<Instance, Breaker> breaker) {
    this.announcement = announcement;
    this.name = announcement.name();
    this.local = local;
    this.limits = limits;
    this.reached = local;
    this.breaker = breaker.apply(this);
  }

  Announcement announcement() {
    return announcement;
  }

  /** As people call it. */
  String name() {
    return name;
  }

  String address() {
    return announcement.address();
  }

  boolean local() {
    return local;
  }

  boolean isOf(String service) {
    return announcement.service().equals(service);
  }

  Breaker breaker() {
    return breaker;
  }

  /** Its operation of this name, which it must have. */
  Endpoint endpoint(String operation) {
    return endpoints.computeIfAbsent(operation, name -> new Endpoint(this));
  }

  /** Whether it has answered, so that the way there is known to be open, and warm. */
  boolean isReached() {
    return reached;
  }

  /** It has answered a first ping. */
  void reached() {
    reached = true;
    begin();
  }

  /** It is as good as new: its share of calls grows from little, and its latency is forgotten. */
  void begin() {
    since = System.nanoTime();
    endpoints.values().forEach(Endpoint::forget);
  }

  boolean isYoungerThan(long nanoTime) {
    return seen - nanoTime > 0;
  }

  /** Calls from this node that it has not answered yet. */
  int inFlight() {
    return inFlight.get();
  }

  /** From a tenth at its beginning to 1 when slow start is over (Envoy's slow start, linear). */
  double share(long now) {
    long slowStart = limits.get(Limit.SLOW_START) * 1_000_000;
    long age = now - since;
    return age >= slowStart ? 1 : Math.max(0.1, (double) age / slowStart);
  }

  /**
   * Sends it something, unless too much is under way to it already.
   *
   * @return fails at once, as unknown, when its node leaves
   */
  <T> Future<T> send(Supplier<Future<T>> message) {
    if (inFlight.incrementAndGet() > limits.get(Limit.IN_FLIGHT)) {
      inFlight.decrementAndGet();
      return Future.failedFuture(
          new ServiceException(
              ErrorCode.OVERLOADED, "Too many calls to the instance are under way already"));
    }
    Promise<T> answer = Promise.promise();
    pending.add(answer);
    answer
        .future()
        .onComplete(
            done -> {
              pending.remove(answer);
              inFlight.decrementAndGet();
            });
    if (lost) {
      answer.tryFail(new ServiceException(ErrorCode.NOT_STARTED, "The instance has left"));
    } else {
      try {
        message.get().onComplete(answer::tryComplete, answer::tryFail);
      } catch (RuntimeException e) {
        answer.tryFail(e);
      }
    }
    return answer.future();
  }

  /** How it does now. */
  InstanceStatus status() {
    Breaker.Status judgement = breaker.status();
    Window.Totals totals = judgement.window();
    return new InstanceStatus(
        announcement,
        local,
        reached,
        inFlight(),
        judgement.state().text(),
        judgement.wish().name().toLowerCase(Locale.ROOT),
        totals.calls(),
        totals.failed(),
        totals.slow(),
        judgement.reason(),
        judgement.probeIn(),
        judgement.trail());
  }

  /** It is not called any more; what is under way to it is finished. */
  void retire() {
    breaker.end();
  }

  /** Its node has left: what was sent to it may have been done or not, and nobody will tell. */
  void lost() {
    lost = true;
    retire();
    for (Promise<?> answer : pending) {
      answer.tryFail(
          new ServiceException(
              ErrorCode.TIMED_OUT, "The instance left while at work; it may have happened"));
    }
  }
}
