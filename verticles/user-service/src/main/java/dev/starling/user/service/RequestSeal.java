package dev.starling.user.service;

import dev.starling.user.api.UserContract.Register;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Tells later whether a registration is the one that a key came with first, without keeping what it
 * held: HMAC-SHA-256 with a key of its own, so that neither a copy of the database nor another's
 * use of the pepper lets anybody guess the password by it.
 */
final class RequestSeal {
  private final SecretKeySpec secret;

  RequestSeal(Pepper pepper) {
    secret =
        new SecretKeySpec(pepper.derived("seal of requests with an idempotency key"), "HmacSHA256");
  }

  /**
   * The 32 bytes of a request.
   *
   * @throws IllegalArgumentException if {@link OpaqueString} refuses the password
   */
  byte[] of(String key, Register request) {
    try {
      Mac mac = Mac.getInstance(secret.getAlgorithm());
      mac.init(secret);
      add(mac, key);
      add(mac, request.username());
      add(mac, OpaqueString.of(request.password()));
      return mac.doFinal();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("This JDK lacks HMAC-SHA-256", e);
    }
  }

  /** With its length, so that nothing can move from one text to the next. */
  private static void add(Mac mac, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    mac.update(ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).flip());
    mac.update(bytes);
  }
}
