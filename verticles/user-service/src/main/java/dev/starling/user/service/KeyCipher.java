package dev.starling.user.service;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.List;
import javax.crypto.Cipher;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.SecretKeySpec;

/**
 * Encrypts private keys at rest by AES-256-GCM under a key-encryption key that is kept apart from
 * the database.
 *
 * <p>Layout: nonce (12 bytes, random), ciphertext, tag (16 bytes). The name of what is encrypted is
 * authenticated, so that one row's secret does not open in another.
 */
final class KeyCipher {

  private static final int KEY_BYTES = 32;
  private static final int NONCE_BYTES = 12;
  private static final int TAG_BITS = 128;

  private final String id;
  private final SecretKeySpec key;
  private final List<KeyCipher> others;
  private final SecureRandom random = new SecureRandom();

  /**
   * One that encrypts by the first secret, and decrypts what any of them has encrypted.
   *
   * @throws IllegalArgumentException as {@link #KeyCipher(byte[])}
   */
  static KeyCipher of(List<byte[]> secrets) {
    return new KeyCipher(secrets.get(0), secrets.stream().skip(1).map(KeyCipher::new).toList());
  }

  /**
   * @param secret 32 random bytes
   * @throws IllegalArgumentException if it has another length
   */
  KeyCipher(byte[] secret) {
    this(secret, List.of());
  }

  private KeyCipher(byte[] secret, List<KeyCipher> others) {
    if (secret.length != KEY_BYTES) {
      throw new IllegalArgumentException(
          "The key-encryption key has %d bytes; make one of %d random bytes"
              .formatted(secret.length, KEY_BYTES));
    }
    id = Pepper.fingerprint(secret);
    key = new SecretKeySpec(secret, "AES");
    this.others = others;
  }

  /** To be stored beside what was encrypted; derived from the key without giving it away. */
  String id() {
    return id;
  }

  byte[] encrypt(String name, byte[] secret) {
    byte[] nonce = new byte[NONCE_BYTES];
    random.nextBytes(nonce);
    try {
      byte[] encrypted = cipher(Cipher.ENCRYPT_MODE, nonce, name).doFinal(secret);
      return ByteBuffer.allocate(NONCE_BYTES + encrypted.length).put(nonce).put(encrypted).array();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks AES-256-GCM", e);
    }
  }

  /**
   * @throws IllegalArgumentException if it was not encrypted by such a key under this name, or has
   *     been changed since
   */
  byte[] decrypt(String name, byte[] encrypted) {
    try {
      return decryptByThis(name, encrypted);
    } catch (IllegalArgumentException e) {
      for (KeyCipher other : others) {
        try {
          return other.decryptByThis(name, encrypted);
        } catch (IllegalArgumentException neither) {
          e.addSuppressed(neither);
        }
      }
      throw e;
    }
  }

  private byte[] decryptByThis(String name, byte[] encrypted) {
    try {
      // Anything shorter makes some JDKs throw a ProviderException instead.
      if (encrypted.length < NONCE_BYTES + TAG_BITS / Byte.SIZE) {
        throw new GeneralSecurityException("cut short");
      }
      byte[] nonce = Arrays.copyOf(encrypted, NONCE_BYTES);
      return cipher(Cipher.DECRYPT_MODE, nonce, name)
          .doFinal(encrypted, NONCE_BYTES, encrypted.length - NONCE_BYTES);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "The private key %s does not open with the key-encryption key %s: give the one that it was stored with"
              .formatted(name, id),
          e);
    }
  }

  @Override
  public String toString() {
    return "KeyCipher[" + id + "]";
  }

  private Cipher cipher(int mode, byte[] nonce, String name) throws GeneralSecurityException {
    Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
    cipher.init(mode, key, new GCMParameterSpec(TAG_BITS, nonce));
    cipher.updateAAD(name.getBytes(StandardCharsets.UTF_8));
    return cipher;
  }
}
