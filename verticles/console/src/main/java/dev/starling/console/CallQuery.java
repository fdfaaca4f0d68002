package dev.starling.console;

import dev.starling.runtime.CallSearch.Question;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.MultiMap;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Map;
import java.util.Set;

/** Reads which calls are looked for, from the query of an address. */
final class CallQuery {
  private static final Set<String> NAMES =
      Set.of("trace", "service", "operation", "failed", "slower", "since", "limit");
  private static final int LIMIT = 100;
  private static final int MOST = 500;
  private static final long LONGEST = 86_400_000;

  private CallQuery() {}

  /**
   * Of {@code trace=…}, {@code service=user}, {@code operation=login}, {@code failed=true}, {@code
   * slower=100ms}, {@code since=2026-11-26T10:00:00Z} and {@code limit=100}; all may be missing.
   *
   * @throws ServiceException {@link ErrorCode#MALFORMED} for anything else
   */
  static Question of(MultiMap query) {
    for (Map.Entry<String, String> entry : query) {
      if (!NAMES.contains(entry.getKey()) || query.getAll(entry.getKey()).size() > 1) {
        throw malformed(entry.getKey() + " is not known, or comes twice");
      }
    }
    return new Question(
        query.get("trace"),
        query.get("service"),
        query.get("operation"),
        failed(query.get("failed")),
        slower(query.get("slower")),
        since(query.get("since")),
        limit(query.get("limit")));
  }

  private static boolean failed(String text) {
    if (text != null && !text.equals("true") && !text.equals("false")) {
      throw malformed("failed must be true or false");
    }
    return "true".equals(text);
  }

  private static long slower(String text) {
    return text == null
        ? 0
        : Durations.read(text)
            .map(Duration::toMillis)
            .filter(millis -> millis <= LONGEST)
            .map(millis -> millis * 1_000)
            .orElseThrow(() -> malformed("slower must be a number with a unit, up to a day"));
  }

  private static long since(String text) {
    try {
      return text == null ? 0 : Instant.parse(text).toEpochMilli();
    } catch (DateTimeParseException | ArithmeticException e) {
      throw malformed("since must be a time such as 2026-11-26T10:00:00Z");
    }
  }

  private static int limit(String text) {
    if (text != null && !text.matches("[0-9]{1,3}")) {
      throw malformed("limit must be 1 to " + MOST);
    }
    return text == null ? LIMIT : Math.max(1, Math.min(MOST, Integer.parseInt(text)));
  }

  private static ServiceException malformed(String detail) {
    return new ServiceException(ErrorCode.MALFORMED, detail);
  }
}
