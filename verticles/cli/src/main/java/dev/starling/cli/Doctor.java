package dev.starling.cli;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Looks at all that often is the matter, and says how to mend it. */
@Command(
    name = "doctor",
    description = {
      "Look for what often is the matter, each with its remedy.",
      "",
      "Java and this shell's file limit; the operator port and its token; whether each node sees all"
          + " others, runs the same version, has the right time (within a second of this clock) and"
          + " passes its checks; instances whose node is not there; whether several clusters run on"
          + " this machine (ports 9090 to 9099) that were meant to be one."
    },
    exitCodeList = {
      "0:nothing is the matter",
      "1:something is; each finding has its remedy",
      "64:the command line is wrong"
    },
    footer = {
      "  starling doctor",
      "  starling doctor --json | jq -r '.findings[] | select(.severity == \"problem\") | .remedy'"
    })
final class Doctor implements Callable<Integer> {
  private static final Duration CLOCKS = Duration.ofSeconds(1);
  private static final Duration GLANCE = Duration.ofSeconds(1);
  private static final long FEW_FILES = 4_096;
  private static final int JAVA = 17;

  private final Session session;
  private final List<Finding> findings = new ArrayList<>();

  Doctor(Session session) {
    this.session = session;
  }

  @Option(
      names = "--ports",
      paramLabel = "FROM-TO",
      defaultValue = "9090-9099",
      description = "Where to look for other clusters on this machine (default: ${DEFAULT-VALUE})")
  private String ports;

  /**
   * What was found.
   *
   * @param severity {@code fine}, {@code note} or {@code problem}
   * @param remedy null if nothing is to be done
   */
  private record Finding(String severity, String check, String text, String remedy) {
    Map<String, Object> json() {
      return Json.object("severity", severity, "check", check, "text", text, "remedy", remedy);
    }
  }

  private void fine(String check, String text) {
    findings.add(new Finding("fine", check, text, null));
  }

  private void note(String check, String text, String remedy) {
    findings.add(new Finding("note", check, text, remedy));
  }

  private void problem(String check, String text, String remedy) {
    findings.add(new Finding("problem", check, text, remedy));
  }

  @Override
  public Integer call() {
    int[] range = range();
    java(Runtime.version().feature());
    files(System.getProperty("cli.files"));
    OperatorPort port = session.port();
    token(port.tokenFile());
    try {
      Instant asked = session.clock().instant();
      List<Json> nodes = port.get("nodes").list("nodes");
      Instant answered = session.clock().instant();
      fine("operator port", port.base() + " answers");
      List<Json> present = nodes.stream().filter(n -> !"left".equals(n.text("state"))).toList();
      formation(present);
      versions(present);
      clocks(present, asked.plus(Duration.between(asked, answered).dividedBy(2)));
      checks(present);
      instances(port.get("instances").list("instances"), present);
      otherClusters(port, ids(present), range);
    } catch (Failure failure) {
      String why = failure.why() == null ? "" : ": " + failure.why();
      problem("operator port", failure.what() + why, failure.next());
    }
    return tell();
  }

  private int[] range() {
    String[] ends = ports.split("-", -1);
    try {
      int[] range = {Integer.parseInt(ends[0]), Integer.parseInt(ends[1])};
      if (ends.length == 2 && range[0] > 0 && range[0] <= range[1] && range[1] < 65_536) {
        return range;
      }
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      // It is said below.
    }
    throw Failure.usage("--ports is no range of ports", "write it as 9090-9099");
  }

  private void java(int feature) {
    if (feature < JAVA) {
      problem("Java", "Java " + feature + " is too old", "install Java 17 or later");
    } else {
      fine("Java", "Java " + Runtime.version());
    }
  }

  /** A JVM raises its limit to the hard one by itself, so that is the one that counts. */
  private void files(String limit) {
    if (limit == null || !limit.matches("\\d+")) {
      fine("files", "unlimited in this shell, or not known");
    } else if (Long.parseLong(limit) < FEW_FILES) {
      problem(
          "files",
          "a node started from this shell may open " + limit + " files, connections included",
          "raise it: ulimit -Hn 65536 as root, LimitNOFILE=65536 in a systemd unit");
    } else {
      fine("files", "a node started from this shell may open " + limit);
    }
  }

  private void token(Path file) {
    try {
      Set<PosixFilePermission> permissions = Files.getPosixFilePermissions(file);
      permissions.removeAll(
          Set.of(
              PosixFilePermission.OWNER_READ,
              PosixFilePermission.OWNER_WRITE,
              PosixFilePermission.OWNER_EXECUTE));
      if (permissions.isEmpty()) {
        fine("token", file + " is read by its owner only");
      } else {
        problem("token", "others may read " + file, "chmod 600 " + file);
      }
    } catch (IOException | UnsupportedOperationException e) {
      note("token", file + " cannot be looked at", "see the finding on the operator port");
    }
  }

  private void formation(List<Json> nodes) {
    List<Json> odd =
        nodes.stream().filter(n -> n.has("sees") && n.number("sees") != nodes.size()).toList();
    for (Json node : odd) {
      problem(
          "cluster",
          "%s sees %s of %d nodes".formatted(node.text("name"), node.text("sees"), nodes.size()),
          "look whether the members reach each other's port (5701 and up), both ways; see"
              + " cluster-config/README.md");
    }
    for (Json node : nodes) {
      if (node.flag("fenced")) {
        problem(
            "cluster",
            node.text("name") + " takes itself for cut off, and only answers queries",
            "look at the network between it and the others; it goes on by itself");
      }
      if (!"up".equals(node.text("state"))) {
        problem(
            "cluster",
            node.text("name") + " is " + node.text("state"),
            "look whether it is frozen or overloaded: its log, then restart it");
      }
    }
    if (odd.isEmpty()) {
      fine("cluster", "each node sees " + nodes.size());
    }
  }

  private void versions(List<Json> nodes) {
    Set<String> versions = new TreeSet<>();
    nodes.stream().filter(n -> n.has("version")).forEach(n -> versions.add(n.text("version")));
    if (versions.size() > 1) {
      note(
          "versions",
          "nodes run " + String.join(" and ", versions),
          "fine during an upgrade; end it: starling nodes shows which are left");
    } else {
      fine("versions", "all nodes run " + String.join("", versions));
    }
  }

  /** A report was true when the node made it: as long ago as it says. */
  private void clocks(List<Json> nodes, Instant now) {
    boolean good = true;
    for (Json node : nodes) {
      try {
        Instant there = Instant.parse(node.text("at")).plusMillis(node.number("age"));
        Duration ahead = Duration.between(now, there);
        if (ahead.abs().compareTo(CLOCKS) > 0) {
          good = false;
          problem(
              "clocks",
              "the clock of %s is %s %s of this one"
                  .formatted(
                      node.text("name"),
                      Durations.text(ahead.abs()),
                      ahead.isNegative() ? "behind" : "ahead"),
              "let NTP set it there and here (timedatectl set-ntp true); tokens and orders end by"
                  + " clocks");
        }
      } catch (DateTimeParseException | NullPointerException e) {
        // It has said nothing yet, which is told elsewhere.
      }
    }
    if (good) {
      fine("clocks", "all nodes are within a second of this clock");
    }
  }

  private void checks(List<Json> nodes) {
    boolean good = true;
    for (Json node : nodes) {
      for (Json check : node.list("checks")) {
        if (!check.flag("up")) {
          good = false;
          String what = node.text("name") + ": " + check.text("name") + ", " + check.text("reason");
          switch (check.text("name")) {
            case "database" ->
                problem(
                    "database",
                    what,
                    "look whether PostgreSQL runs and is reached from there (database.url); the node"
                        + " serves again by itself");
            case "drain" -> note("drain", what, "starling node resume " + node.text("name"));
            default -> problem("checks", what, "look into the log of " + node.text("name"));
          }
        }
      }
    }
    if (good) {
      fine("checks", "all checks of all nodes pass, the database's among them");
    }
  }

  private void instances(List<Json> instances, List<Json> nodes) {
    Set<String> there = ids(nodes);
    List<String> lost =
        instances.stream()
            .filter(i -> !there.contains(i.text("node")))
            .map(i -> i.text("service") + "@" + i.text("nodeName"))
            .toList();
    if (lost.isEmpty()) {
      fine("instances", "each belongs to a node that is there");
    } else {
      problem(
          "instances",
          String.join(", ", lost) + ": of a node that is not there",
          "wait for ten seconds; if it stays, restart the node that was asked");
    }
  }

  private static Set<String> ids(List<Json> nodes) {
    return nodes.stream().map(n -> n.text("id")).collect(Collectors.toCollection(TreeSet::new));
  }

  /** Nodes beside this one that are in no cluster with it. */
  private void otherClusters(OperatorPort asked, Set<String> members, int[] range) {
    if (!Set.of("127.0.0.1", "localhost", "[::1]").contains(asked.base().getHost())) {
      return;
    }
    List<String> others = new ArrayList<>();
    for (int port = range[0]; port <= range[1]; port++) {
      if (port != asked.base().getPort()) {
        String other = other(asked, port, members);
        if (other != null) {
          others.add(other);
        }
      }
    }
    if (others.isEmpty()) {
      fine("this machine", "no other cluster answers at " + ports);
    } else {
      note(
          "this machine",
          "another cluster answers: " + String.join(", ", others),
          "if it was meant to be one: start each node with -cluster, the same cluster.name and the"
              + " same secrets.directory");
    }
  }

  private static String other(OperatorPort asked, int port, Set<String> members) {
    URI address = URI.create("http://127.0.0.1:" + port);
    try {
      OperatorPort there = new OperatorPort(new Cluster("", address, asked.tokenFile()));
      OperatorPort.Answer answer = there.glance("/ops/nodes", GLANCE);
      if (answer.status() == 401) {
        return port + " (other secrets)";
      }
      if (answer.status() != 200) {
        return null;
      }
      List<Json> nodes =
          answer.json().list("nodes").stream()
              .filter(n -> !"left".equals(n.text("state")))
              .toList();
      return ids(nodes).equals(members)
          ? null
          : port
              + " ("
              + nodes.stream().map(n -> n.text("name")).collect(Collectors.joining(", "))
              + ")";
    } catch (IOException | Failure e) {
      return null;
    }
  }

  private int tell() {
    boolean well = findings.stream().noneMatch(f -> f.severity().equals("problem"));
    if (session.json()) {
      session.print(
          Json.object(
              "command",
              "doctor",
              "well",
              well,
              "findings",
              findings.stream().map(Finding::json).toList()));
    } else {
      Screen screen = session.screen();
      screen.table(
          List.of("FINDING", "CHECK", "WHAT"),
          findings.stream()
              .map(f -> Arrays.asList(severity(f.severity(), screen), f.check(), f.text()))
              .toList());
      findings.stream()
          .filter(f -> f.remedy() != null)
          .forEach(f -> screen.line(screen.bold(f.check()) + ": " + f.remedy()));
    }
    return well ? Exit.OK : Exit.NOT_WELL;
  }

  private static String severity(String severity, Screen screen) {
    return switch (severity) {
      case "fine" -> screen.good(severity);
      case "note" -> screen.between(severity);
      default -> screen.bad(severity);
    };
  }
}
