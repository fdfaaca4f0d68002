package dev.starling.runtime;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The sessions that ended before their access tokens did. The first token that a node is to verify
 * waits until they are known; from then on they are read every one and a half seconds, so that a
 * token is refused everywhere about two seconds after its session has ended, and verifying asks
 * nobody.
 *
 * <p>While they cannot be read those of before count, with a warning: a service that is away would
 * else take all others along. Tokens end by themselves, after minutes.
 */
final class Revocations {
  private static final Logger log = LoggerFactory.getLogger(Revocations.class);
  private static final long EVERY = 1_500;

  /** No access token lives longer. */
  private static final Duration KEPT = Duration.ofMinutes(16);

  private static final int MOST = 500_000;

  private final Context home;
  private final Function<JsonObject, Future<JsonObject>> source;
  private final Cache<String, Boolean> sessions =
      Caffeine.newBuilder().expireAfterWrite(KEPT).maximumSize(MOST).build();

  /** What the next question is, as the latest answer says. */
  private volatile JsonObject next = new JsonObject();

  private volatile boolean known;
  private boolean well = true;
  private long failed;
  private Future<Void> reading;
  private boolean polling;

  /**
   * Asks nothing yet.
   *
   * @param home lives as long as the node
   * @param source gives {@code sessions} (ids), {@code more} (with which to ask for the rest, if
   *     there is any) and {@code next} (with which to ask later)
   */
  Revocations(Context home, Function<JsonObject, Future<JsonObject>> source) {
    this.home = home;
    this.source = source;
  }

  /**
   * Succeeds when they are known, on the context of whoever asks.
   *
   * @return fails with {@link ErrorCode#NOT_STARTED} when they never have been and cannot be had
   */
  Future<Void> known() {
    return known ? Future.succeededFuture() : TokenKeys.here(first());
  }

  private synchronized Future<Void> first() {
    if (!polling) {
      polling = true;
      home.runOnContext(v -> home.owner().setPeriodic(EVERY, t -> read()));
    }
    boolean justTried = !well && System.nanoTime() - failed < EVERY * 500_000;
    return justTried && reading == null ? Future.failedFuture(unavailable()) : read();
  }

  /** Whether the session of a verified token has ended, or cannot since the token names none. */
  boolean contains(JsonObject claims) {
    return !(claims.getValue("sid") instanceof String session)
        || sessions.getIfPresent(session) != null;
  }

  private synchronized Future<Void> read() {
    if (reading == null) {
      Future<Void> read =
          Future.succeededFuture()
              .compose(v -> source.apply(next))
              .compose(first -> keep(first).map(first.getJsonObject("next")))
              .onComplete(this::ended)
              .recover(e -> Future.failedFuture(unavailable()))
              .mapEmpty();
      if (read.isComplete()) {
        return read;
      }
      reading = read;
    }
    return reading;
  }

  /** Those of an answer, and of all that belong to it. */
  private Future<Void> keep(JsonObject answer) {
    answer.getJsonArray("sessions").forEach(session -> sessions.put((String) session, true));
    JsonObject more = answer.getJsonObject("more");
    return more == null ? Future.succeededFuture() : source.apply(more).compose(this::keep);
  }

  private synchronized void ended(JsonObject goesOn, Throwable failure) {
    reading = null;
    if (failure == null) {
      next = goesOn;
      known = true;
    } else {
      failed = System.nanoTime();
      if (well) {
        log.warn("Which sessions have ended cannot be read: {}", failure.getMessage());
      }
    }
    well = failure == null;
    if (sessions.estimatedSize() >= MOST) {
      log.warn("More than {} sessions have ended lately; tokens of some are taken", MOST);
    }
  }

  private static ServiceException unavailable() {
    return new ServiceException(
        ErrorCode.NOT_STARTED, "The sessions that have ended cannot be had now");
  }
}
