package dev.starling.user.service;

import java.lang.management.ManagementFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** The password hash of a log-in and nothing else, on as many threads as the service hashes on. */
public final class HashAlone {
  private static final int BYTES = 32;

  private HashAlone() {}

  /**
   * What was done.
   *
   * @param hashes how many
   * @param cpuMicros CPU time of all of them
   * @param seconds how long it took
   */
  public record Work(long hashes, long cpuMicros, double seconds) {}

  /**
   * Computes for a time, at the cost of the service.
   *
   * @param portable whether by Bouncy Castle, as where the native library does not load
   */
  public static Work compute(Duration time, boolean portable) throws Exception {
    Argon2 engine = portable ? new BouncyCastleArgon2() : Argon2.fastest();
    int permits = HashPool.defaultPermits();
    ExecutorService threads = Executors.newFixedThreadPool(permits);
    try {
      long begin = System.nanoTime();
      List<Future<Work>> all = new ArrayList<>();
      for (int i = 0; i < permits; i++) {
        all.add(threads.submit(() -> compute(engine, begin + time.toNanos())));
      }
      long hashes = 0;
      long cpu = 0;
      for (Future<Work> one : all) {
        hashes += one.get().hashes();
        cpu += one.get().cpuMicros();
      }
      return new Work(hashes, cpu, (System.nanoTime() - begin) / 1e9);
    } finally {
      threads.shutdown();
    }
  }

  private static Work compute(Argon2 engine, long end) {
    byte[] input = new byte[BYTES];
    byte[] salt = new byte[BYTES / 2];
    long hashes = 0;
    long before = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime();
    while (System.nanoTime() < end) {
      engine.tag(input, salt, Argon2.Cost.DEFAULT, BYTES);
      hashes++;
    }
    long cpu = ManagementFactory.getThreadMXBean().getCurrentThreadCpuTime() - before;
    return new Work(hashes, cpu / 1_000, 0);
  }
}
