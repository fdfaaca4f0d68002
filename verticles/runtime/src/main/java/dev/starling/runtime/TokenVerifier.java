package dev.starling.runtime;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.time.Clock;
import java.util.Base64;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Says who a caller is, from the access token alone (RFC 9068, EdDSA).
 *
 * <p>Strict, since a lenient reader is how tokens are forged (RFC 8725): one algorithm, a known
 * {@code kid}, {@code typ} at+jwt, no header that could change the meaning, every claim present. A
 * verification costs some 0.4 ms, so that verified tokens are kept by their SHA-256 until they or
 * their keys end, at most ten thousand.
 */
public final class TokenVerifier {
  private static final int MAX_TOKEN = 4096;
  private static final long SKEW_SECONDS = 30;
  private static final Set<String> HEADERS = Set.of("alg", "kid", "typ");
  private static final Base64.Decoder BASE64 = Base64.getUrlDecoder();
  private static final Base64.Encoder ENCODER = Base64.getUrlEncoder().withoutPadding();
  private static final ObjectReader READER =
      Codec.mapper()
          .readerForMapOf(Object.class)
          .with(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
          .with(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private final String issuer;
  private final String audience;
  private final Clock clock;
  private final TokenKeys keys;
  private final Revocations revocations;
  private final Cache<ByteBuffer, Verified> verified =
      Caffeine.newBuilder().maximumSize(10_000).build();

  /** A token that was found good, which it is as long as its key is. */
  private record Verified(String kid, PublicKey key, Caller caller) {}

  /**
   * Makes a verifier for which no session ends early.
   *
   * @param source gives the JWK set (RFC 7517)
   */
  public TokenVerifier(
      String issuer, String audience, Clock clock, Supplier<Future<JsonObject>> source) {
    this(issuer, audience, clock, source, null);
  }

  /**
   * Makes a verifier.
   *
   * @param source gives the JWK set (RFC 7517)
   * @param revocations whose sessions have ended; null where nobody tells
   */
  TokenVerifier(
      String issuer,
      String audience,
      Clock clock,
      Supplier<Future<JsonObject>> source,
      Revocations revocations) {
    this.issuer = issuer;
    this.audience = audience;
    this.clock = clock;
    this.keys = new TokenKeys(clock, source);
    this.revocations = revocations;
  }

  /**
   * Verifies a token.
   *
   * @return fails with {@link ErrorCode#UNAUTHENTICATED}, also when its session has ended, or
   *     {@link ErrorCode#NOT_STARTED} when keys or ended sessions cannot be had
   */
  public Future<Caller> verify(String token) {
    if (token.length() > MAX_TOKEN) {
      return Future.failedFuture(refused());
    }
    ByteBuffer hash = sha256(token);
    Verified known = verified.getIfPresent(hash);
    String kid;
    try {
      kid = known == null ? kid(token) : known.kid();
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    }
    return keys.find(kid).map(key -> caller(token, hash, kid, key, known)).compose(this::unrevoked);
  }

  private Future<Caller> unrevoked(Caller caller) {
    return revocations == null
        ? Future.succeededFuture(caller)
        : revocations
            .known()
            .map(
                v -> {
                  if (revocations.contains(caller.claims())) {
                    throw refused();
                  }
                  return caller;
                });
  }

  private Caller caller(String token, ByteBuffer hash, String kid, PublicKey key, Verified known) {
    if (known != null && known.key().equals(key) && isLive(known.caller().expires())) {
      return known.caller();
    }
    verified.invalidate(hash);
    Caller caller = check(token, key);
    verified.put(hash, new Verified(kid, key, caller));
    return caller;
  }

  private boolean isLive(long expires) {
    return expires + SKEW_SECONDS > now();
  }

  private long now() {
    return clock.instant().getEpochSecond();
  }

  private String kid(String token) {
    try {
      Map<String, Object> header = read(token.substring(0, token.indexOf('.')));
      if (HEADERS.equals(header.keySet())
          && "EdDSA".equals(header.get("alg"))
          && "at+jwt".equals(header.get("typ"))
          && header.get("kid") instanceof String kid) {
        return kid;
      }
    } catch (Exception e) {
      // Whatever is wrong with it, the answer is the same.
    }
    throw refused();
  }

  private Caller check(String token, PublicKey key) {
    if (key == null) {
      throw refused();
    }
    try {
      int first = token.indexOf('.');
      int last = token.lastIndexOf('.');
      Signature signature = Signature.getInstance("Ed25519");
      signature.initVerify(key);
      signature.update(token.substring(0, last).getBytes(StandardCharsets.US_ASCII));
      if (signature.verify(decode(token.substring(last + 1)))) {
        JsonObject claims = new JsonObject(read(token.substring(first + 1, last)));
        long now = now();
        long expires = claims.getLong("exp");
        if (isLive(expires)
            && claims.getLong("iat") - SKEW_SECONDS <= now
            && claims.getLong("nbf", now) - SKEW_SECONDS <= now
            && issuer.equals(claims.getString("iss"))
            && audience.equals(claims.getString("aud"))
            && isText(claims.getValue("jti"))
            && isText(claims.getValue("sub"))) {
          return new Caller(claims.getString("sub"), expires, claims);
        }
      }
    } catch (Exception e) {
      // Whatever is wrong with it, the answer is the same.
    }
    throw refused();
  }

  private static Map<String, Object> read(String part) throws java.io.IOException {
    return READER.readValue(decode(part));
  }

  /** A token can be written in one way only: no padding, and no bits left over at the end. */
  private static byte[] decode(String part) {
    byte[] decoded = BASE64.decode(part);
    if (!ENCODER.encodeToString(decoded).equals(part)) {
      throw refused();
    }
    return decoded;
  }

  private static boolean isText(Object claim) {
    return claim instanceof String text && !text.isEmpty();
  }

  private static ByteBuffer sha256(String token) {
    try {
      byte[] text = token.getBytes(StandardCharsets.UTF_8);
      return ByteBuffer.wrap(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }

  private static ServiceException refused() {
    return new ServiceException(ErrorCode.UNAUTHENTICATED, "The access token is not valid");
  }
}
