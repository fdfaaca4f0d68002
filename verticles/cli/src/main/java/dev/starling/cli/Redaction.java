package dev.starling.cli;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Masks what looks like a secret or an e-mail address, since what is written is given to others.
 * Nodes tell no secrets; this is for those that get into a reason or a name all the same.
 */
final class Redaction {
  static final String MASK = "******";

  /** Whole values of members of these names. */
  private static final Pattern SECRET =
      Pattern.compile("(?i).*(password|secret|token|credential|authorization|cookie|pepper).*");

  private static final Pattern EMAIL =
      Pattern.compile("[\\p{L}\\p{N}._%+'-]+@([\\p{L}\\p{N}-]+(?:\\.[\\p{L}\\p{N}-]+)+)");

  private static final List<Pattern> TOKENS =
      List.of(
          Pattern.compile("ey[\\w-]{8,}\\.[\\w-]{8,}(?:\\.[\\w-]*)?"), // JSON Web Tokens
          Pattern.compile("\\brt_[\\w-]{8,}"), // refresh tokens
          Pattern.compile("\\$argon2[^\\s\"]*"), // hashes of passwords
          Pattern.compile("(?<![\\w-])\\p{XDigit}{40,}(?![\\w-])"), // keys; traces have 32
          // codes and keys in base 64: capitals, small letters and digits
          Pattern.compile(
              "(?<![\\w-])(?=[\\w-]*[A-Z])(?=[\\w-]*[a-z])(?=[\\w-]*\\d)[\\w-]{32,}(?![\\w-])"),
          Pattern.compile("(?i)(?<=bearer )[\\w.~+/=-]{8,}"),
          Pattern.compile("(?<=://[^\\s/@:]{0,64}:)[^\\s/@]+(?=@)")); // a password in a URL

  /** A name and its value, as in settings and in JSON; a value in quotes ends with them. */
  private static final Pattern NAMED =
      Pattern.compile(
          "(?i)((?:password|secret|token|pepper)\"?+\\s*+[=:]\\s*+\"?+)"
              + "(?:(?<=\")[^\"\n]++|[^\\s,;&}\"]++)");

  private final Set<String> nodes;

  /**
   * A redaction.
   *
   * @param nodes names of nodes, with which instances are named as addresses are
   */
  Redaction(Set<String> nodes) {
    this.nodes = nodes;
  }

  String text(String text) {
    String masked = text;
    for (Pattern token : TOKENS) {
      masked = token.matcher(masked).replaceAll(MASK);
    }
    masked = NAMED.matcher(masked).replaceAll("$1" + MASK);
    return EMAIL
        .matcher(masked)
        .replaceAll(m -> nodes.contains(m.group(1)) ? "$0" : MASK + "@" + MASK);
  }

  Json json(Json json) {
    return new Json(value(json.value()));
  }

  private Object value(Object value) {
    if (value instanceof Map<?, ?> object) {
      Map<String, Object> masked = new LinkedHashMap<>();
      object.forEach(
          (name, member) ->
              masked.put(
                  text(name.toString()),
                  member instanceof String && SECRET.matcher(name.toString()).matches()
                      ? MASK
                      : value(member)));
      return masked;
    }
    if (value instanceof List<?> list) {
      List<Object> masked = new ArrayList<>();
      list.forEach(element -> masked.add(value(element)));
      return masked;
    }
    return value instanceof String text ? text(text) : value;
  }
}
