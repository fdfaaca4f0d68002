package dev.starling.runtime;

import io.vertx.core.Future;
import java.util.function.Supplier;

/**
 * One operation of one instance: what a caller chooses among.
 *
 * <p>Of two, the one of less {@link #cost} gets the call: (calls in flight + 1) × smoothed latency,
 * over the share that a new instance may have. The latency is a moving average that follows a
 * slower answer at once and a faster one with a time constant of two seconds, and that fades while
 * nobody asks, so that an instance which was slow is tried again (peak EWMA, as in Finagle's load
 * balancer; the power of two choices is due to Mitzenmacher, 2001). Latency is kept for each
 * operation apart, since a hash takes a hundred times as long as a read; calls in flight are those
 * to the whole instance.
 */
final class Endpoint {
  private static final double FADES_IN_NANOS = 2e9;

  /**
   * By what a failure makes it dearer. What comes of it is a rate of failures, however quick they
   * are and however many are called: as many a second as make up for what fades, here 2.7. That
   * keeps most calls away, and still shows soon that it is well again.
   */
  private static final double DEARER = 1.2;

  /**
   * For how long one that begins to fail costs what it did: its breaker needs calls to judge it by,
   * and fewer of them would only put that off.
   */
  private static final long UNJUDGED_NANOS = 2_000_000_000L;

  /** Failures that lie further apart do not belong together. */
  private static final long APART_NANOS = 10_000_000_000L;

  /** What a call counts where no answer says more. */
  private static final double UNKNOWN_NANOS = 1e9;

  private final Instance instance;
  private double latency;
  private long at;
  private boolean known;
  private boolean failing;
  private long failingSince;
  private long failedAt;

  Endpoint(Instance instance) {
    this.instance = instance;
  }

  Instance instance() {
    return instance;
  }

  /**
   * Calls it through the breaker of its instance.
   *
   * @param usual milliseconds that such a call may take
   */
  <T> Future<T> call(long usual, Supplier<Future<T>> message) {
    long begin = System.nanoTime();
    return instance
        .breaker()
        .call(usual, () -> instance.send(message))
        .onComplete(
            (answer, failure) -> {
              long now = System.nanoTime();
              observe(now, now - begin, failure == null ? null : ServiceException.of(failure));
            });
  }

  /**
   * Learns from the end of a call. A quick failure is no sign of a quick instance: one that goes on
   * failing counts as somewhat slower than before, and one that refuses as slow, so that others are
   * asked first for some seconds.
   *
   * @param failure null for none
   */
  synchronized void observe(long now, long nanos, ServiceException failure) {
    boolean fails = failure != null && failure.code().isFault();
    boolean refuses = failure != null && failure.code().isRefusal();
    double took = nanos;
    if (refuses || fails && !known) {
      took = Math.max(nanos, UNKNOWN_NANOS);
    } else if (fails) {
      double dearer = failsFor(now) < UNJUDGED_NANOS ? 1 : DEARER;
      took = Math.max(nanos, Math.min(dearer * smoothed(now), UNKNOWN_NANOS));
    }
    double weight = took > smoothed(now) ? 0 : Math.exp(-(now - at) / FADES_IN_NANOS);
    latency = took + (latency - took) * weight;
    at = now;
    known = true;
  }

  /** Since the first of these failures. */
  private long failsFor(long now) {
    if (!failing || now - failedAt > APART_NANOS) {
      failing = true;
      failingSince = now;
    }
    failedAt = now;
    return now - failingSince;
  }

  /** What was observed is of another time. */
  synchronized void forget() {
    known = false;
    failing = false;
    latency = 0;
  }

  private double smoothed(long now) {
    return latency * Math.exp(-(now - at) / FADES_IN_NANOS);
  }

  /** What one more call to it costs; only the order of two costs means something. */
  synchronized double cost(long now) {
    int inFlight = instance.inFlight();
    double perCall = known ? smoothed(now) * (inFlight + 1) : UNKNOWN_NANOS * inFlight;
    return perCall / instance.share(now);
  }
}
