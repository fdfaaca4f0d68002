package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Set;

/** Names that look the same are the same: the key by which an account is found and is unique. */
final class Username {
  private static final Set<String> RESERVED =
      Set.of(
          "admin",
          "administrator",
          "anonymous",
          "api",
          "everyone",
          "guest",
          "me",
          "nobody",
          "null",
          "operator",
          "root",
          "security",
          "starling",
          "support",
          "system",
          "undefined");

  private Username() {}

  /** Independent of the machine's language; applied twice it gives what it gives once. */
  static String key(String username) {
    String folded = Normalizer.normalize(username, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
    return Normalizer.normalize(folded, Normalizer.Form.NFKC).strip();
  }

  static boolean isReserved(String key) {
    return RESERVED.contains(key);
  }

  /**
   * @throws ServiceException {@link ErrorCode#INVALID} for a name that nobody gets
   */
  static void check(String key) {
    if (isReserved(key)) {
      throw ServiceException.ofField(
          ErrorCode.INVALID, "/username", "reserved", "This username is reserved");
    }
  }
}
