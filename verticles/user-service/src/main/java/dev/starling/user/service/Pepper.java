package dev.starling.user.service;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The secret that is kept apart from the database, so that a copy of the database alone lets nobody
 * guess passwords.
 */
final class Pepper {

  private static final int MIN_BYTES = 32;

  private final String id;
  private final SecretKeySpec key;
  private final List<Pepper> others;

  /**
   * The secret that counts, with those that count as well while it takes the place of another.
   *
   * @param secrets first the one by which what is new is made
   * @throws IllegalArgumentException as {@link #Pepper(byte[])}
   */
  static Pepper of(List<byte[]> secrets) {
    List<Pepper> others = secrets.stream().skip(1).map(Pepper::new).toList();
    return new Pepper(secrets.get(0), others);
  }

  /**
   * @param secret at least 32 random bytes
   * @throws IllegalArgumentException if there are fewer
   */
  Pepper(byte[] secret) {
    this(secret, List.of());
  }

  private Pepper(byte[] secret, List<Pepper> others) {
    if (secret.length < MIN_BYTES) {
      throw new IllegalArgumentException(
          "The pepper has %d bytes; make one of at least %d random bytes"
              .formatted(secret.length, MIN_BYTES));
    }
    id = fingerprint(secret);
    key = new SecretKeySpec(secret, "HmacSHA256");
    this.others = others;
  }

  /** Those that count as well, for what was made by them. */
  List<Pepper> others() {
    return others;
  }

  /** Eight characters of standard base64, derived from the secret without giving it away. */
  String id() {
    return id;
  }

  /**
   * The 32 bytes that Argon2 hashes in the password's stead: of use for this user and with this
   * pepper only.
   */
  byte[] bind(UUID user, byte[] password) {
    try {
      Mac mac = Mac.getInstance(key.getAlgorithm());
      mac.init(key);
      mac.update(
          ByteBuffer.allocate(2 * Long.BYTES)
              .putLong(user.getMostSignificantBits())
              .putLong(user.getLeastSignificantBits())
              .flip());
      return mac.doFinal(password);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks HMAC-SHA-256", e);
    }
  }

  /**
   * A key of 32 bytes for another purpose: knowing what is made with one does not help with
   * another.
   */
  byte[] derived(String purpose) {
    try {
      Mac mac = Mac.getInstance(key.getAlgorithm());
      mac.init(key);
      return mac.doFinal(purpose.getBytes(StandardCharsets.US_ASCII));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks HMAC-SHA-256", e);
    }
  }

  /** Seals for another purpose, by keys derived from this and from those that count as well. */
  Mac256 mac(String purpose) {
    return new Mac256(
        Stream.concat(Stream.of(this), others.stream())
            .map(pepper -> pepper.derived(purpose))
            .toList());
  }

  @Override
  public String toString() {
    return "Pepper[" + id + "]";
  }

  /** The first 48 bits of the secret's SHA-256, in standard base64. */
  static String fingerprint(byte[] secret) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(secret);
      return Base64.getEncoder().encodeToString(Arrays.copyOf(digest, 6));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks SHA-256", e);
    }
  }
}
