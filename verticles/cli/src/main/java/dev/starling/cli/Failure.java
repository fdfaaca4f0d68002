package dev.starling.cli;

import java.util.LinkedHashMap;
import java.util.Map;

/** Ends a command, and says what failed, why, and what to do next. */
final class Failure extends RuntimeException {
  private final int exit;
  private final String why;
  private final String next;

  /**
   * Ends a command.
   *
   * @param exit one of {@link Exit}
   * @param why null if what failed says it all
   * @param next what to type or to look at
   */
  Failure(int exit, String what, String why, String next) {
    super(what, null, false, false);
    this.exit = exit;
    this.why = why;
    this.next = next;
  }

  static Failure usage(String what, String next) {
    return new Failure(Exit.USAGE, what, null, next);
  }

  int exit() {
    return exit;
  }

  String what() {
    return getMessage();
  }

  String why() {
    return why;
  }

  String next() {
    return next;
  }

  String text() {
    return "starling: "
        + what()
        + (why == null ? "" : System.lineSeparator() + "  why:  " + why)
        + System.lineSeparator()
        + "  next: "
        + next;
  }

  Map<String, Object> json(String command) {
    Map<String, Object> error = new LinkedHashMap<>();
    error.put("what", what());
    error.put("why", why);
    error.put("next", next);
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("command", command);
    json.put("error", error);
    return json;
  }
}
