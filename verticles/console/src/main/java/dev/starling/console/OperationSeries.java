package dev.starling.console;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Map;
import org.HdrHistogram.Histogram;

/** Calls of one operation in the whole flock, second by second. Safe for one thread at a time. */
final class OperationSeries {
  /** Seconds that are kept. */
  static final int SECONDS = 900;

  private static final double[] PERCENTILES = Lately.PERCENTILES;

  private final Lately lately = new Lately();
  private final int[] calls = new int[SECONDS];
  private final int[] failed = new int[SECONDS];
  private final int[][] micros = new int[PERCENTILES.length][SECONDS];
  private long seconds;

  /** Times of calls, and those of them that failed, by code. */
  void add(Histogram times, Map<String, Long> failed) {
    lately.add(times, failed);
  }

  /** A second is over. */
  void tick() {
    int i = (int) (seconds++ % SECONDS);
    Lately.Slice last = lately.tick();
    calls[i] = last.calls();
    failed[i] = last.failed();
    for (int p = 0; p < PERCENTILES.length; p++) {
      micros[p][i] = last.at(PERCENTILES[p]);
    }
  }

  /** Whether nothing has been called for as long as it is kept. */
  boolean isSilent() {
    for (int i = 0; i < SECONDS; i++) {
      if (calls[i] + failed[i] > 0) {
        return false;
      }
    }
    return lately.isNowSilent();
  }

  int calls() {
    return lately.calls();
  }

  /** Of the last ten seconds, by code. */
  Map<String, Long> failures() {
    return lately.failures();
  }

  /** The last ten seconds: calls a second, percentiles in milliseconds, failures by code. */
  JsonObject lately() {
    return lately.json();
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
        json.put(Lately.name(PERCENTILES[p]), list(micros[p]));
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
