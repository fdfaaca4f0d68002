package dev.starling.user.service;

import com.sun.jna.Native;
import com.sun.jna.Platform;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.WorkerExecutor;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.LongAdder;

/**
 * Admits password hashes to threads of their own, so that a storm of log-ins costs those who log in
 * a quick refusal and everybody else nothing. One per JVM, shared by all instances of the service:
 * made inside a verticle, it would close with that one.
 *
 * <p>Vert.x queues without bound before a worker executor; the count of admitted computations is
 * the bound. What has waited too long is dropped when its turn comes, which is soon, as what is
 * before it is dropped too. On Linux the threads run at nice 19: reads then keep their latency with
 * all cores hashing, so there are as many threads as cores.
 */
final class HashPool implements AutoCloseable {

  /** Nothing was computed, since too much is being computed; worth another try in a second. */
  static final class Full extends RuntimeException {
    Full(String message) {
      super(message, null, false, false);
    }
  }

  private final WorkerExecutor threads;
  private final int permits;
  private final int queue;
  private final Duration wait;
  private final AtomicInteger admitted = new AtomicInteger();
  private final AtomicInteger running = new AtomicInteger();
  private final LongAdder computed = new LongAdder();

  /**
   * @param permits how many compute at once, at least 1
   * @param queue how many more may wait
   * @param wait how long they may
   */
  HashPool(Vertx vertx, int permits, int queue, Duration wait) {
    this.threads = vertx.createSharedWorkerExecutor("starling-hash", permits, 1, TimeUnit.MINUTES);
    this.permits = permits;
    this.queue = queue;
    this.wait = wait;
  }

  /**
   * As many as cores where the threads can step back behind all others, else one fewer, at least 1.
   */
  static int defaultPermits() {
    int cores = Runtime.getRuntime().availableProcessors();
    return LowPriority.AVAILABLE ? cores : Math.max(1, cores - 1);
  }

  /** As {@link #compute(Duration, Callable)}, for a caller with time enough. */
  <T> Future<T> compute(Callable<T> computation) {
    return compute(wait, computation);
  }

  /**
   * Runs the computation on one of the pool's threads. The future fails with {@link Full} if the
   * queue is full, or if the computation has not begun when the pool's wait or the caller's
   * remaining time has passed.
   *
   * @param remaining for how long somebody is interested in the result
   */
  <T> Future<T> compute(Duration remaining, Callable<T> computation) {
    if (remaining.isNegative() || remaining.isZero()) {
      return Future.failedFuture(new Full("No time was left to compute a password hash"));
    }
    if (admitted.incrementAndGet() > permits + queue) {
      admitted.decrementAndGet();
      return Future.failedFuture(
          new Full("%d password hashes are waiting already".formatted(queue)));
    }
    long since = System.nanoTime();
    long patience = (remaining.compareTo(wait) < 0 ? remaining : wait).toNanos();
    try {
      return threads
          .executeBlocking(() -> begin(since, patience, computation), false)
          .onComplete(done -> admitted.decrementAndGet());
    } catch (RuntimeException closed) {
      admitted.decrementAndGet();
      return Future.failedFuture(closed);
    }
  }

  /** How many compute now. */
  int running() {
    return running.get();
  }

  /** How many are admitted but do not compute yet. */
  int waiting() {
    return Math.max(0, admitted.get() - running.get());
  }

  /** How many have begun to compute since the start. */
  long computed() {
    return computed.sum();
  }

  @Override
  public void close() {
    threads.close();
  }

  private <T> T begin(long since, long patience, Callable<T> computation) throws Exception {
    if (System.nanoTime() - since > patience) {
      throw new Full("A password hash was not begun within %d ms".formatted(patience / 1_000_000));
    }
    LowPriority.take();
    running.incrementAndGet();
    computed.increment();
    try {
      return computation.call();
    } finally {
      running.decrementAndGet();
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
