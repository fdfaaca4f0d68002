package dev.starling.runtime;

/**
 * What the calls to an instance tell of it: the share of failed and of slow ones in a {@link
 * Window}, and time-outs in a row where calls are few. Not safe for use by several threads.
 */
final class Conduct {
  /**
   * Tenths of the window that are judged, each apart: the whole would take most of its length to
   * notice what has just gone bad, and the latest alone sees too little where calls are few.
   */
  private static final int[] TENTHS = {10, 2, 1};

  private final Limits limits;
  private final Window window = new Window();
  private final Latest latest = new Latest();
  private int timeoutsInARow;

  Conduct(Limits limits) {
    this.limits = limits;
  }

  /**
   * Learns from the end of a call.
   *
   * @param now milliseconds of a clock that does not jump
   * @param timedOut whether there was no answer in time
   * @param fault whether the instance is to blame, also for a time-out
   */
  void add(long now, boolean timedOut, boolean fault, boolean slow) {
    timeoutsInARow = timedOut ? timeoutsInARow + 1 : 0;
    window.add(now, limits.get(Limit.BREAKER_WINDOW), fault, slow);
    latest.add(now, (int) limits.get(Limit.BREAKER_CALLS), fault);
  }

  /** What speaks against calling the instance; null for nothing, or where too little is known. */
  String reproach(long now) {
    if (timeoutsInARow >= limits.get(Limit.BREAKER_TIMEOUTS)) {
      return timeoutsInARow + " calls in a row were not answered in time";
    }
    // The choice soon leaves a failing instance few calls: what it does with many says most.
    long since = now - limits.get(Limit.BREAKER_WINDOW);
    if (latest.failedPercent(since) >= limits.get(Limit.BREAKER_FAILURES)) {
      return latest.failures() + " of the latest " + limits.get(Limit.BREAKER_CALLS) + " failed";
    }
    for (int tenths : TENTHS) {
      Window.Totals totals = window.totals(now, limits.get(Limit.BREAKER_WINDOW), tenths);
      if (totals.calls() >= limits.get(Limit.BREAKER_CALLS)) {
        if (totals.failedPercent() >= limits.get(Limit.BREAKER_FAILURES)) {
          return totals.failed() + " of " + totals.calls() + " calls failed";
        }
        if (totals.slowPercent() >= limits.get(Limit.BREAKER_SLOW)) {
          return totals.slow() + " of " + totals.calls() + " calls were slow";
        }
      }
    }
    return null;
  }

  /** All that is in the window now. */
  Window.Totals totals(long now) {
    return window.totals(now, limits.get(Limit.BREAKER_WINDOW));
  }

  void forget() {
    window.clear();
    latest.clear();
    timeoutsInARow = 0;
  }
}
