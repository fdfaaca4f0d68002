package dev.starling.cli;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** What people read: a state is a colour, a shape and a word, so that each alone is enough. */
final class Screen {
  private static final Pattern COLOUR = Pattern.compile("\u001b\\[[0-9;]*m");
  private static final String GREEN = "32";
  private static final String YELLOW = "33";
  private static final String RED = "31";
  private static final String BOLD = "1";
  private static final String FAINT = "2";

  private final PrintStream out;
  private final boolean colour;

  Screen(PrintStream out, boolean colour) {
    this.out = out;
    this.colour = colour;
  }

  private String in(String code, String text) {
    return colour ? "\u001b[" + code + "m" + text + "\u001b[0m" : text;
  }

  /** All is as it should be. */
  String good(String word) {
    return in(GREEN, "● " + word);
  }

  /** On the way from one to the other, or meant to be so. */
  String between(String word) {
    return in(YELLOW, "◐ " + word);
  }

  /** Something is wrong. */
  String bad(String word) {
    return in(RED, "■ " + word);
  }

  /** A breaker: closed, half-open or open. */
  String breaker(String state) {
    return switch (String.valueOf(state)) {
      case "closed" -> good(state);
      case "half-open" -> between(state);
      default -> bad(state);
    };
  }

  /** How a call or a step ended: {@code ok}, or the kind of its problem. */
  String outcome(String outcome) {
    return "ok".equals(outcome) ? good(outcome) : bad(outcome);
  }

  String bold(String text) {
    return in(BOLD, text);
  }

  String faint(String text) {
    return in(FAINT, text);
  }

  void line(String text) {
    out.println(text);
  }

  /** Aligned columns, the last of which is as wide as it wants to be. */
  void table(List<String> header, List<List<String>> rows) {
    List<List<String>> all = new ArrayList<>();
    all.add(header.stream().map(this::bold).toList());
    all.addAll(rows);
    rows(all, new int[header.size()]);
  }

  /**
   * Rows of a table that goes on.
   *
   * @param widths of the columns until now, which grow with what is in them
   */
  void rows(List<List<String>> rows, int[] widths) {
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], width(cell(row, i)));
      }
    }
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String cell = cell(row, i);
        line.append(cell).append(" ".repeat(widths[i] - width(cell) + 2));
      }
      out.println(line.toString().stripTrailing());
    }
  }

  private static String cell(List<String> row, int i) {
    String cell = row.get(i);
    return cell == null || cell.isEmpty() ? "-" : cell;
  }

  private static int width(String cell) {
    String seen = COLOUR.matcher(cell).replaceAll("");
    return seen.codePointCount(0, seen.length());
  }
}
