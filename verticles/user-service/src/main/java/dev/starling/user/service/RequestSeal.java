package dev.starling.user.service;

import dev.starling.user.api.UserContract.Register;
import java.nio.charset.StandardCharsets;

/**
 * Tells later whether a registration is the one that a key came with first, without keeping what it
 * held: HMAC-SHA-256 with a key of its own, so that neither a copy of the database nor another's
 * use of the pepper lets anybody guess the password by it.
 */
final class RequestSeal {
  private final Mac256 mac;

  RequestSeal(Pepper pepper) {
    mac = pepper.mac("seal of requests with an idempotency key");
  }

  /**
   * The 32 bytes of a request.
   *
   * @throws IllegalArgumentException if {@link OpaqueString} refuses the password
   */
  byte[] of(String key, Register request) {
    return mac.of(sealed(key, request));
  }

  /**
   * Whether a seal is of this request.
   *
   * @throws IllegalArgumentException as {@link #of}
   */
  boolean fits(byte[] seal, String key, Register request) {
    return mac.fits(seal, sealed(key, request));
  }

  private static byte[][] sealed(String key, Register request) {
    byte[] password = bytes(OpaqueString.of(request.password()));
    return request.email() == null
        ? new byte[][] {bytes(key), bytes(request.username()), password}
        : new byte[][] {bytes(key), bytes(request.username()), password, bytes(request.email())};
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
