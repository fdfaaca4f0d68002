package dev.starling.console;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/** Calls of one operation in the whole flock, second by second. Safe for one thread at a time. */
final class OperationSeries {
  /** Seconds that are kept. */
  static final int SECONDS = 900;

  /** Seconds of which the histograms are kept, to merge them; percentiles are never averaged. */
  static final int RECENT = 10;

  private static final int DIGITS = 2;
  private static final double[] PERCENTILES = {50, 90, 99, 99.9};

  private final Deque<Slice> recent = new ArrayDeque<>(RECENT);
  private final int[] calls = new int[SECONDS];
  private final int[] failed = new int[SECONDS];
  private final int[][] micros = new int[PERCENTILES.length][SECONDS];
  private Slice slice = new Slice();
  private long seconds;

  /** What has ended within one second. */
  private static final class Slice {
    private Histogram times;
    private final Map<String, Long> failures = new HashMap<>();

    private void add(Histogram more) {
      if (times == null) {
        times = new Histogram(DIGITS);
      }
      times.add(more);
    }

    private long failed() {
      return failures.values().stream().mapToLong(Long::longValue).sum();
    }
  }

  void add(Histogram times) {
    slice.add(times);
  }

  void fail(String code, long times) {
    slice.failures.merge(code, times, Long::sum);
  }

  /** A second is over. */
  void tick() {
    int i = (int) (seconds++ % SECONDS);
    Histogram times = slice.times;
    calls[i] = times == null ? 0 : (int) times.getTotalCount();
    failed[i] = (int) slice.failed();
    for (int p = 0; p < PERCENTILES.length; p++) {
      micros[p][i] = times == null ? 0 : (int) times.getValueAtPercentile(PERCENTILES[p]);
    }
    recent.addLast(slice);
    if (recent.size() > RECENT) {
      recent.removeFirst();
    }
    slice = new Slice();
  }

  /** Whether nothing has been called for as long as it is kept. */
  boolean isSilent() {
    for (int i = 0; i < SECONDS; i++) {
      if (calls[i] + failed[i] > 0) {
        return false;
      }
    }
    return slice.times == null;
  }

  /** The last ten seconds: calls a second, percentiles in milliseconds, failures by code. */
  JsonObject lately() {
    Histogram times = new Histogram(DIGITS);
    Map<String, Long> failures = new TreeMap<>();
    for (Slice past : recent) {
      if (past.times != null) {
        times.add(past.times);
      }
      past.failures.forEach((code, n) -> failures.merge(code, n, Long::sum));
    }
    JsonObject failed = new JsonObject();
    failures.forEach(failed::put);
    JsonObject lately =
        new JsonObject()
            .put("seconds", recent.size())
            .put("rate", times.getTotalCount() / (double) Math.max(1, recent.size()))
            .put("failures", failed);
    if (times.getTotalCount() > 0) {
      for (double percentile : PERCENTILES) {
        lately.put(name(percentile), times.getValueAtPercentile(percentile) / 1_000.0);
      }
      lately.put("max", times.getMaxValue() / 1_000.0);
    }
    return lately;
  }

  private static String name(double percentile) {
    return percentile == 99.9 ? "p99.9" : "p" + (int) percentile;
  }

  /**
   * The last seconds.
   *
   * @param most at most {@link #SECONDS}
   */
  Values values(int most) {
    int length = (int) Math.min(Math.min(most, SECONDS), seconds);
    int[][] percentiles = new int[PERCENTILES.length][];
    for (int p = 0; p < PERCENTILES.length; p++) {
      percentiles[p] = last(micros[p], length);
    }
    return new Values(last(calls, length), last(failed, length), percentiles);
  }

  private int[] last(int[] ring, int length) {
    int[] values = new int[length];
    for (int i = 0; i < length; i++) {
      values[i] = ring[(int) ((seconds - length + i) % SECONDS)];
    }
    return values;
  }

  /**
   * Of each second, the oldest first.
   *
   * @param micros the percentiles, in microseconds
   */
  record Values(int[] calls, int[] failed, int[][] micros) {
    JsonObject json() {
      JsonObject json = new JsonObject().put("calls", list(calls)).put("failed", list(failed));
      for (int p = 0; p < PERCENTILES.length; p++) {
        json.put(name(PERCENTILES[p]), list(micros[p]));
      }
      return json;
    }

    private static JsonArray list(int[] values) {
      JsonArray list = new JsonArray();
      for (int value : values) {
        list.add(value);
      }
      return list;
    }
  }
}
