package dev.starling.cli;

import java.util.List;
import picocli.CommandLine.Command;

/** The sentence first. */
@Command(
    name = "status",
    description = {
      "Say in one sentence how the cluster does.",
      "",
      "Below it stands what is wrong (problem) and what is worth knowing (note). Watched or not,"
          + " the exit code is that of the last answer, so that a script can wait for 0."
    },
    exitCodeList = {
      "0:healthy",
      "1:degraded",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling status",
      "  starling status --watch",
      "  starling status --context production --json",
      "  until starling status; do sleep 1; done     waits until all is well"
    })
final class Status extends View {
  Status(Session session) {
    super(session, "status");
  }

  @Override
  int show(Json status, Screen screen) {
    boolean healthy = "healthy".equals(status.text("state"));
    String state = status.text("state");
    screen.line(
        (healthy ? screen.good(state) : screen.bad(state)) + "  " + status.text("sentence"));
    List<Json> findings = status.list("findings");
    if (!findings.isEmpty()) {
      screen.table(
          List.of("SEVERITY", "SUBJECT", "FINDING"),
          findings.stream()
              .map(
                  f ->
                      List.of(
                          severity(f.text("severity"), screen), f.text("subject"), f.text("text")))
              .toList());
    }
    screen.line(screen.faint("as " + status.text("node") + " sees it"));
    return healthy ? Exit.OK : Exit.NOT_WELL;
  }

  private static String severity(String severity, Screen screen) {
    return severity.equals("problem") ? screen.bad(severity) : screen.between(severity);
  }
}
