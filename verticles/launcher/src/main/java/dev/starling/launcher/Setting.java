package dev.starling.launcher;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * One thing an operator can set, declared once for the file, the environment, the system
 * properties, the checks and the documentation.
 *
 * @param standard the default, as an operator would write it; only where it is empty may a text, a
 *     path or a list be empty
 * @param secret whether the value is masked wherever it is shown
 * @param meaning one line, with what an empty value or 0 stands for
 */
record Setting(String path, Type type, String standard, boolean secret, String meaning) {
  private static final String MASK = "******";
  private static final int SHOWN_CHARACTERS = 80;

  /** What may be shown of a URL: scheme, user, host, port and path. All else is masked. */
  private static final Pattern URL =
      Pattern.compile(
          "([a-zA-Z][\\w+.-]*://)(?:([^:@/?#\\s]*)(:.*)?@)?"
              + "((?:[\\w.-]+|\\[[\\p{XDigit}:.]+])(?::\\d{1,5})?(?:/[\\w-]*)?)(\\?.*)?",
          Pattern.DOTALL);

  Setting(String path, Type type, String standard, String meaning) {
    this(path, type, standard, false, meaning);
  }

  String environmentVariable() {
    return "STARLING_" + path.toUpperCase(Locale.ROOT).replace('.', '_').replace('-', '_');
  }

  /** Of a secret: the variable that names a file which holds it, as in containers. */
  String fileVariable() {
    return environmentVariable() + "_FILE";
  }

  String systemProperty() {
    return "starling." + path;
  }

  /**
   * The value of what a layer holds: text, or from the file also a number, a boolean or a list.
   *
   * @throws IllegalArgumentException if this is no such value
   */
  Object read(Object found) {
    if (isNothing(found) && type.mayBeEmpty()) {
      if (!standard.isEmpty()) {
        throw new IllegalArgumentException("empty");
      }
      return type.java() == List.class ? List.of() : "";
    }
    if (type.java() != List.class) {
      return type.element(found);
    }
    List<?> elements =
        found instanceof JsonArray array
            ? array.getList()
            : found instanceof String text ? Arrays.asList(text.split(",", -1)) : List.of(found);
    return elements.stream().map(type::element).toList();
  }

  /** Whether something of the value is not for everybody to see. */
  boolean isSecret(Object value) {
    return secret && shown(value).contains(MASK);
  }

  /** What was found, for a message: never a secret, always one short line. */
  String found(Object found) {
    if (isNothing(found)) {
      return "nothing";
    } else if (found instanceof JsonObject) {
      return "a mapping";
    } else if (found instanceof JsonArray array) {
      return type.java() == List.class ? shown(array.getList()) : "a list";
    } else if (!(found instanceof String) && type.isText()) {
      return shown(found) + ", which is no text in YAML: put it in quotes";
    }
    return shown(found);
  }

  /** The value on one line; of a secret or of a URL only what is harmless. */
  String shown(Object value) {
    if (value instanceof List<?> elements) {
      return String.join(", ", elements.stream().map(this::shown).toList());
    }
    String text = String.valueOf(value);
    if (text.isEmpty()) {
      return "";
    }
    return secret || text.contains("@") || text.contains("://") ? masked(text) : oneLine(text);
  }

  /** Keeps a text from breaking out of its line or drowning it. */
  static String oneLine(String text) {
    String clean = text.replaceAll("\\p{C}", "?");
    return clean.length() <= SHOWN_CHARACTERS
        ? clean
        : clean.substring(0, SHOWN_CHARACTERS) + "...";
  }

  private static String masked(String text) {
    Matcher url = URL.matcher(text);
    if (!url.matches()) {
      return MASK;
    }
    String user = url.group(2) == null ? "" : url.group(2);
    String password = url.group(3) == null ? "" : ":" + MASK;
    String at = url.group(2) == null ? "" : "@";
    String query = url.group(5) == null ? "" : "?" + MASK;
    return oneLine(url.group(1) + user + password + at + url.group(4) + query);
  }

  private static boolean isNothing(Object found) {
    return found == null || found.equals("") || found instanceof JsonArray array && array.isEmpty();
  }

  /**
   * How a value is written.
   *
   * @param expected ends the sentence "expected ..."
   * @param java what {@link Setting#read} returns; for List the reader reads an element
   * @param reader throws IllegalArgumentException for what is no such value
   */
  record Type(String expected, Class<?> java, Function<String, Object> reader) {
    private static final Pattern AMOUNT = Pattern.compile("(\\d{1,9})([a-zA-Z]*)");

    static Type text(String expected, String pattern) {
      return new Type(expected, String.class, text -> matching(text, pattern));
    }

    static Type oneOf(String... values) {
      String expected = "one of " + String.join(", ", values);
      return new Type(expected, String.class, text -> matching(text, String.join("|", values)));
    }

    /** In the environment and in a system property the elements are separated by commas. */
    static Type list(String expected, String pattern) {
      return new Type("a list of " + expected, List.class, text -> matching(text.strip(), pattern));
    }

    /** A leading ~ is the home directory; a relative path starts at the current directory. */
    static Type path() {
      return new Type("a path", Path.class, Type::expanded);
    }

    static Type flag() {
      return new Type(
          "true or false",
          Boolean.class,
          text -> Boolean.valueOf(matching(text.strip(), "true|false")));
    }

    static Type integer(int min, int max) {
      return new Type(
          "a whole number from " + min + " to " + max,
          Integer.class,
          text -> within(Integer.valueOf(text.strip()), min, max));
    }

    static Type share() {
      return new Type(
          "a number from 0 to 1",
          Double.class,
          text -> Double.valueOf(matching(text.strip(), "0(\\.\\d{1,9})?|1(\\.0{1,9})?")));
    }

    static Type port() {
      return new Type("a port from 0 to 65535", Integer.class, integer(0, 65535).reader());
    }

    static Type duration(String min, String max) {
      return new Type(
          "a number with a unit (ms, s, m, h or d) from " + min + " to " + max,
          Duration.class,
          text -> within(span(text), span(min), span(max)));
    }

    static Type bytes(String min, String max) {
      return new Type(
          "a size from " + min + " to " + max + " (units: KiB, MiB, GiB; without one, bytes)",
          Long.class,
          text -> within(size(text), size(min), size(max)));
    }

    /** Whether YAML's numbers, booleans and nothing are no such value, though they have a text. */
    boolean isText() {
      return java == String.class || java == Path.class || java == List.class;
    }

    boolean mayBeEmpty() {
      return isText();
    }

    Object element(Object found) {
      boolean readable =
          isText()
              ? found instanceof String
              : found instanceof String || found instanceof Number || found instanceof Boolean;
      if (!readable) {
        throw new IllegalArgumentException("not " + expected);
      }
      return reader.apply(found.toString());
    }

    private static String matching(String text, String pattern) {
      if (!text.matches(pattern)) {
        throw new IllegalArgumentException("does not match");
      }
      return text;
    }

    private static <T extends Comparable<T>> T within(T value, T min, T max) {
      if (value.compareTo(min) < 0 || value.compareTo(max) > 0) {
        throw new IllegalArgumentException("out of range");
      }
      return value;
    }

    private static Path expanded(String text) {
      boolean home = text.equals("~") || text.startsWith("~/");
      return Path.of(home ? System.getProperty("user.home") + text.substring(1) : text);
    }

    private static Duration span(String text) {
      Matcher amount = amount(text);
      long number = Long.parseLong(amount.group(1));
      return switch (amount.group(2)) {
        case "ms" -> Duration.ofMillis(number);
        case "s" -> Duration.ofSeconds(number);
        case "m" -> Duration.ofMinutes(number);
        case "h" -> Duration.ofHours(number);
        case "d" -> Duration.ofDays(number);
        default -> throw new IllegalArgumentException("no unit");
      };
    }

    private static Long size(String text) {
      Matcher amount = amount(text);
      int shift =
          switch (amount.group(2)) {
            case "" -> 0;
            case "KiB" -> 10;
            case "MiB" -> 20;
            case "GiB" -> 30;
            default -> throw new IllegalArgumentException("no unit");
          };
      return Long.parseLong(amount.group(1)) << shift;
    }

    private static Matcher amount(String text) {
      Matcher amount = AMOUNT.matcher(text.strip());
      if (!amount.matches()) {
        throw new IllegalArgumentException("no amount");
      }
      return amount;
    }
  }
}
