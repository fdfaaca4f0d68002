package dev.starling.runtime;

/** How each of the latest calls to an instance ended, for people to see; not thread-safe. */
final class Trail {
  /** Calls that are kept. */
  static final int MOST = 40;

  static final char WELL = '.';
  static final char SLOW = 's';
  static final char FAILED = 'x';
  static final char TIMED_OUT = 't';

  private final long[] at = new long[MOST];
  private final char[] ends = new char[MOST];
  private long calls;

  /**
   * A call has ended.
   *
   * @param now milliseconds of a clock that does not jump
   */
  void add(long now, boolean timedOut, boolean fault, boolean slow) {
    int i = (int) (calls++ % MOST);
    at[i] = now;
    ends[i] = timedOut ? TIMED_OUT : fault ? FAILED : slow ? SLOW : WELL;
  }

  /** Those since then, the oldest first, one character each. */
  String since(long moment) {
    StringBuilder text = new StringBuilder();
    for (long call = Math.max(0, calls - MOST); call < calls; call++) {
      int i = (int) (call % MOST);
      if (at[i] >= moment) {
        text.append(ends[i]);
      }
    }
    return text.toString();
  }

  void clear() {
    calls = 0;
  }
}
