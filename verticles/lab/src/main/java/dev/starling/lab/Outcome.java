package dev.starling.lab;

import java.util.Set;

/** What a client knows of a request when it has ended. */
enum Outcome {
  /** Done: a status 2xx. */
  ACKNOWLEDGED,
  /** Refused, and certainly not done. */
  REFUSED,
  /** Done or not: a time-out, a closed connection, an error of the server. */
  UNKNOWN;

  /** These errors 503 say that nothing was begun. */
  private static final Set<String> NOT_BEGUN = Set.of("not-started", "overloaded");

  /**
   * Judges an answer.
   *
   * @param problem last part of the problem's type, empty without one
   */
  static Outcome of(int status, String problem) {
    if (status >= 200 && status < 300) {
      return ACKNOWLEDGED;
    }
    boolean definite = status >= 400 && status < 500 && status != 408;
    return definite || status == 503 && NOT_BEGUN.contains(problem) ? REFUSED : UNKNOWN;
  }
}
