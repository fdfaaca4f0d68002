package dev.starling.user.service;

import dev.starling.user.service.Argon2.Cost;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.ToDoubleFunction;

/** Measures what hashing a password costs on this machine, for those who choose how much it may. */
public final class Calibration {
  /** What OWASP takes for equally good, and one that costs more. */
  private static final List<Cost> COSTS =
      List.of(Cost.DEFAULT, new Cost(12_288, 3, 1), new Cost(47_104, 1, 1), new Cost(65_536, 3, 1));

  private static final int WARM_UP = 2;
  private static final int SAMPLES = 5;
  private static final Duration ALONE = Duration.ofMillis(200);
  private static final Duration TOGETHER = Duration.ofMillis(500);

  /** How often a suggestion is measured and corrected: time grows faster than memory. */
  private static final int CORRECTIONS = 3;

  private static final int KIB = 1_024;

  private final PrintStream out;
  private final int cores = Runtime.getRuntime().availableProcessors();

  private Calibration(PrintStream out) {
    this.out = out;
  }

  /**
   * Prints what is measured, which takes some 15 s, and settings.
   *
   * @param wanted how long one hash is to take; zero for as long as the least that is allowed does
   */
  public static void print(PrintStream out, Duration wanted) {
    new Calibration(out).run(wanted);
  }

  private void run(Duration wanted) {
    Argon2 portable = new BouncyCastleArgon2();
    Argon2 fastest = Argon2.fastest();
    table(fastest);
    if (!fastest.name().equals(portable.name())) {
      table(portable);
    }
    Cost cost = suggested(wanted.toNanos() / 1e6, c -> alone(fastest, c)[0]);
    double[] taken = alone(fastest, cost);
    out.printf(
        """
        With these settings a hash takes %.0f ms here, and %,d hashes at a time %,d MiB:

        user:
          hash-memory: %d
          hash-iterations: %d
        """,
        taken[0], cores, (long) cores * cost.memory() / KIB, cost.memory(), cost.iterations());
  }

  private void table(Argon2 engine) {
    out.printf("%s, %d cores%n", engine.name(), cores);
    out.printf("%12s %7s %8s %8s %10s%n", "memory KiB", "passes", "ms", "CPU ms", "hashes/s");
    for (Cost cost : COSTS) {
      double[] taken = alone(engine, cost);
      out.printf(
          "%12d %7d %8.1f %8.1f %10.1f%n",
          cost.memory(), cost.iterations(), taken[0], taken[1], together(engine, cost));
    }
    out.println();
  }

  /** Milliseconds of one hash, and of those the processor's: medians. */
  private static double[] alone(Argon2 engine, Cost cost) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    for (int i = 0; i < WARM_UP; i++) {
      compute(engine, cost);
    }
    List<Double> times = new ArrayList<>();
    List<Double> processor = new ArrayList<>();
    long end = System.nanoTime() + ALONE.toNanos();
    while (times.size() < SAMPLES || System.nanoTime() < end) {
      long begun = System.nanoTime();
      long before = threads.getCurrentThreadCpuTime();
      compute(engine, cost);
      processor.add((threads.getCurrentThreadCpuTime() - before) / 1e6);
      times.add((System.nanoTime() - begun) / 1e6);
    }
    return new double[] {median(times), median(processor)};
  }

  private static double median(List<Double> values) {
    double[] sorted = values.stream().mapToDouble(v -> v).toArray();
    Arrays.sort(sorted);
    return sorted[sorted.length / 2];
  }

  /** Hashes a second with all cores at it, as a node does under load. */
  private double together(Argon2 engine, Cost cost) {
    ExecutorService threads = Executors.newFixedThreadPool(cores);
    LongAdder computed = new LongAdder();
    long begun = System.nanoTime();
    for (int i = 0; i < cores; i++) {
      threads.execute(
          () -> {
            while (System.nanoTime() - begun < TOGETHER.toNanos()) {
              compute(engine, cost);
              computed.increment();
            }
          });
    }
    threads.shutdown();
    try {
      threads.awaitTermination(1, TimeUnit.MINUTES);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return computed.sum() * 1e9 / (System.nanoTime() - begun);
  }

  private static void compute(Argon2 engine, Cost cost) {
    engine.tag(new byte[32], new byte[16], cost, 32);
  }

  /**
   * The cost by which a hash takes about as long, never less than the least: with two passes the
   * memory that this allows (RFC 9106, 4), and more passes where there is more time than memory may
   * take.
   *
   * @param wanted milliseconds
   * @param measured milliseconds that a cost takes
   */
  static Cost suggested(double wanted, ToDoubleFunction<Cost> measured) {
    Cost cost = Cost.DEFAULT;
    for (int i = 0; i < CORRECTIONS; i++) {
      double taken = measured.applyAsDouble(cost);
      if (taken >= wanted && cost.equals(Cost.DEFAULT)) {
        return cost;
      }
      cost = scaled(cost, wanted / taken);
    }
    return cost;
  }

  private static Cost scaled(Cost cost, double factor) {
    double work = (double) cost.memory() * cost.iterations() * factor;
    int least = Cost.DEFAULT.iterations();
    int memory = (int) Math.min(Math.round(work / least / KIB), PhcString.MAX_MEMORY / KIB) * KIB;
    if (memory <= Cost.DEFAULT.memory()) {
      return Cost.DEFAULT;
    }
    int passes = (int) Math.min(Math.max(work / memory, least), PhcString.MAX_ITERATIONS);
    return new Cost(memory, passes, 1);
  }
}
