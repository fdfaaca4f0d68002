package dev.starling.runtime;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import java.time.Duration;
import java.util.Map;

/** What operators can want: the form of the value, what it is about, and how long it lasts. */
enum DesiredKind {
  /** Values of {@link Limits} on all nodes. */
  LIMITS("limits", "", Map.class, null, Duration.ofDays(365)),

  /** What the breakers of one instance do on all nodes; without an entry they decide. */
  BREAKER("breaker/", Names.INSTANCE, Breaking.class, Duration.ofMinutes(10), Duration.ofDays(1)),

  /** That one node takes no new work. */
  DRAIN("drain/", Names.NODE, Draining.class, null, Duration.ofDays(365)),

  /** That calls of one instance fail or wait. */
  FAULT(
      "fault/",
      Names.INSTANCE,
      FaultSwitch.Fault.class,
      Duration.ofMinutes(10),
      Duration.ofHours(1)),

  /** What a logger logs on all nodes. */
  LOG("log/", Names.LOGGER, Logging.class, Duration.ofMinutes(10), Duration.ofDays(1));

  private static final class Names {
    static final String NODE = "[A-Za-z0-9][A-Za-z0-9._-]{0,62}";
    static final String LOGGER = "[\\w.$-]{1,255}";
    static final String INSTANCE = "[a-z][a-z0-9-]{0,31}@" + NODE;
  }

  private record Breaking(
      @NotNull @Pattern(regexp = "open|closed|reset", message = "must be open, closed or reset")
          String state) {}

  private record Draining() {}

  private record Logging(
      @NotNull
          @Pattern(
              regexp = "trace|debug|info|warn|error",
              message = "must be trace, debug, info, warn or error")
          String level) {}

  private final String prefix;
  private final String name;
  private final Class<?> form;
  private final Duration standard;
  private final Duration longest;

  /**
   * A kind.
   *
   * @param prefix of its keys
   * @param name pattern of what follows
   * @param standard how long an entry lasts by default; null, and only then an entry may have no
   *     end, for until it is removed
   * @param longest how long it may last
   */
  DesiredKind(String prefix, String name, Class<?> form, Duration standard, Duration longest) {
    this.prefix = prefix;
    this.name = name;
    this.form = form;
    this.standard = standard;
    this.longest = longest;
  }

  /**
   * The kind of a key.
   *
   * @throws ServiceException {@link ErrorCode#NOT_FOUND}
   */
  static DesiredKind of(String key) {
    for (DesiredKind kind : values()) {
      if (key.startsWith(kind.prefix) && kind.name(key).matches(kind.name)) {
        return kind;
      }
    }
    throw new ServiceException(
        ErrorCode.NOT_FOUND,
        "The desired state has limits, breaker/SERVICE@NODE, drain/NODE, fault/SERVICE@NODE and"
            + " log/LOGGER");
  }

  /** What the key is about: an instance, a node, a logger, or nothing in particular. */
  String name(String key) {
    return key.substring(prefix.length());
  }

  String prefix() {
    return prefix;
  }

  /**
   * Reads a value of this form strictly.
   *
   * @throws ServiceException {@link ErrorCode#MALFORMED} or {@link ErrorCode#INVALID}
   */
  JsonObject read(Buffer value) {
    Codec.request(value, null, form);
    return value.toJsonObject();
  }

  /**
   * How long an entry lasts.
   *
   * @param asked null for the default
   * @return null for until it is removed
   * @throws ServiceException {@link ErrorCode#INVALID} for longer than may be
   */
  Duration life(Duration asked) {
    if (asked == null) {
      return standard;
    }
    if (asked.isZero() || !isAllowed(asked)) {
      throw new ServiceException(
          ErrorCode.INVALID, "An entry of this kind lasts for " + longest.toHours() + " h at most");
    }
    return asked;
  }

  /** Whether an entry may last so long; null stands for until it is removed. */
  boolean isAllowed(Duration life) {
    return life == null ? standard == null : life.compareTo(longest) <= 0;
  }
}
