package dev.starling.runtime;

/** The latest calls, so many that their share of failures means something; not thread-safe. */
final class Latest {
  private long[] at = {};
  private boolean[] failed = {};
  private int next;
  private int calls;
  private int failures;

  /**
   * Counts a call in place of the oldest.
   *
   * @param now milliseconds of a clock that does not jump
   * @param size how many are kept; another one than before begins anew
   */
  void add(long now, int size, boolean hasFailed) {
    if (size != at.length) {
      at = new long[size];
      failed = new boolean[size];
      clear();
    }
    failures += (hasFailed ? 1 : 0) - (calls == size && failed[next] ? 1 : 0);
    at[next] = now;
    failed[next] = hasFailed;
    next = (next + 1) % size;
    calls = Math.min(size, calls + 1);
  }

  /** Percent of them that failed; 0 when there are too few since a moment. */
  int failedPercent(long since) {
    boolean enough = calls > 0 && calls == at.length && at[next] >= since;
    return enough ? (int) (100L * failures / calls) : 0;
  }

  int failures() {
    return failures;
  }

  void clear() {
    next = 0;
    calls = 0;
    failures = 0;
  }
}
