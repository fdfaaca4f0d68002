package dev.starling.cli;

import java.time.Duration;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Times as operators write and read them: {@code 500ms}, {@code 10m}; {@code 2 min ago}. */
final class Durations implements ITypeConverter<Duration> {
  private static final Pattern FORM = Pattern.compile("(\\d{1,9})(ms|s|m|h|d)");

  @Override
  public Duration convert(String text) {
    Matcher matcher = FORM.matcher(text);
    if (!matcher.matches()) {
      throw new TypeConversionException(
          "'" + text + "' is no time; write a number with its unit: 500ms, 2s, 10m, 1h or 7d");
    }
    long number = Long.parseLong(matcher.group(1));
    return switch (matcher.group(2)) {
      case "ms" -> Duration.ofMillis(number);
      case "s" -> Duration.ofSeconds(number);
      case "m" -> Duration.ofMinutes(number);
      case "h" -> Duration.ofHours(number);
      default -> Duration.ofDays(number);
    };
  }

  /** Ends the command unless the value of an option is from a millisecond to the longest. */
  static void within(Duration time, Duration longest, String option) {
    if (time.isZero() || time.compareTo(longest) > 0) {
      throw Failure.usage(option + " is out of range", "take 1ms to " + longest.toSeconds() + "s");
    }
  }

  /** The same text, if it is a time or null. */
  static String checked(String text) {
    if (text != null && !isTime(text)) {
      throw Failure.usage(
          "'" + text + "' is no time", "write a number with its unit: 500ms, 2s, 10m, 1h or 7d");
    }
    return text;
  }

  static boolean isTime(String text) {
    return FORM.matcher(text).matches();
  }

  /** In the unit that leaves a number one can read. */
  static String text(Duration time) {
    long seconds = time.toSeconds();
    if (seconds < 2) {
      return time.toMillis() + " ms";
    }
    if (seconds < 120) {
      return seconds + " s";
    }
    if (seconds < 7_200) {
      return seconds / 60 + " min";
    }
    return seconds < 172_800 ? seconds / 3_600 + " h" : seconds / 86_400 + " d";
  }

  /** Milliseconds with what precision they deserve. */
  static String millis(double millis) {
    return String.format(Locale.ROOT, millis < 10 ? "%.1f ms" : "%.0f ms", millis);
  }
}
