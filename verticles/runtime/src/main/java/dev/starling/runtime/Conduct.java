package dev.starling.runtime;

/**
 * What the calls to an instance tell of it: the share of failed and of slow ones in a {@link
 * Window}, of failed ones among the {@link Latest} where that holds few, and time-outs in a row.
 * Not safe for use by several threads.
 */
final class Conduct {
  /**
   * Latest slices of the window that are judged apart: the whole would take most of its length to
   * notice what has just gone bad. One alone would be no more than it began with for a while.
   */
  private static final int RECENT = 2;

  private final Limits limits;
  private final Window window = new Window();
  private final Latest latest = new Latest();
  private final Trail trail = new Trail();
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
    trail.add(now, timedOut, fault, slow);
  }

  /** What speaks against calling the instance; null for nothing, or where too little is known. */
  String reproach(long now) {
    if (timeoutsInARow >= limits.get(Limit.BREAKER_TIMEOUTS)) {
      return timeoutsInARow + " calls in a row were not answered in time";
    }
    long length = limits.get(Limit.BREAKER_WINDOW);
    long enough = limits.get(Limit.BREAKER_CALLS);
    // The choice soon leaves a failing instance so few calls that time alone gathers too little.
    Window.Totals recent = window.totals(now, length, RECENT);
    if (recent.calls() < enough
        && latest.failedPercent(now - length) >= limits.get(Limit.BREAKER_FAILURES)) {
      return latest.failures() + " of the latest " + enough + " calls failed";
    }
    String ofTheWhole = reproach(totals(now));
    return ofTheWhole != null ? ofTheWhole : reproach(recent);
  }

  /** What too many of the calls did; null for nothing, or where there are too few to tell. */
  private String reproach(Window.Totals totals) {
    if (totals.calls() < limits.get(Limit.BREAKER_CALLS)) {
      return null;
    }
    if (totals.failedPercent() >= limits.get(Limit.BREAKER_FAILURES)) {
      return totals.failed() + " of " + totals.calls() + " calls failed";
    }
    return totals.slowPercent() >= limits.get(Limit.BREAKER_SLOW)
        ? totals.slow() + " of " + totals.calls() + " calls were slow"
        : null;
  }

  /** All that is in the window now. */
  Window.Totals totals(long now) {
    return window.totals(now, limits.get(Limit.BREAKER_WINDOW));
  }

  /** How each of the calls in the window ended, as far as they are kept. */
  String trail(long now) {
    return trail.since(now - limits.get(Limit.BREAKER_WINDOW));
  }

  /** How each of the latest calls ended, however long ago. */
  String wholeTrail() {
    return trail.since(Long.MIN_VALUE);
  }

  void forget() {
    window.clear();
    latest.clear();
    trail.clear();
    timeoutsInARow = 0;
  }
}
