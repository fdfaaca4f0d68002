package dev.starling.lab;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;

/** Measures what a request costs at one size of a system that grows. */
final class Growing {
  private static final long LOOK = 2_000;
  private static final int LOOKS = 60;

  private Growing() {}

  /**
   * Measures at one size.
   *
   * @param warmings how often it runs warm before: the more share the load, the longer each of them
   *     is cold
   */
  static Findings.Point measure(
      int size, int warmings, Vertx vertx, Visit visit, List<NodeProcess> nodes, Pace pace)
      throws Exception {
    List<Long> pids = nodes.stream().map(NodeProcess::pid).toList();
    Served subject = new Served("", vertx, 0, pids, List.of(), visit, Pace.CONNECTIONS, false);
    for (int i = 0; i < warmings; i++) {
      subject.warm(pace);
    }
    double rest = rest(pids);
    List<Double> cpu = new ArrayList<>();
    for (int i = 0; i < pace.rounds(); i++) {
      cpu.add(subject.round(pace).cpu());
    }
    System.err.printf("%d: %.1f us%n", size, Spread.of(cpu).median());
    return new Findings.Point(size, Spread.of(cpu), rest);
  }

  /** Waits until what the growth itself makes them do is done; percent of one core from then on. */
  private static double rest(List<Long> pids) throws Exception {
    double before = Double.MAX_VALUE;
    double now = look(pids);
    for (int i = 0; i < LOOKS && now < 0.9 * before; i++) {
      before = now;
      now = look(pids);
    }
    return Math.min(before, now);
  }

  private static double look(List<Long> pids) throws Exception {
    long cpu = Usage.cpu(pids);
    long begin = System.nanoTime();
    Thread.sleep(LOOK);
    return 100e3 * (Usage.cpu(pids) - cpu) / (System.nanoTime() - begin);
  }
}
