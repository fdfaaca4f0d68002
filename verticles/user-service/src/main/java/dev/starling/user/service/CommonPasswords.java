package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.US_ASCII;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.util.HashMap;
import java.util.Map;

/**
 * Passwords that many people chose, in lower case; where they are from is said beside the list. It
 * is read when it is first used (50 ms in a cold JVM), and takes 1.5 MB.
 */
final class CommonPasswords {
  private static final String LIST = "common-passwords.txt";

  /** The shortest of them, by which those are found that a place of a text may have. */
  private static final int BEGIN = 3;

  private static final CommonPasswords ALL = read();

  private final Map<String, Integer> digits = new HashMap<>(1 << 15);
  private final Map<String, Integer> longest = new HashMap<>(1 << 13);

  private CommonPasswords() {}

  static CommonPasswords all() {
    return ALL;
  }

  private static CommonPasswords read() {
    CommonPasswords all = new CommonPasswords();
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(CommonPasswords.class.getResourceAsStream(LIST), US_ASCII))) {
      lines.lines().forEach(all::add);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return all;
  }

  private void add(String password) {
    digits.put(password, Integer.toString(digits.size() + 1).length());
    longest.merge(password.substring(0, BEGIN), password.length(), Math::max);
  }

  /** How many digits the place of this one has among them, the most common first; 0 for none. */
  int digits(String password) {
    return digits.getOrDefault(password, 0);
  }

  /** The end of the longest that may begin here in the text; the begin if there is none. */
  int last(String text, int from) {
    int begun = from + BEGIN;
    return begun > text.length()
        ? from
        : Math.min(text.length(), from + longest.getOrDefault(text.substring(from, begun), 0));
  }
}
