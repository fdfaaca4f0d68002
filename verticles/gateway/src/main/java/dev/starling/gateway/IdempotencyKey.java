package dev.starling.gateway;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.MultiMap;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads the field {@code Idempotency-Key} (draft-ietf-httpapi-idempotency-key-header-07): a
 * structured-field string, or its characters without the quotes, as most clients send it.
 */
final class IdempotencyKey {
  static final String NAME = "Idempotency-Key";

  /** RFC 9651, 3.3.3, without spaces. */
  private static final Pattern QUOTED =
      Pattern.compile("\"((?:[!#-\\[\\]-~]|\\\\[\"\\\\]){1,255})\"");

  /** A comma would be where somebody on the way has joined two fields. */
  private static final Pattern BARE = Pattern.compile("[!#-+\\--~]{1,255}");

  private IdempotencyKey() {}

  /**
   * The key of a request, null for none.
   *
   * @throws ServiceException {@link ErrorCode#MALFORMED} when there are several or it is no key
   */
  static String of(MultiMap headers) {
    List<String> lines = headers.getAll(NAME);
    if (lines.isEmpty()) {
      return null;
    }
    Matcher quoted = QUOTED.matcher(lines.get(0));
    if (lines.size() == 1 && quoted.matches()) {
      return quoted.group(1).replaceAll("\\\\(.)", "$1");
    }
    if (lines.size() == 1 && BARE.matcher(lines.get(0)).matches()) {
      return lines.get(0);
    }
    throw ServiceException.ofField(
        ErrorCode.MALFORMED,
        "",
        Call.KEY,
        NAME + " must be one string of 1 to 255 visible ASCII characters, with or without quotes");
  }
}
