package dev.starling.user.service;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Makes the secrets by which a client goes on with its session: 256 bits each, the first at random,
 * each further one from the one before and a key that only these nodes have.
 *
 * <p>So a client whose answer was lost, and two windows of one client that refresh at the same
 * moment, get the same token again, though the database keeps nothing but its SHA-256.
 */
final class RefreshTokens {
  private static final String ALGORITHM = "HmacSHA256";
  private static final int BYTES = 32;
  private static final String PREFIX = "rt_";
  private static final Pattern TOKEN = Pattern.compile(PREFIX + "[A-Za-z0-9_-]{43}");
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private final List<SecretKeySpec> keys;
  private final SecureRandom random = new SecureRandom();

  RefreshTokens(Pepper pepper) {
    keys =
        Stream.concat(Stream.of(pepper), pepper.others().stream())
            .map(p -> new SecretKeySpec(p.derived("successors of refresh tokens"), ALGORITHM))
            .toList();
  }

  /** Whether a text may be a token at all. */
  static boolean isToken(String text) {
    return TOKEN.matcher(text).matches();
  }

  /** The first of a session. */
  String first() {
    byte[] bytes = new byte[BYTES];
    random.nextBytes(bytes);
    return token(bytes);
  }

  /**
   * The one after this, and behind it what it is where another secret that counts made it: a client
   * that asks again gets the one that it should have got.
   */
  List<String> after(String token) {
    return keys.stream().map(key -> after(key, token)).toList();
  }

  private static String after(SecretKeySpec key, String token) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return token(mac.doFinal(token.getBytes(StandardCharsets.US_ASCII)));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks HMAC-SHA-256", e);
    }
  }

  private static String token(byte[] bytes) {
    return PREFIX + BASE64.encodeToString(bytes);
  }

  /** What is stored of a token: its SHA-256. */
  static byte[] hash(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks SHA-256", e);
    }
  }
}
