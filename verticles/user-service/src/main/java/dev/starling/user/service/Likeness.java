package dev.starling.user.service;

import java.util.Locale;

/**
 * Tells when a password is a name, with little changed: fewer than five changes of one character
 * (Levenshtein), or a piece of the name makes up more than half of the password. Both measures and
 * their bounds are those of Ory Kratos. Of each text the first 256 UTF-16 units count, and case
 * does not.
 */
final class Likeness {
  private static final int DISTANCE = 5;
  private static final int LONGEST = 256;

  private Likeness() {}

  static boolean alike(String password, String name) {
    String one = folded(password);
    String other = folded(name);
    return distance(one, other) < DISTANCE || 2 * common(one, other) > one.length();
  }

  private static String folded(String text) {
    String folded = OpaqueString.of(text).toLowerCase(Locale.ROOT);
    return folded.substring(0, Math.min(LONGEST, folded.length()));
  }

  /** How many characters must be added, left out or replaced to make one text of the other. */
  static int distance(String one, String other) {
    int[] row = new int[other.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= one.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int replaced = diagonal + (one.charAt(i - 1) == other.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[other.length()];
  }

  /** How many characters the longest piece has that is in both. */
  static int common(String one, String other) {
    int longest = 0;
    int[] ahead = new int[other.length() + 1];
    for (int i = one.length() - 1; i >= 0; i--) {
      for (int j = 0; j < other.length(); j++) {
        ahead[j] = one.charAt(i) == other.charAt(j) ? ahead[j + 1] + 1 : 0;
        longest = Math.max(longest, ahead[j]);
      }
    }
    return longest;
  }
}
