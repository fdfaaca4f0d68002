package dev.starling.runtime;

import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Shows that a node of this cluster wrote what lies in a cluster map or came over the bus: whoever
 * reaches the member port can write there too, but does not know the cluster's secret.
 *
 * <p>It is an HMAC-SHA-256 (RFC 2104) over all members of a JSON object, with a key of its own for
 * each purpose, so that what was sealed as one thing is never taken for another. It proves who
 * wrote, not when: an old object is as genuine as a new one. Who reads must know what is old, by
 * the time inside ({@link #AT}).
 */
final class Seal {
  /** When the object was sealed, in milliseconds since 1970 by the clock of the node. */
  static final String AT = "sealed-at";

  /** Makes each sealed object another. */
  static final String NONCE = "nonce";

  private static final String SEAL = "seal";
  private static final String ALGORITHM = "HmacSHA256";
  private static final int NONCE_BYTES = 16;

  /** Nothing that is sealed comes near; more is not even parsed. */
  private static final int MOST_CHARACTERS = 65_536;

  private static final SecureRandom RANDOM = new SecureRandom();

  /** The first seals, and what any of them has sealed is good. */
  private final List<SecretKeySpec> keys;

  /**
   * A seal for one purpose.
   *
   * @param secret what all nodes of the cluster know and nobody else
   */
  Seal(byte[] secret, String purpose) {
    this(List.of(secret), purpose);
  }

  /**
   * A seal for one purpose, while one secret takes the other's place.
   *
   * @param secrets first the one that seals
   */
  Seal(List<byte[]> secrets, String purpose) {
    byte[] label = purpose.getBytes(StandardCharsets.UTF_8);
    this.keys =
        secrets.stream()
            .map(secret -> hmac(new SecretKeySpec(secret, ALGORITHM), label))
            .map(key -> new SecretKeySpec(key, ALGORITHM))
            .toList();
  }

  /**
   * Adds time, nonce and seal to a flat object.
   *
   * @param members strings and whole numbers only
   */
  JsonObject seal(JsonObject members, Instant at) {
    byte[] nonce = new byte[NONCE_BYTES];
    RANDOM.nextBytes(nonce);
    JsonObject sealed =
        members.copy().put(AT, at.toEpochMilli()).put(NONCE, HexFormat.of().formatHex(nonce));
    return sealed.put(SEAL, HexFormat.of().formatHex(hmac(keys.get(0), canonical(sealed))));
  }

  /**
   * The object, if it was sealed with the same secret for the same purpose and nothing was changed.
   *
   * @param found a JSON object or its text; anything else was not sealed
   */
  Optional<JsonObject> open(Object found) {
    return parse(found).filter(this::isSealed);
  }

  private static Optional<JsonObject> parse(Object found) {
    if (found instanceof JsonObject object) {
      return Optional.of(object);
    }
    if (!(found instanceof String text) || text.length() > MOST_CHARACTERS) {
      return Optional.empty();
    }
    try {
      return Optional.of(new JsonObject(text));
    } catch (DecodeException e) {
      return Optional.empty();
    }
  }

  private boolean isSealed(JsonObject object) {
    try {
      return object.getValue(AT) instanceof Number
          && object.getValue(NONCE) instanceof String
          && object.getValue(SEAL) instanceof String seal
          && isBy(HexFormat.of().parseHex(seal), canonical(object));
    } catch (IllegalArgumentException e) {
      return false; // not hexadecimal, or not flat: not sealed by us
    }
  }

  private boolean isBy(byte[] seal, byte[] message) {
    return keys.stream().anyMatch(key -> MessageDigest.isEqual(seal, hmac(key, message)));
  }

  /** The members in the order of their names, each with lengths and type: no two are alike. */
  private static byte[] canonical(JsonObject object) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (DataOutputStream out = new DataOutputStream(bytes)) {
      for (Map.Entry<String, Object> member : new TreeMap<>(object.getMap()).entrySet()) {
        if (!SEAL.equals(member.getKey())) {
          text(out, member.getKey());
          value(out, member.getValue());
        }
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return bytes.toByteArray();
  }

  private static void value(DataOutputStream out, Object value) throws IOException {
    if (value instanceof String text) {
      out.writeByte('s');
      text(out, text);
    } else if (value instanceof Long || value instanceof Integer) {
      out.writeByte('n');
      out.writeLong(((Number) value).longValue());
    } else {
      throw new IllegalArgumentException("Only strings and whole numbers can be sealed");
    }
  }

  private static void text(DataOutputStream out, String text) throws IOException {
    out.writeInt(text.length());
    out.writeChars(text);
  }

  private static byte[] hmac(SecretKeySpec key, byte[] message) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      return mac.doFinal(message);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
