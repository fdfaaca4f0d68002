package dev.starling.user.service;

import java.nio.ByteBuffer;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * HMAC-SHA-256 of some texts, each with its length: nothing can move from one to the next. While
 * one secret takes the place of another there are two keys: the first makes what is new.
 */
final class Mac256 {
  private static final String ALGORITHM = "HmacSHA256";

  /** Fewer bytes of a seal prove nothing. */
  private static final int LEAST = 16;

  private final List<SecretKeySpec> keys;

  Mac256(byte[] key) {
    this(List.of(key));
  }

  Mac256(List<byte[]> keys) {
    this.keys = keys.stream().map(key -> new SecretKeySpec(key, ALGORITHM)).toList();
  }

  /** 32 bytes. */
  byte[] of(byte[]... parts) {
    return of(keys.get(0), parts);
  }

  /** By each key; the first is {@link #of}. */
  List<byte[]> each(byte[]... parts) {
    return keys.stream().map(key -> of(key, parts)).toList();
  }

  /** Whether a seal, or the first 16 bytes of it or more, was made of these by any of the keys. */
  boolean fits(byte[] seal, byte[]... parts) {
    boolean fits = false;
    for (byte[] right : each(parts)) {
      fits |=
          seal.length >= LEAST && MessageDigest.isEqual(seal, Arrays.copyOf(right, seal.length));
    }
    return fits;
  }

  private static byte[] of(SecretKeySpec key, byte[]... parts) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key);
      for (byte[] part : parts) {
        mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(part.length).flip());
        mac.update(part);
      }
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks HMAC-SHA-256", e);
    }
  }
}
