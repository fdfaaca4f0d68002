package dev.starling.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.temporal.ChronoUnit;
import java.util.concurrent.Callable;
import picocli.CommandLine.Option;

/** Shows what the operator port knows, once or every second. */
abstract class View implements Callable<Integer> {
  private static final String HOME_AND_CLEAR = "\u001b[H\u001b[J";

  private final Session session;
  private final String name;

  /**
   * A view.
   *
   * @param name of the resource below {@code /ops/}
   */
  View(Session session, String name) {
    this.session = session;
    this.name = name;
  }

  @Option(
      names = {"-w", "--watch"},
      description = "Show it again every second, until Ctrl-C; with --json one line each time")
  private boolean watch;

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "0",
      description = "With --watch, end after so many times")
  private long count;

  /** Shows an answer to people; the exit code. */
  abstract int show(Json answer, Screen screen);

  /** What programs get: the answer as it came. */
  String json(OperatorPort.Answer answer) {
    return answer.text();
  }

  /** Whether it is watched without being told to. */
  boolean watchesByItself() {
    return false;
  }

  final Session session() {
    return session;
  }

  @Override
  public final Integer call() throws InterruptedException {
    if (!watch && count == 0 && !watchesByItself()) {
      return showOnce();
    }
    int exit = Exit.OK;
    for (long i = 0; count == 0 || i < count; i++) {
      if (i > 0) {
        Thread.sleep(Duration.ofSeconds(1).toMillis());
      }
      exit = showAgain();
    }
    return exit;
  }

  private int showOnce() {
    OperatorPort.Answer answer = session.port().view(name);
    Json json = answer.json();
    if (session.json()) {
      session.out().println(json(answer));
      return show(json, new Screen(Silence.OUT, false));
    }
    return show(json, session.screen());
  }

  /** A lost node does not end it, and what was seen of it is not shown as if it were new. */
  private int showAgain() {
    boolean redraws = session.terminal() && !session.json() && redraws();
    try {
      OperatorPort.Answer answer = session.port().view(name);
      if (redraws) {
        session.out().print(HOME_AND_CLEAR);
      }
      Json json = answer.json();
      int exit;
      if (session.json()) {
        session.out().println(json(answer));
        exit = show(json, new Screen(Silence.OUT, false));
      } else {
        exit = show(json, session.screen());
        if (redraws()) {
          session.screen().line(session.screen().faint("as of " + time(session.clock().instant())));
        }
      }
      session.out().flush();
      return exit;
    } catch (Failure failure) {
      session.out().flush();
      session
          .err()
          .println(failure.text() + System.lineSeparator() + "  trying again every second");
      return failure.exit();
    }
  }

  /** Whether what was shown before is out of date. */
  boolean redraws() {
    return true;
  }

  /** The time of day where the operator is. */
  final String time(Instant at) {
    return LocalTime.ofInstant(at, session.clock().getZone())
        .truncatedTo(ChronoUnit.SECONDS)
        .toString();
  }
}
