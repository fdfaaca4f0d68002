package dev.starling.user.service;

import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.MessageDigest;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;

/**
 * An Ed25519 key that signs access tokens; its public half is shown to all, its private half leaves
 * it encrypted.
 */
final class SigningKey {

  private static final String ALGORITHM = "Ed25519";
  private static final int PUBLIC_BYTES = 32;

  private final String x;
  private final String kid;
  private final PrivateKey privateKey;

  private SigningKey(String x, PrivateKey privateKey) {
    this.x = x;
    this.kid = thumbprint(x);
    this.privateKey = privateKey;
  }

  static SigningKey generate() {
    try {
      KeyPair pair = KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
      // A SubjectPublicKeyInfo of Ed25519 ends with the 32 bytes that RFC 8037 calls x (RFC 8410,
      // 4).
      byte[] info = pair.getPublic().getEncoded();
      byte[] x = Arrays.copyOfRange(info, info.length - PUBLIC_BYTES, info.length);
      return new SigningKey(base64(x), pair.getPrivate());
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks Ed25519", e);
    }
  }

  /**
   * The key that was stored as these two.
   *
   * @throws IllegalArgumentException if they do not belong together, or to this cipher
   */
  static SigningKey restore(JsonObject publicJwk, byte[] encrypted, KeyCipher cipher) {
    String x = publicJwk.getString("x", "");
    byte[] encoded = cipher.decrypt(thumbprint(x), encrypted);
    try {
      PrivateKey key =
          KeyFactory.getInstance(ALGORITHM).generatePrivate(new PKCS8EncodedKeySpec(encoded));
      return new SigningKey(x, key);
    } catch (GeneralSecurityException e) {
      throw new IllegalArgumentException(
          "The private key of " + thumbprint(x) + " is not one of Ed25519", e);
    } finally {
      Arrays.fill(encoded, (byte) 0);
    }
  }

  /** The key's RFC 7638 thumbprint. */
  String kid() {
    return kid;
  }

  /** What RFC 8037 tells the world. */
  JsonObject publicJwk() {
    return new JsonObject()
        .put("kty", "OKP")
        .put("crv", ALGORITHM)
        .put("x", x)
        .put("kid", kid)
        .put("use", "sig")
        .put("alg", "EdDSA");
  }

  /** The private half, encrypted under the name {@link #kid()}. */
  byte[] encrypted(KeyCipher cipher) {
    byte[] encoded = privateKey.getEncoded();
    try {
      return cipher.encrypt(kid, encoded);
    } finally {
      Arrays.fill(encoded, (byte) 0);
    }
  }

  /** 64 bytes; takes about 0.4 ms. */
  byte[] sign(byte[] message) {
    try {
      Signature signature = Signature.getInstance(ALGORITHM);
      signature.initSign(privateKey);
      signature.update(message);
      return signature.sign();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks Ed25519", e);
    }
  }

  @Override
  public String toString() {
    return "SigningKey[" + kid + "]";
  }

  private static String thumbprint(String x) {
    // RFC 7638 and 8037: the required members only, in lexicographic order, without white space.
    JsonObject required = new JsonObject().put("crv", ALGORITHM).put("kty", "OKP").put("x", x);
    try {
      byte[] bytes = required.encode().getBytes(StandardCharsets.UTF_8);
      return base64(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks SHA-256", e);
    }
  }

  private static String base64(byte[] bytes) {
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }
}
