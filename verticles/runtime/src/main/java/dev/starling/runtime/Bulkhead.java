package dev.starling.runtime;

import java.util.concurrent.TimeUnit;

/**
 * Bounds the calls of one operation that this node works on, so that a slow one takes neither the
 * memory nor the time of the others, and what is too much is refused at once instead of in vain
 * later.
 *
 * <p>The bound adapts: it shrinks by a tenth when calls take longer than half of the time that an
 * attempt usually has or the event loop lags, at most once in a tenth of a second, and grows by one
 * for each round of quick calls while it is in use, up to {@link Limit#CONCURRENCY} (additive
 * increase, multiplicative decrease: Chiu and Jain, 1989; used so by Netflix's concurrency-limits).
 */
final class Bulkhead {
  private static final int LEAST = 8;
  private static final double SHRINKS_TO = 0.9;
  private static final long SHRINKS_EVERY = TimeUnit.MILLISECONDS.toNanos(100);

  private final Limits limits;
  private double bound = Double.MAX_VALUE;
  private int inside;
  private long shrunk;

  Bulkhead(Limits limits) {
    this.limits = limits;
  }

  /** Whether one more call may be worked on; it must {@link #leave} then. */
  synchronized boolean enter() {
    bound = Math.min(bound, limits.get(Limit.CONCURRENCY));
    if (inside >= (int) bound) {
      return false;
    }
    inside++;
    return true;
  }

  /**
   * A call has ended.
   *
   * @param now of a clock in nanoseconds that does not jump
   * @param slow whether it took too long, or the event loop has lagged
   */
  synchronized void leave(long now, boolean slow) {
    boolean inUse = 2 * inside >= bound;
    inside--;
    if (!slow) {
      bound += inUse ? 1 / bound : 0;
    } else if (now - shrunk >= SHRINKS_EVERY) {
      shrunk = now;
      bound = Math.max(Math.min(LEAST, limits.get(Limit.CONCURRENCY)), bound * SHRINKS_TO);
    }
  }

  /** How many calls it admits now. */
  synchronized int bound() {
    return (int) Math.min(bound, limits.get(Limit.CONCURRENCY));
  }

  /** How many calls are being worked on. */
  synchronized int inside() {
    return inside;
  }
}
