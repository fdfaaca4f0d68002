package dev.starling.user.service;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.MINUTES;
import static java.util.concurrent.TimeUnit.NANOSECONDS;

import com.sun.jna.Native;
import com.sun.jna.Platform;
import dev.starling.runtime.Call;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.Function;
import java.util.function.LongSupplier;

/**
 * Admits what needs a password hash to threads of their own, so that a storm of log-ins costs those
 * who log in a quick refusal and everybody else nothing. One per JVM, shared by all instances of
 * the service: made inside a verticle, it would close with that one.
 *
 * <p>Vert.x queues without bound before a worker executor; the count of places is the bound. A
 * place is taken before anything else is done, so that whoever is refused has cost nothing. It is
 * refused as well when those before it will take, as far as one knows, longer than half of the time
 * that it may wait, since one may err: better at once than after that time. Where somebody was
 * refused no longer ago than that, more come than can be served, and to let them wait helps nobody:
 * then a tenth of it is all that is allowed (the idea of CoDel, as in Maurer, Fail at Scale, ACM
 * Queue 13/8, 2015). What has waited too long all the same is dropped when its turn comes. On Linux
 * the threads run at nice 19: reads then keep their latency with all cores hashing, so there are as
 * many threads as cores.
 */
final class HashPool implements AutoCloseable {

  /** Nothing was computed, since too much is being computed; worth another try in a second. */
  static final class Full extends RuntimeException {
    Full(String message) {
      super(message, null, false, false);
    }
  }

  /** Of the time to wait: what may be expected in a burst, and in a storm. */
  private static final int BURST = 2;

  private static final int STORM = 10;

  /** A smoothed time follows the latest computations with a weight of one eighth (RFC 6298). */
  private static final int SMOOTHING = 8;

  /** How many compute at once where nobody says. */
  private static final int STANDARD_PERMITS = defaultPermits();

  /** For how long threads that are too many or too few work on what they were given, in ms. */
  private static final long LEAVE = 120_000;

  private final Vertx vertx;
  private final Limits limits;
  private final LongSupplier clock;
  private final AtomicInteger places = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final LongAdder computed = new LongAdder();
  private final LongAdder shed = new LongAdder();
  private final Timer waits;
  private final Timer runs;
  private int size;
  private volatile WorkerExecutor threads;

  /** When somebody was refused last for what others want, by the clock. */
  private volatile long refused;

  /** Nanoseconds of one computation; two that end together may leave the mark of one only. */
  private volatile long usual;

  HashPool(Vertx vertx, Limits limits, MeterRegistry meters) {
    this(vertx, limits, System::nanoTime, meters);
  }

  HashPool(Vertx vertx, Limits limits) {
    this(vertx, limits, System::nanoTime);
  }

  HashPool(Vertx vertx, Limits limits, LongSupplier clock) {
    this(vertx, limits, clock, new CompositeMeterRegistry());
  }

  private HashPool(Vertx vertx, Limits limits, LongSupplier clock, MeterRegistry meters) {
    this.waits =
        timer(meters, "starling.user.hashes.wait", "Time that a password waits to be hashed");
    this.runs = timer(meters, "starling.user.hashes.run", "Time that a hash of a password takes");
    this.vertx = vertx;
    this.limits = limits;
    this.clock = clock;
    this.refused = clock.getAsLong() - MILLISECONDS.toNanos(Limit.HASH_WAIT.most());
    this.size = permits();
    this.threads = threads(size);
    limits.onChange(this::resize);
    resize();
  }

  private static Timer timer(MeterRegistry meters, String name, String description) {
    return Timer.builder(name)
        .description(description)
        .serviceLevelObjectives(
            Duration.ofMillis(10),
            Duration.ofMillis(25),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1))
        .register(meters);
  }

  private WorkerExecutor threads(int permits) {
    return vertx.createSharedWorkerExecutor("starling-hash-" + permits, permits, 1, MINUTES);
  }

  private synchronized void resize() {
    if (size != permits()) {
      WorkerExecutor before = threads;
      size = permits();
      threads = threads(size);
      vertx.setTimer(LEAVE, t -> before.close());
    }
  }

  private int permits() {
    int permits = (int) limits.get(Limit.HASH_PERMITS);
    return permits == 0 ? STANDARD_PERMITS : permits;
  }

  /** In nanoseconds. */
  private long longestWait() {
    return MILLISECONDS.toNanos(limits.get(Limit.HASH_WAIT));
  }

  /**
   * As many as cores where the threads can step back behind all others, else one fewer, at least 1.
   */
  static int defaultPermits() {
    int cores = Runtime.getRuntime().availableProcessors();
    return LowPriority.AVAILABLE ? cores : Math.max(1, cores - 1);
  }

  /** Leave to compute, held until the work that it was given to has ended. */
  final class Place {
    private final long end;
    private final Call call;

    private Place(long end, Call call) {
      this.end = end;
      this.call = call;
    }

    /**
     * Runs the computation on one of the pool's threads. The future fails with {@link Full} if it
     * has not begun when the pool's wait or the time of its caller has passed.
     */
    <T> Future<T> compute(Callable<T> computation) {
      long asked = clock.getAsLong();
      long latest = asked + Math.min(longestWait(), end - asked);
      long begin = System.nanoTime();
      Future<T> computed = threads.executeBlocking(() -> begin(asked, latest, computation), false);
      return call == null
          ? computed
          : computed.onComplete((done, failure) -> call.step("hash", begin, failure));
    }
  }

  /**
   * Gives the work a place, or fails with {@link Full} without having begun it.
   *
   * @param remaining for how long somebody is interested in the result
   */
  <T> Future<T> admit(Duration remaining, Function<Place, Future<T>> work) {
    return admit(remaining, null, work);
  }

  /** The same for a call, within its time. */
  <T> Future<T> admit(Call call, Function<Place, Future<T>> work) {
    return admit(Duration.ofMillis(call.remaining()), call, work);
  }

  private <T> Future<T> admit(Duration remaining, Call call, Function<Place, Future<T>> work) {
    long now = clock.getAsLong();
    int before = places.getAndIncrement();
    long wait = longestWait();
    long allowed = wait / (now - refused < wait ? STORM : BURST);
    boolean full = before >= permits() + limits.get(Limit.HASH_QUEUE) || expected(before) > allowed;
    if (full) {
      refused = now;
    }
    if (full || BURST * expected(before) > remaining.toNanos()) {
      places.decrementAndGet();
      shed.increment();
      return Future.failedFuture(new Full("%d password hashes come before".formatted(before)));
    }
    return Future.<T>future(
            p -> work.apply(new Place(now + remaining.toNanos(), call)).onComplete(p))
        .onComplete(done -> places.decrementAndGet());
  }

  /** When the last of so many will have begun, from now, in nanoseconds. */
  private long expected(int before) {
    int permits = permits();
    return before < permits ? 0 : usual * (before - permits + 1) / permits;
  }

  /** Whether one more would begin at once: then there is time for what nobody waits for. */
  boolean isIdle() {
    return places.get() < permits();
  }

  /** How many compute now. */
  int running() {
    return running.get();
  }

  /** How many have a place but do not compute. */
  int waiting() {
    return Math.max(0, places.get() - running.get());
  }

  /** How many have begun to compute since the start. */
  long computed() {
    return computed.sum();
  }

  /** How many were refused since the start, before or instead of their turn. */
  long shed() {
    return shed.sum();
  }

  @Override
  public void close() {
    threads.close();
  }

  private <T> T begin(long asked, long latest, Callable<T> computation) throws Exception {
    long begun = clock.getAsLong();
    waits.record(begun - asked, NANOSECONDS);
    if (begun - latest > 0) {
      shed.increment();
      throw new Full("A password hash was not begun in time");
    }
    LowPriority.take();
    running.incrementAndGet();
    computed.increment();
    try {
      return computation.call();
    } finally {
      running.decrementAndGet();
      long taken = clock.getAsLong() - begun;
      usual += (taken - usual) / SMOOTHING;
      runs.record(taken, NANOSECONDS);
    }
  }

  /**
   * Nice values belong to threads on Linux, unlike in POSIX; Thread.setPriority has no effect
   * there.
   */
  private static final class LowPriority {

    static final boolean AVAILABLE = Platform.isLinux() && bind();
    private static final int PRIO_PROCESS = 0;
    private static final int CALLING_THREAD = 0;
    private static final int NICEST = 19;
    private static final ThreadLocal<Boolean> TAKEN =
        ThreadLocal.withInitial(() -> setpriority(PRIO_PROCESS, CALLING_THREAD, NICEST) == 0);

    static boolean take() {
      return AVAILABLE && TAKEN.get();
    }

    private static boolean bind() {
      try {
        Native.register(LowPriority.class, Platform.C_LIBRARY_NAME);
        return true;
      } catch (LinkageError e) {
        return false;
      }
    }

    static native int setpriority(int which, int who, int priority);
  }
}
