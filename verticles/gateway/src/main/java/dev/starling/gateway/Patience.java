package dev.starling.gateway;

import io.vertx.core.MultiMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Reads how long a client waits, so that nothing works for one that has gone: {@code Prefer:
 * wait=2} (RFC 7240, 4.3), whole seconds.
 *
 * <p>It is the one field for this that is registered with IANA; {@code Request-Timeout} and its
 * like are each some product's own. As the RFC has it, what is no such preference is ignored, and
 * of several the first counts. It lowers the budget of an operation and never raises it.
 */
final class Patience {
  static final String NAME = "Prefer";

  private static final Pattern WAIT =
      Pattern.compile(
          "(?:^|[,;])\\s*wait\\s*=\\s*\"?(\\d{1,6})\"?\\s*(?=[,;]|$)", Pattern.CASE_INSENSITIVE);

  private Patience() {}

  /** Milliseconds for a call of this request: the budget, or less. */
  static long of(MultiMap headers, long budget) {
    if (!headers.contains(NAME)) {
      return budget;
    }
    Matcher wait = WAIT.matcher(String.join(",", headers.getAll(NAME)));
    return wait.find() ? Math.min(budget, Long.parseLong(wait.group(1)) * 1_000) : budget;
  }
}
