package dev.starling.console;

import dev.starling.runtime.NodeReport;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/** How one node did, second by second, as it told. Safe for one thread at a time. */
final class NodeSeries {
  private static final int SECONDS = OperationSeries.SECONDS;
  private static final int NONE = -1;
  private static final long KIB = 1_024;

  /** Seconds without a report, beside which those of timers that do not agree are no gap. */
  private static final int SILENT = 3;

  private final String name;
  private final int[] heap = new int[SECONDS];
  private final int[] cpu = new int[SECONDS];
  private final int[] lag = new int[SECONDS];
  private final int[] inFlight = new int[SECONDS];
  private NodeReport latest;
  private int silent = SILENT;
  private long seconds;

  /**
   * An empty one.
   *
   * @param name of the node
   */
  NodeSeries(String name) {
    this.name = name;
  }

  void hear(NodeReport report) {
    latest = report;
    silent = 0;
  }

  /** A second is over; a node that is silent has no value in it. */
  void tick() {
    int i = (int) (seconds++ % SECONDS);
    heap[i] = NONE;
    if (silent++ < SILENT) {
      heap[i] = (int) (latest.heap() / KIB);
      cpu[i] = (int) Math.round(latest.cpu() * 1_000);
      lag[i] = (int) Math.min(latest.lag(), Integer.MAX_VALUE);
      inFlight[i] =
          (int) latest.operations().stream().mapToLong(NodeReport.Operations::inFlight).sum();
    } else {
      latest = null;
    }
  }

  /** Whether the node has told nothing for as long as it is kept. */
  boolean isSilent() {
    return silent >= SECONDS + SILENT;
  }

  /** Of each second, the oldest first; null where the node told nothing. */
  JsonObject json() {
    JsonArray bytes = new JsonArray();
    JsonArray share = new JsonArray();
    JsonArray millis = new JsonArray();
    JsonArray calls = new JsonArray();
    for (long second = Math.max(0, seconds - SECONDS); second < seconds; second++) {
      int i = (int) (second % SECONDS);
      boolean told = heap[i] != NONE;
      bytes.add(told ? heap[i] * KIB : null);
      share.add(told ? cpu[i] / 1_000.0 : null);
      millis.add(told ? lag[i] : null);
      calls.add(told ? inFlight[i] : null);
    }
    return new JsonObject()
        .put("name", name)
        .put("heap", bytes)
        .put("cpu", share)
        .put("lag", millis)
        .put("inFlight", calls);
  }
}
