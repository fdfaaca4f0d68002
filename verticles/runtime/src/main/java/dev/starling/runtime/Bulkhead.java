package dev.starling.runtime;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Bounds the calls of one operation that this node works on, so that a slow one takes neither the
 * memory nor the time of the others, and what is too much is refused at once instead of in vain
 * later.
 *
 * <p>The bound adapts: it shrinks by a tenth when calls take longer than half of the time that an
 * attempt usually has or the event loop lags, at most once in a tenth of a second, and grows by one
 * for each round of quick calls while it is in use, up to {@link Limit#CONCURRENCY} (additive
 * increase, multiplicative decrease: Chiu and Jain, 1989; used so by Netflix's concurrency-limits).
 *
 * <p>A call that has not ended though its time is over twice is taken for one that never will: when
 * all places are held, its place is given away.
 */
final class Bulkhead {
  private static final Logger log = LoggerFactory.getLogger(Bulkhead.class);
  private static final int LEAST = 8;
  private static final double SHRINKS_TO = 0.9;
  private static final long SHRINKS_EVERY = TimeUnit.MILLISECONDS.toNanos(100);
  private static final long LOOKS_EVERY = TimeUnit.MILLISECONDS.toNanos(100);

  /** By a clock whose zero is anywhere. */
  private static final long LONG_AGO = Long.MIN_VALUE / 2;

  private final String operation;
  private final Limits limits;
  private final Set<Place> places = new HashSet<>();
  private double bound = Double.MAX_VALUE;
  private long shrunk = LONG_AGO;
  private long looked = LONG_AGO;

  /**
   * Held by a call while it is being worked on.
   *
   * @param until when it may be given to another, of the clock of {@link Bulkhead#enter}
   */
  static final class Place {
    private final long until;

    private Place(long until) {
      this.until = until;
    }
  }

  /**
   * Of one operation.
   *
   * @param operation as logs name it
   */
  Bulkhead(String operation, Limits limits) {
    this.operation = operation;
    this.limits = limits;
  }

  /**
   * Takes a place for a call, which must {@link #leave} it; null when all are held.
   *
   * @param now of a clock in nanoseconds that does not jump
   * @param budget nanoseconds until nobody waits for it any more
   */
  synchronized Place enter(long now, long budget) {
    bound = Math.min(bound, limits.get(Limit.CONCURRENCY));
    if (places.size() >= (int) bound) {
      giveAway(now);
    }
    if (places.size() >= (int) bound) {
      return null;
    }
    Place place = new Place(now + 2 * budget);
    places.add(place);
    return place;
  }

  private void giveAway(long now) {
    if (now - looked < LOOKS_EVERY) {
      return;
    }
    looked = now;
    int held = places.size();
    places.removeIf(place -> now - place.until > 0);
    int left = places.size();
    if (left < held) {
      log.warn("{} calls of {} have not ended in twice their time", held - left, operation);
    }
  }

  /**
   * A call has ended.
   *
   * @param now of the same clock
   * @param slow whether it took too long, or the event loop has lagged
   */
  synchronized void leave(Place place, long now, boolean slow) {
    boolean inUse = 2 * places.size() >= bound;
    places.remove(place);
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
    return places.size();
  }
}
