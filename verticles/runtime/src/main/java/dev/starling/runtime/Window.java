package dev.starling.runtime;

import java.util.Arrays;

/**
 * Counts calls, failures and slow calls of the last seconds, in twenty slices of time of which the
 * oldest falls out as a whole. Not safe for use by several threads.
 */
final class Window {
  static final int SLICES = 20;

  private final long[] slice = new long[SLICES];
  private final int[] calls = new int[SLICES];
  private final int[] failed = new int[SLICES];
  private final int[] slow = new int[SLICES];

  /**
   * What is in the window.
   *
   * @param calls all
   * @param failed those that failed
   * @param slow those that took long
   */
  record Totals(int calls, int failed, int slow) {
    int failedPercent() {
      return calls == 0 ? 0 : (int) (100L * failed / calls);
    }

    int slowPercent() {
      return calls == 0 ? 0 : (int) (100L * slow / calls);
    }
  }

  /**
   * Counts a call.
   *
   * @param now milliseconds of a clock that does not jump
   * @param length of the window, milliseconds
   */
  void add(long now, long length, boolean hasFailed, boolean wasSlow) {
    long number = now / Math.max(1, length / SLICES);
    int i = Math.floorMod(number, SLICES);
    if (slice[i] != number) {
      slice[i] = number;
      calls[i] = 0;
      failed[i] = 0;
      slow[i] = 0;
    }
    calls[i]++;
    failed[i] += hasFailed ? 1 : 0;
    slow[i] += wasSlow ? 1 : 0;
  }

  /** What was counted within the window that ends now. */
  Totals totals(long now, long length) {
    return totals(now, length, SLICES);
  }

  /**
   * What was counted in the latest slices of it, the one included that is not over yet.
   *
   * @param slices from 1 to 20
   */
  Totals totals(long now, long length, int slices) {
    long number = now / Math.max(1, length / SLICES);
    int allCalls = 0;
    int allFailed = 0;
    int allSlow = 0;
    for (int i = 0; i < SLICES; i++) {
      if (slice[i] > number - slices && slice[i] <= number) {
        allCalls += calls[i];
        allFailed += failed[i];
        allSlow += slow[i];
      }
    }
    return new Totals(allCalls, allFailed, allSlow);
  }

  void clear() {
    Arrays.fill(calls, 0);
    Arrays.fill(failed, 0);
    Arrays.fill(slow, 0);
  }
}
