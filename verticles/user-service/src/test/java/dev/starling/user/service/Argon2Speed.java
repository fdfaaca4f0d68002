package dev.starling.user.service;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;

/**
 * Prints the CPU time, kernel time included, that each engine takes for one hash on this machine.
 */
final class Argon2Speed {

  private static final int WARM_UP = 40;
  private static final int SAMPLES = 100;

  private Argon2Speed() {}

  public static void main(String[] args) {
    BouncyCastleArgon2 portable = new BouncyCastleArgon2();
    for (Argon2 engine : List.of(SodiumArgon2.load(portable).orElseThrow(), portable)) {
      measure(engine);
    }
  }

  private static void measure(Argon2 engine) {
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    for (int i = 0; i < WARM_UP; i++) {
      compute(engine);
    }
    double[] millis = new double[SAMPLES];
    double user = threads.getCurrentThreadUserTime();
    for (int i = 0; i < SAMPLES; i++) {
      long before = threads.getCurrentThreadCpuTime();
      compute(engine);
      millis[i] = (threads.getCurrentThreadCpuTime() - before) / 1e6;
    }
    double inUserMode = (threads.getCurrentThreadUserTime() - user) / 1e6 / SAMPLES;
    double mean = Arrays.stream(millis).average().orElseThrow();
    Arrays.sort(millis);
    System.out.printf(
        "%s: %.1f ms of CPU per hash (median), mean %.1f, of which %.1f in the kernel%n",
        engine.name(), millis[SAMPLES / 2], mean, Math.max(0, mean - inUserMode));
  }

  private static void compute(Argon2 engine) {
    engine.tag(new byte[32], new byte[16], Argon2.Cost.DEFAULT, 32);
  }
}
