package dev.starling.user.service;

import io.vertx.core.Future;
import java.time.InstantSource;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The signing keys as the database has them now, give or take a second: read when somebody asks,
 * once for all who ask meanwhile, so that a key which was revoked or retired is neither published
 * nor used for long, and no number of askers becomes a load.
 *
 * <p>Verifiers keep what is published for 3 s ({@code TokenVerifier}); together the two stay below
 * the 5 s in which a revoked key must be refused everywhere.
 */
final class CurrentKeys {
  private static final long FRESH_MILLIS = 1_000;
  private static final Logger log = LoggerFactory.getLogger(CurrentKeys.class);

  private final InstantSource clock;
  private final Supplier<Future<SigningKeys>> source;

  private SigningKeys kept;
  private long read;
  private Future<SigningKeys> reading;

  /** Reads nothing yet. */
  CurrentKeys(InstantSource clock, Supplier<Future<SigningKeys>> source) {
    this.clock = clock;
    this.source = source;
  }

  /**
   * The keys; those of before when they cannot be read, for another second.
   *
   * @return fails only when they have never been read
   */
  synchronized Future<SigningKeys> get() {
    if (reading != null) {
      return reading;
    }
    long age = clock.millis() - read;
    if (kept != null && age >= 0 && age < FRESH_MILLIS) {
      return Future.succeededFuture(kept);
    }
    Future<SigningKeys> result =
        source.get().onSuccess(this::keep).recover(this::goOn).onComplete(done -> ended());
    if (!result.isComplete()) {
      reading = result;
    }
    return result;
  }

  /** How long the key that signs has done so, as far as is known; NaN as long as nothing is. */
  synchronized double age() {
    return kept == null ? Double.NaN : (clock.millis() - kept.since().toEpochMilli()) / 1_000.0;
  }

  /** Takes keys that were read otherwise, to go on with when they cannot be read again. */
  synchronized void keep(SigningKeys keys) {
    kept = keys;
  }

  private synchronized Future<SigningKeys> goOn(Throwable failure) {
    if (kept == null) {
      return Future.failedFuture(failure);
    }
    log.warn("The signing keys cannot be read; those of before go on: {}", failure.getMessage());
    return Future.succeededFuture(kept);
  }

  private synchronized void ended() {
    read = clock.millis();
    reading = null;
  }
}
