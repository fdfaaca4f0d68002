package dev.starling.console;

import java.time.Duration;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Spans of time as operators write them. */
final class Durations {
  private static final Pattern DURATION = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  private Durations() {}

  /** A number with a unit: ms, s, m, h or d. */
  static Optional<Duration> read(String text) {
    Matcher life = DURATION.matcher(text);
    if (!life.matches()) {
      return Optional.empty();
    }
    long number = Long.parseLong(life.group(1));
    return Optional.of(
        switch (life.group(2)) {
          case "ms" -> Duration.ofMillis(number);
          case "s" -> Duration.ofSeconds(number);
          case "m" -> Duration.ofMinutes(number);
          case "h" -> Duration.ofHours(number);
          default -> Duration.ofDays(number);
        });
  }
}
