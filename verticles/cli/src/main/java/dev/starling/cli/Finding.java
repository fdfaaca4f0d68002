package dev.starling.cli;

import java.util.Map;

/**
 * What a check has found.
 *
 * @param severity {@code fine}, {@code note} or {@code problem}
 * @param check which of them
 * @param what is so
 * @param why it is said, by what was measured; null where that is in what is so
 * @param remedy null if nothing is to be done
 */
record Finding(String severity, String check, String what, String why, String remedy) {
  static Finding fine(String check, String what) {
    return new Finding("fine", check, what, null, null);
  }

  /** To be known, and perhaps as it should be. */
  static Finding note(String check, String what, String why, String remedy) {
    return new Finding("note", check, what, why, remedy);
  }

  static Finding problem(String check, String what, String why, String remedy) {
    return new Finding("problem", check, what, why, remedy);
  }

  boolean isProblem() {
    return severity.equals("problem");
  }

  String severity(Screen screen) {
    return switch (severity) {
      case "fine" -> screen.good(severity);
      case "note" -> screen.between(severity);
      default -> screen.bad(severity);
    };
  }

  Map<String, Object> json() {
    return Json.object(
        "severity", severity, "check", check, "what", what, "why", why, "remedy", remedy);
  }
}
