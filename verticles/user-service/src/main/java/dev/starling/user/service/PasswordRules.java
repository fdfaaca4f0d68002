package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;

/**
 * What a new password must be, besides what the contract says of its length.
 *
 * @param minimum characters, as Unicode counts them
 */
record PasswordRules(int minimum) {
  /**
   * Refuses a password with {@link ErrorCode#INVALID}, and says which rule it breaks.
   *
   * @param pointer the member of the request that it is (RFC 6901)
   */
  void check(String pointer, String password) {
    int length = password.codePointCount(0, password.length());
    if (length < minimum) {
      throw ServiceException.ofField(
          ErrorCode.INVALID,
          pointer,
          "code-point-length",
          "must have at least " + minimum + " characters");
    }
    try {
      OpaqueString.of(password);
    } catch (IllegalArgumentException e) {
      throw ServiceException.ofField(ErrorCode.INVALID, pointer, "character", e.getMessage());
    }
  }
}
