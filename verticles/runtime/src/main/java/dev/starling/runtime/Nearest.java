package dev.starling.runtime;

import java.util.Collection;
import java.util.Comparator;

/** Guesses which known name was meant by an unknown one, for errors that help. */
public final class Nearest {
  /** The unknown name may be as long as a file. */
  private static final int MOST_CHARACTERS = 100;

  private Nearest() {}

  /** The known name with the smallest edit distance; of several, the one that comes first. */
  public static String to(String unknown, Collection<String> known) {
    String text = unknown.substring(0, Math.min(unknown.length(), MOST_CHARACTERS));
    return known.stream().min(Comparator.comparingInt(name -> distance(text, name))).get();
  }

  /** Levenshtein's, row by row. */
  private static int distance(String text, String name) {
    int[] row = new int[name.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= text.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int change = diagonal + (text.charAt(i - 1) == name.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(change, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[name.length()];
  }
}
