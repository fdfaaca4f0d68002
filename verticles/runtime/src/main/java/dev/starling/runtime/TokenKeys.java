package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.internal.ContextInternal;
import io.vertx.core.internal.PromiseInternal;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PublicKey;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.time.Clock;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The public keys of access tokens as this node knows them: in memory, so that verifying asks
 * nobody, and young enough for a key that was revoked to be refused everywhere within 5 s.
 */
// Who asks for a known key gets it at once. If the keys were read more than 3 s ago, they are read
// again meanwhile, once for all; whoever comes after 5 s in which nobody asked waits for that,
// since
// any key may have gone since. An unknown key makes them be read at most once in 10 s, so that made
// up tokens do not become a load, and a source that fails is left alone for a second. While it
// fails
// the known keys count: who cannot be asked cannot revoke, and tokens end by themselves.
final class TokenKeys {
  private static final Logger log = LoggerFactory.getLogger(TokenKeys.class);
  private static final long REFRESH = 3_000;
  private static final long IDLE = 5_000;
  private static final long UNKNOWN = 10_000;
  private static final long RETRY = 1_000;

  private final Clock clock;
  private final Supplier<Future<JsonObject>> source;

  private volatile Map<String, PublicKey> keys = Map.of();
  private volatile Reading last;
  private Future<Void> reading;

  /** When the keys were last read, in milliseconds since 1970, and whether that worked. */
  private record Reading(long at, boolean well) {}

  /**
   * Reads nothing yet.
   *
   * @param source gives the JWK set (RFC 7517)
   */
  TokenKeys(Clock clock, Supplier<Future<JsonObject>> source) {
    this.clock = clock;
    this.source = source;
  }

  /**
   * The key of this name, null when there is none, on the context of whoever asks.
   *
   * @return fails with {@link ErrorCode#NOT_STARTED} when the key is not known and the keys cannot
   *     be had
   */
  Future<PublicKey> find(String kid) {
    PublicKey known = keys.get(kid);
    if (known == null) {
      return here(read(UNKNOWN)).map(v -> keys.get(kid));
    }
    if (!isDue(REFRESH)) {
      return Future.succeededFuture(known);
    }
    boolean idle = elapsed(last) >= IDLE;
    Future<Void> read = read(REFRESH);
    return idle
        ? here(read).otherwiseEmpty().map(v -> keys.get(kid))
        : Future.succeededFuture(known);
  }

  /** Reads the keys if they are that old; joins whoever reads them already. */
  private synchronized Future<Void> read(long age) {
    if (reading != null) {
      return reading;
    }
    if (!isDue(age)) {
      return last.well() ? Future.succeededFuture() : Future.failedFuture(unavailable());
    }
    Future<Void> read =
        Future.succeededFuture()
            .compose(v -> source.get())
            .map(TokenKeys::parse)
            .<Void>map(
                parsed -> {
                  keys = parsed;
                  return null;
                })
            .onComplete(done -> ended(done.cause()))
            .recover(e -> Future.failedFuture(unavailable()));
    if (!read.isComplete()) {
      reading = read;
    }
    return read;
  }

  private synchronized void ended(Throwable failure) {
    if (failure != null && (last == null || last.well())) {
      log.warn("The keys of access tokens cannot be read: {}", failure.getMessage());
    }
    last = new Reading(clock.millis(), failure == null);
    reading = null;
  }

  private boolean isDue(long age) {
    Reading then = last;
    return elapsed(then) >= (then == null || then.well() ? age : RETRY);
  }

  /** Milliseconds since a reading; for ever when there was none, or the clock was put back. */
  private long elapsed(Reading then) {
    long elapsed = then == null ? -1 : clock.millis() - then.at();
    return elapsed < 0 ? Long.MAX_VALUE : elapsed;
  }

  /** All who wait for one reading would otherwise go on in the thread of the one who began it. */
  static <T> Future<T> here(Future<T> future) {
    ContextInternal context = ContextInternal.current();
    if (context == null || future.isComplete()) {
      return future;
    }
    PromiseInternal<T> promise = context.promise();
    future.onComplete(promise);
    return promise.future();
  }

  private static ServiceException unavailable() {
    return new ServiceException(
        ErrorCode.NOT_STARTED, "The keys of access tokens cannot be had now");
  }

  private static Map<String, PublicKey> parse(JsonObject set) {
    Map<String, PublicKey> parsed = new HashMap<>();
    JsonArray list = set.getJsonArray("keys", new JsonArray());
    for (int i = 0; i < list.size(); i++) {
      JsonObject jwk = list.getJsonObject(i);
      if ("OKP".equals(jwk.getString("kty")) && "Ed25519".equals(jwk.getString("crv"))) {
        byte[] x = Base64.getUrlDecoder().decode(jwk.getString("x"));
        parsed.put(jwk.getString("kid"), ed25519(x));
      }
    }
    return parsed;
  }

  /** RFC 8032, 5.1.2: little endian, the top bit is the sign of x. */
  private static PublicKey ed25519(byte[] encoded) {
    byte[] y = new byte[encoded.length];
    for (int i = 0; i < encoded.length; i++) {
      y[i] = encoded[encoded.length - 1 - i];
    }
    boolean odd = (y[0] & 0x80) != 0;
    y[0] &= 0x7f;
    try {
      return KeyFactory.getInstance("Ed25519")
          .generatePublic(
              new EdECPublicKeySpec(
                  NamedParameterSpec.ED25519, new EdECPoint(odd, new BigInteger(1, y))));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
