package dev.starling.cli;

/** Orders to the whole flock: entries of the desired state, at {@code /ops/desired}. */
final class Orders {
  private final Session session;
  private final String command;

  /**
   * Orders of a command.
   *
   * @param command as it is typed, {@code breaker open}
   */
  Orders(Session session, String command) {
    this.session = session;
    this.command = command;
  }

  /**
   * Wants something.
   *
   * @param life for how long; null for the default
   * @param next what to do when it is refused
   */
  int want(String key, String body, String life, String next) {
    OperatorPort.Answer answer = session.port().put(path(key), body, life);
    if (!answer.good()) {
      throw OperatorPort.refusal(answer, next);
    }
    if (session.json()) {
      session.out().println(answer.text());
      return Exit.OK;
    }
    Json entry = answer.json();
    session
        .screen()
        .line(
            "%s: %s, %s"
                .formatted(
                    key,
                    Json.write(entry.get("value")),
                    entry.has("expires")
                        ? "until " + entry.text("expires")
                        : "until it is taken back"));
    return Exit.OK;
  }

  /** Wants it no longer; that nobody wanted it is as good. */
  int wantNoLonger(String key) {
    OperatorPort.Answer answer = session.port().delete(path(key));
    boolean removed = answer.good();
    if (!removed && answer.status() != 404) {
      throw OperatorPort.refusal(answer, "starling status");
    }
    if (session.json()) {
      session.print(Json.object("command", command, "key", key, "removed", removed));
    } else {
      session
          .screen()
          .line(
              key + (removed ? ": taken back" : ": nobody had ordered anything; all is as it was"));
    }
    return Exit.OK;
  }

  private static String path(String key) {
    int slash = key.indexOf('/');
    return slash < 0
        ? key
        : key.substring(0, slash + 1) + OperatorPort.segment(key.substring(slash + 1));
  }
}
