package dev.starling.console;

import dev.starling.runtime.NodeReport;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Which nodes have event loops that are behind again and again: one that was late once, as in a
 * pause of the collector, is over when people read of it. Safe for one thread at a time.
 */
final class Lags {
  /** Milliseconds, as in the alert. */
  private static final long LATE = 1_000;

  /** Reports that are looked at, and those of them that must be late. */
  private static final int LATEST = 5;

  private static final int MANY = 3;
  private static final int MOST_NODES = 1_000;

  private final Map<String, Loops> nodes =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Loops> eldest) {
          return size() > MOST_NODES;
        }
      };

  private static final class Loops {
    /** A bit for each of the latest reports, whether it was late. */
    private int late;

    private boolean behind;
  }

  void hear(NodeReport report) {
    Loops loops = nodes.computeIfAbsent(report.node(), n -> new Loops());
    loops.late = (loops.late << 1 | (report.lag() > LATE ? 1 : 0)) & (1 << LATEST) - 1;
    loops.behind = loops.behind ? loops.late != 0 : Integer.bitCount(loops.late) >= MANY;
  }

  /** From the third late report in five, until five in a row were not. */
  boolean isBehind(String node) {
    return nodes.containsKey(node) && nodes.get(node).behind;
  }
}
