package dev.starling.runtime;

/**
 * What the calls to an instance tell of it: the share of failed and of slow ones in a {@link
 * Window}, and time-outs in a row where calls are few. Not safe for use by several threads.
 */
final class Conduct {
  /**
   * Latest tenths of the window that are judged apart: the whole would take most of its length to
   * notice what has just gone bad. One alone would be no more than it began with for a while.
   */
  private static final int RECENT = 2;

  private static final int[] TENTHS = {10, RECENT};

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
    long length = limits.get(Limit.BREAKER_WINDOW);
    long enough = limits.get(Limit.BREAKER_CALLS);
    // The choice soon leaves a failing instance so few calls that time alone gathers too little.
    boolean few = window.totals(now, length, RECENT).calls() < enough;
    if (few && latest.failedPercent(now - length) >= limits.get(Limit.BREAKER_FAILURES)) {
      return latest.failures() + " of the latest " + enough + " calls failed";
    }
    for (int tenths : TENTHS) {
      Window.Totals totals = window.totals(now, length, tenths);
      if (totals.calls() >= enough) {
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
