package dev.starling.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Looks at all that often is the matter, and says how to mend it. */
@Command(
    name = "doctor",
    description = {
      "Look for what often is the matter, each with its remedy.",
      "",
      "Of this shell: its limit of files, the token. Of the nodes: whether each sees all others,",
      "finds those that are listed, has its event bus where others reach it and hears each of them,",
      "runs the same version and Java, has the right time (within two seconds of this clock), may",
      "open enough files, reaches the database and is ready. Also: records of nodes that are not",
      "there, and clusters on this machine (--ports) that were meant to be one."
    },
    exitCodeList = {
      "0:nothing is the matter, apart from notes",
      "1:something is; each finding says what, why and what to do",
      "64:the command line is wrong"
    },
    footer = {
      "  starling doctor",
      "  starling doctor --json | jq -r '.findings[] | select(.severity == \"problem\") | .remedy'"
    })
final class Doctor implements Callable<Integer> {
  /** What is looked at even where no operator port answers. */
  private static final List<Check> HERE = List.of(new ShellCheck(), new TokenCheck());

  private static final List<Check> NODES =
      List.of(
          new MembersCheck(),
          new SeedsCheck(),
          new BusHostCheck(),
          new BusCheck(),
          new VersionsCheck(),
          new ClocksCheck(),
          new FilesCheck(),
          new DatabaseCheck(),
          new ReadinessCheck(),
          new RecordsCheck(),
          new ClustersCheck());

  private final Session session;

  Doctor(Session session) {
    this.session = session;
  }

  @Option(
      names = "--ports",
      paramLabel = "FROM-TO",
      defaultValue = "9090-9099",
      converter = Ports.Converter.class,
      description = "Where to look for other clusters on this machine (default: ${DEFAULT-VALUE})")
  private Ports ports;

  @Override
  public Integer call() {
    Evidence evidence = Evidence.of(session.port(), ports);
    List<Finding> findings = new ArrayList<>();
    HERE.forEach(check -> findings.addAll(check.look(evidence)));
    try {
      Evidence told = evidence.asked(session);
      findings.add(Finding.fine("operator port", session.port().base() + " answers"));
      NODES.forEach(check -> findings.addAll(check.look(told)));
    } catch (Failure failure) {
      findings.add(Finding.problem("operator port", failure.what(), failure.why(), failure.next()));
    }
    boolean well = findings.stream().noneMatch(Finding::isProblem);
    tell(findings, well);
    return well ? Exit.OK : Exit.NOT_WELL;
  }

  private void tell(List<Finding> findings, boolean well) {
    if (session.json()) {
      List<?> json = findings.stream().map(Finding::json).toList();
      session.print(Json.object("command", "doctor", "well", well, "findings", json));
      return;
    }
    Screen screen = session.screen();
    screen.table(
        List.of("FINDING", "CHECK", "WHAT"),
        findings.stream().map(f -> List.of(f.severity(screen), f.check(), f.what())).toList());
    for (Finding finding : findings) {
      if (finding.remedy() != null) {
        screen.line("");
        screen.line(screen.bold(finding.what()));
        if (finding.why() != null) {
          screen.line("  why:  " + finding.why());
        }
        screen.line("  next: " + finding.remedy());
      }
    }
  }
}
