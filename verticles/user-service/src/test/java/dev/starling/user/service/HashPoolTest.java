package dev.starling.user.service;

import static java.util.concurrent.TimeUnit.MILLISECONDS;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

class HashPoolTest {

  private static final Duration LONG = Duration.ofMinutes(1);

  private final Vertx vertx = Vertx.vertx();
  private final CountDownLatch gate = new CountDownLatch(1);

  @AfterEach
  void close() throws Exception {
    gate.countDown();
    vertx.close().await(10, SECONDS);
  }

  @Test
  @DisplayName("H3 never exceeds its permits")
  void neverExceedsItsPermits() throws Exception {
    HashPool pool = new HashPool(vertx, limits(2, 198, LONG));
    AtomicInteger now = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    List<Future<Integer>> results =
        IntStream.range(0, 200)
            .mapToObj(
                i ->
                    compute(
                        pool,
                        () -> {
                          most.accumulateAndGet(now.incrementAndGet(), Math::max);
                          gate.await();
                          now.decrementAndGet();
                          return i;
                        }))
            .toList();

    await().until(() -> pool.running() == 2);
    assertThat(pool.waiting()).isEqualTo(198);
    gate.countDown();
    Future.all(results).await(10, SECONDS);

    assertThat(most).hasValue(2);
    assertThat(pool.computed()).isEqualTo(200);
    assertThat(results).extracting(Future::result).containsExactlyElementsOf(range(200));
    await().until(() -> pool.running() + pool.waiting() == 0);
  }

  @Test
  @DisplayName(
      "H3 Default executeBlocking ordered=true: what one event loop asks for is computed side by"
          + " side, on the pool's own threads")
  void computesSideBySideWhatOneEventLoopAsksFor() throws Exception {
    HashPool pool = new HashPool(vertx, limits(4, 10, LONG));
    CountDownLatch together = new CountDownLatch(4);
    Context loop = vertx.getOrCreateContext();
    List<Future<String>> results =
        IntStream.range(0, 4)
            .mapToObj(
                i ->
                    Future.<String>future(
                        p ->
                            loop.runOnContext(
                                v -> compute(pool, () -> meet(together)).onComplete(p))))
            .toList();

    Future.all(results).await(10, SECONDS);
    assertThat(results)
        .extracting(Future::result)
        .doesNotHaveDuplicates()
        .allMatch(thread -> thread.startsWith("starling-hash-"));
  }

  /** Fails when others do not come meanwhile. */
  private static String meet(CountDownLatch together) throws Exception {
    together.countDown();
    if (!together.await(5, SECONDS)) {
      throw new java.util.concurrent.TimeoutException("The others are not computed meanwhile");
    }
    return Thread.currentThread().getName();
  }

  @Test
  @DisplayName(
      "H3 Default worker pool without a bound: refuses what the queue cannot hold before anything"
          + " is done")
  void refusesWhatTheQueueCannotHoldBeforeAnythingIsDone() throws Exception {
    HashPool pool = new HashPool(vertx, limits(1, 3, LONG));
    List<Future<String>> admitted =
        IntStream.range(0, 4).mapToObj(i -> compute(pool, this::passTheGate)).toList();

    AtomicBoolean begun = new AtomicBoolean();
    Future<?> beyond = pool.admit(LONG, place -> Future.succeededFuture(begun.getAndSet(true)));
    assertThat(beyond.cause()).isInstanceOf(HashPool.Full.class).hasMessageContaining("4");
    assertThat(begun).isFalse();

    gate.countDown();
    Future.all(admitted).await(10, SECONDS);
    assertThat(compute(pool, this::passTheGate).await(10, SECONDS)).isEqualTo("passed");
    assertThat(pool.computed()).isEqualTo(5);
  }

  @Test
  void refusesAtOnceWhatWouldWaitTooLong() throws Exception {
    HashPool pool = new HashPool(vertx, limits(2, 100, Duration.ofMillis(200)));
    for (int i = 0; i < 20; i++) {
      compute(pool, () -> work(10)).await(10, SECONDS);
    }
    List<Future<Integer>> burst =
        IntStream.range(0, 100).mapToObj(i -> compute(pool, () -> work(10))).toList();

    assertThat(burst.get(1).isComplete()).isFalse();
    assertThat(burst.get(99).cause()).isInstanceOf(HashPool.Full.class);
    assertThat(compute(pool, Duration.ofMillis(1), () -> work(10)).cause())
        .isInstanceOf(HashPool.Full.class);
  }

  @Test
  void letsNobodyWaitLongWhileMoreComeThanCanBeServed() throws Exception {
    AtomicLong clock = new AtomicLong();
    long usual = MILLISECONDS.toNanos(120);
    HashPool pool = new HashPool(vertx, limits(1, 100, Duration.ofSeconds(1)), clock::get);
    for (int i = 0; i < 50; i++) {
      compute(pool, () -> clock.addAndGet(usual)).await(10, SECONDS);
    }
    Future<String> first = compute(pool, this::passTheGate);
    List<Future<Long>> burst =
        IntStream.range(0, 4).mapToObj(i -> compute(pool, () -> clock.addAndGet(usual))).toList();
    assertThat(burst).noneMatch(Future::isComplete);

    assertThat(compute(pool, () -> "beyond").cause()).isInstanceOf(HashPool.Full.class);
    gate.countDown();
    Future.all(burst).await(10, SECONDS);
    await().until(() -> pool.running() + pool.waiting() == 0);

    CountDownLatch other = new CountDownLatch(1);
    Future<Boolean> next = compute(pool, () -> other.await(10, SECONDS));
    assertThat(compute(pool, () -> "storm").cause()).isInstanceOf(HashPool.Full.class);
    clock.addAndGet(SECONDS.toNanos(1));
    Future<String> calm = compute(pool, () -> "calm");
    assertThat(calm.isComplete()).isFalse();
    other.countDown();
    assertThat(calm.await(10, SECONDS)).isEqualTo("calm");
    assertThat(next.result()).isTrue();
    assertThat(first.result()).isEqualTo("passed");
  }

  @Test
  void refusesNothingThatNeedNotWait() throws Exception {
    HashPool pool = new HashPool(vertx, limits(1, 10, Duration.ofMillis(50)));
    for (int i = 0; i < 3; i++) {
      assertThat(compute(pool, () -> work(200)).await(10, SECONDS)).isEqualTo(200);
    }
  }

  @Test
  @DisplayName("H4 drops what has waited too long")
  void dropsWhatHasWaitedTooLong() {
    AtomicLong clock = new AtomicLong();
    HashPool pool =
        new HashPool(vertx, limits(1, 3, Duration.ofMillis(1)), () -> clock.addAndGet(2_000_000));

    assertThatThrownBy(() -> compute(pool, () -> "late").await(10, SECONDS))
        .isInstanceOf(HashPool.Full.class);
    assertThat(pool.computed()).isZero();
  }

  @Test
  @DisplayName("H4 drops what nobody waits for any more")
  void dropsWhatNobodyWaitsForAnyMore() throws Exception {
    HashPool pool = new HashPool(vertx, limits(1, 3, LONG));
    Future<String> first = compute(pool, this::passTheGate);
    Future<String> impatient = compute(pool, Duration.ofNanos(1), this::passTheGate);
    Future<String> gone = compute(pool, Duration.ofMillis(-1), this::passTheGate);

    assertThat(gone.cause()).isInstanceOf(HashPool.Full.class);
    gate.countDown();
    assertThat(first.await(10, SECONDS)).isEqualTo("passed");
    assertThatThrownBy(() -> impatient.await(10, SECONDS)).isInstanceOf(HashPool.Full.class);
    assertThat(pool.computed()).isEqualTo(1);
  }

  @Test
  void failuresGiveTheirPlaceBack() {
    HashPool pool = new HashPool(vertx, limits(1, 1, LONG));
    for (int i = 0; i < 3; i++) {
      assertThatThrownBy(
              () ->
                  compute(
                          pool,
                          () -> {
                            throw new IllegalStateException("broken");
                          })
                      .await(10, SECONDS))
          .hasMessage("broken");
      assertThat(
              pool.admit(
                      LONG,
                      place -> {
                        throw new IllegalStateException("broken before");
                      })
                  .cause())
          .hasMessage("broken before");
    }
    assertThat(pool.running() + pool.waiting()).isZero();
    pool.close();
    for (int i = 0; i < 3; i++) {
      assertThat(compute(pool, this::passTheGate).cause()).isNotInstanceOf(HashPool.Full.class);
    }
  }

  @Test
  @EnabledOnOs(OS.LINUX)
  void itsThreadsStepBehindAllOthers() throws Exception {
    HashPool pool = new HashPool(vertx, limits(1, 1, LONG));

    assertThat(compute(pool, HashPoolTest::nice).await(10, SECONDS)).isEqualTo(19);
    assertThat(nice()).isNotEqualTo(19);
    assertThat(HashPool.defaultPermits()).isEqualTo(Runtime.getRuntime().availableProcessors());
  }

  @Test
  void followsItsLimits() throws Exception {
    Limits limits = limits(1, 1, LONG);
    HashPool pool = new HashPool(vertx, limits);
    List<Future<String>> before =
        IntStream.range(0, 2).mapToObj(i -> compute(pool, this::passTheGate)).toList();
    assertThat(compute(pool, () -> "beyond").cause()).isInstanceOf(HashPool.Full.class);

    limits.change(Map.of(Limit.HASH_PERMITS, 3L, Limit.HASH_QUEUE, 100L));
    List<Future<String>> after =
        IntStream.range(0, 5).mapToObj(i -> compute(pool, this::passTheGate)).toList();
    await().until(() -> pool.running() == 4);

    gate.countDown();
    Future.all(before).await(10, SECONDS);
    Future.all(after).await(10, SECONDS);
    await().until(() -> pool.running() + pool.waiting() == 0);
  }

  private static Limits limits(int permits, int queue, Duration wait) {
    return Limits.of(
        Map.of(
            Limit.HASH_PERMITS,
            (long) permits,
            Limit.HASH_QUEUE,
            (long) queue,
            Limit.HASH_WAIT,
            wait.toMillis()));
  }

  private static <T> Future<T> compute(HashPool pool, Callable<T> computation) {
    return compute(pool, LONG, computation);
  }

  private static <T> Future<T> compute(HashPool pool, Duration remaining, Callable<T> computation) {
    return pool.admit(remaining, place -> place.compute(computation));
  }

  private static int work(int millis) {
    LockSupport.parkNanos(millis * 1_000_000L);
    return millis;
  }

  private String passTheGate() throws InterruptedException {
    gate.await();
    return "passed";
  }

  /** The calling thread's nice value: field 19 of proc(5) stat. */
  private static int nice() throws Exception {
    String stat = Files.readString(Path.of("/proc/thread-self/stat"));
    return Integer.parseInt(stat.substring(stat.lastIndexOf(')') + 2).split(" ")[16]);
  }

  private static List<Integer> range(int end) {
    return IntStream.range(0, end).boxed().toList();
  }
}
