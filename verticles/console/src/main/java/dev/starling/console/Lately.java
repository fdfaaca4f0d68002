package dev.starling.console;

import io.vertx.core.json.JsonObject;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import org.HdrHistogram.Histogram;

/**
 * Calls of the last ten seconds. Their histograms are kept and merged; percentiles are never
 * averaged. Safe for one thread at a time.
 */
final class Lately {
  static final int SECONDS = 10;
  static final double[] PERCENTILES = {50, 90, 99, 99.9};
  private static final int DIGITS = 2;

  private final Deque<Slice> past = new ArrayDeque<>(SECONDS);
  private Slice slice = new Slice();

  /** What has ended within one second. */
  static final class Slice {
    private Histogram times;
    private final Map<String, Long> failures = new HashMap<>();

    private void add(Histogram more, Map<String, Long> failed) {
      if (times == null) {
        times = new Histogram(DIGITS);
      }
      times.add(more);
      failed.forEach((code, n) -> failures.merge(code, n, Long::sum));
    }

    int calls() {
      return times == null ? 0 : (int) times.getTotalCount();
    }

    int failed() {
      return (int) failures.values().stream().mapToLong(Long::longValue).sum();
    }

    /** Microseconds. */
    int at(double percentile) {
      return times == null ? 0 : (int) times.getValueAtPercentile(percentile);
    }
  }

  /** Times of calls, and those of them that failed, by code. */
  void add(Histogram times, Map<String, Long> failed) {
    slice.add(times, failed);
  }

  /** A second is over: what was in it. */
  Slice tick() {
    Slice last = slice;
    past.addLast(last);
    if (past.size() > SECONDS) {
      past.removeFirst();
    }
    slice = new Slice();
    return last;
  }

  /** Whether nothing has ended in the second that is not over. */
  boolean isNowSilent() {
    return slice.times == null;
  }

  /** Whether nothing has ended in all of the time. */
  boolean isSilent() {
    return isNowSilent() && past.stream().allMatch(s -> s.calls() == 0);
  }

  int calls() {
    return past.stream().mapToInt(Slice::calls).sum();
  }

  /** Failures by code. */
  Map<String, Long> failures() {
    Map<String, Long> failures = new TreeMap<>();
    for (Slice each : past) {
      each.failures.forEach((code, n) -> failures.merge(code, n, Long::sum));
    }
    return failures;
  }

  /** Calls a second, percentiles in milliseconds, failures by code. */
  JsonObject json() {
    Histogram times = new Histogram(DIGITS);
    for (Slice each : past) {
      if (each.times != null) {
        times.add(each.times);
      }
    }
    JsonObject failed = new JsonObject();
    failures().forEach(failed::put);
    JsonObject json =
        new JsonObject()
            .put("seconds", past.size())
            .put("rate", times.getTotalCount() / (double) Math.max(1, past.size()))
            .put("failures", failed);
    if (times.getTotalCount() > 0) {
      for (double percentile : PERCENTILES) {
        json.put(name(percentile), times.getValueAtPercentile(percentile) / 1_000.0);
      }
      json.put("max", times.getMaxValue() / 1_000.0);
    }
    return json;
  }

  static String name(double percentile) {
    return percentile == 99.9 ? "p99.9" : "p" + (int) percentile;
  }
}
