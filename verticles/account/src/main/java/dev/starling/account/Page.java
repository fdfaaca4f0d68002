package dev.starling.account;

import io.vertx.core.Future;

/**
 * What answers at one address.
 *
 * @param shown answers those who read
 * @param submitted answers forms that came from our own pages
 */
record Page(Answer shown, Answer submitted) {
  /** Answers a visit. */
  interface Answer {
    Future<Void> visit(Visit visit);
  }

  /** An address for forms only: whoever reads there is sent to the account. */
  static Page of(Answer submitted) {
    return new Page(visit -> visit.go(""), submitted);
  }
}
