package dev.starling.runtime;

import java.util.function.LongSupplier;

/**
 * Bounds the retries of a node, so that they cannot turn a fault that all instances share into a
 * storm: a share of the calls of the last ten seconds, and a few a second when calls are few.
 *
 * <p>The form is that of Finagle's retry budget (share, floor, ten seconds), with a smaller share.
 */
final class RetryBudget {
  private static final long WINDOW = 10_000;

  /** What is kept, in slices of which all but one last as long as the window. */
  private static final long SPAN = (WINDOW / (Window.SLICES - 1) + 1) * Window.SLICES;

  /** The latest slices: never more than the window. */
  private static final int NEVER_MORE = Window.SLICES - 2;

  private final Limits limits;
  private final LongSupplier clock;
  private final Window window = new Window();

  /**
   * A budget of which nothing has been spent.
   *
   * @param clock milliseconds, does not jump
   */
  RetryBudget(Limits limits, LongSupplier clock) {
    this.limits = limits;
    this.clock = clock;
  }

  /** A call was made that is no retry. */
  synchronized void called() {
    window.add(clock.getAsLong(), SPAN, false, false);
  }

  /** Whether one retry may be made now, which is then counted. */
  synchronized boolean take() {
    // A retry is counted as the failed call that it repeats; the call itself is in there already.
    long now = clock.getAsLong();
    Window.Totals earned = window.totals(now, SPAN, NEVER_MORE);
    long spent = window.totals(now, SPAN).failed();
    long share = (earned.calls() - earned.failed()) * limits.get(Limit.RETRY_SHARE) / 100;
    long floor = limits.get(Limit.RETRY_FLOOR) * WINDOW / 1_000;
    if (spent >= Math.max(share, floor)) {
      return false;
    }
    window.add(now, SPAN, true, false);
    return true;
  }
}
