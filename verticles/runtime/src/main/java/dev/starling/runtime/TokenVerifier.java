package dev.starling.runtime;

import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectReader;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.MessageDigest;
import java.security.PublicKey;
import java.security.Signature;
import java.security.spec.EdECPoint;
import java.security.spec.EdECPublicKeySpec;
import java.security.spec.NamedParameterSpec;
import java.time.Clock;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Says who a caller is, from the access token alone (RFC 9068, EdDSA).
 *
 * <p>Strict, since a lenient reader is how tokens are forged (RFC 8725): one algorithm, a known
 * {@code kid}, {@code typ} at+jwt, no header that could change the meaning, every claim present. A
 * verification costs some 0.4 ms, so that verified tokens are kept by their SHA-256 until they end,
 * at most ten thousand. An unknown {@code kid} makes the keys be read again, at most once in ten
 * seconds.
 */
public final class TokenVerifier {
  private static final int MAX_TOKEN = 4096;
  private static final long SKEW_SECONDS = 30;
  private static final long RELOAD_AFTER_SECONDS = 10;
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
  private final Supplier<Future<JsonObject>> source;
  private final Cache<ByteBuffer, Caller> verified =
      Caffeine.newBuilder().maximumSize(10_000).build();

  private volatile Map<String, PublicKey> keys = Map.of();
  private Future<Void> loading;
  private long loaded = Long.MIN_VALUE;

  /**
   * Makes a verifier.
   *
   * @param source gives the JWK set (RFC 7517)
   */
  public TokenVerifier(
      String issuer, String audience, Clock clock, Supplier<Future<JsonObject>> source) {
    this.issuer = issuer;
    this.audience = audience;
    this.clock = clock;
    this.source = source;
  }

  /**
   * Verifies a token.
   *
   * @return fails with {@link ErrorCode#UNAUTHENTICATED}, or {@link ErrorCode#NOT_STARTED} when the
   *     keys cannot be had
   */
  public Future<Caller> verify(String token) {
    if (token.length() > MAX_TOKEN) {
      return Future.failedFuture(refused());
    }
    ByteBuffer key = sha256(token);
    Caller known = verified.getIfPresent(key);
    if (known != null) {
      if (known.expires() + SKEW_SECONDS > now()) {
        return Future.succeededFuture(known);
      }
      verified.invalidate(key);
      return Future.failedFuture(refused());
    }
    String kid;
    try {
      kid = kid(token);
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    }
    return key(kid)
        .map(
            publicKey -> {
              Caller caller = check(token, publicKey);
              verified.put(key, caller);
              return caller;
            });
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
        if (expires + SKEW_SECONDS > now
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

  private Future<PublicKey> key(String kid) {
    PublicKey known = keys.get(kid);
    if (known != null) {
      return Future.succeededFuture(known);
    }
    return load()
        .map(
            v -> {
              PublicKey key = keys.get(kid);
              if (key == null) {
                throw refused();
              }
              return key;
            });
  }

  private synchronized Future<Void> load() {
    if (loading != null) {
      return loading;
    }
    if (now() < loaded + RELOAD_AFTER_SECONDS) {
      return Future.succeededFuture();
    }
    Future<Void> load =
        source
            .get()
            .<Void>map(
                set -> {
                  keys = parse(set);
                  return null;
                })
            .onComplete(done -> finished(done.succeeded()))
            .recover(
                e ->
                    Future.failedFuture(
                        new ServiceException(
                            ErrorCode.NOT_STARTED, "The keys of access tokens cannot be had now")));
    if (!load.isComplete()) {
      loading = load;
    }
    return load;
  }

  private synchronized void finished(boolean well) {
    loading = null;
    if (well) {
      loaded = now();
    }
  }

  private static Map<String, PublicKey> parse(JsonObject set) {
    Map<String, PublicKey> parsed = new HashMap<>();
    JsonArray list = set.getJsonArray("keys", new JsonArray());
    for (int i = 0; i < list.size(); i++) {
      JsonObject jwk = list.getJsonObject(i);
      if ("OKP".equals(jwk.getString("kty")) && "Ed25519".equals(jwk.getString("crv"))) {
        parsed.put(jwk.getString("kid"), ed25519(BASE64.decode(jwk.getString("x"))));
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
