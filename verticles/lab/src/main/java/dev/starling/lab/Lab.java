package dev.starling.lab;

import dev.starling.lab.Report.Verdict;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.PrintStream;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The fault lab: tries faults on a real cluster under load and says which promises held. */
public final class Lab {
  /**
   * All of them, in the order of worth; those that need a cluster of their own come last.
   *
   * @param minutes how long the mixed one lasts
   */
  static List<Fault> faults(int minutes) {
    return List.of(
        new KilledNode(),
        new FrozenNode(),
        new KilledGateway(),
        new RollingRestart(),
        new KilledDatabase(),
        new FrozenDatabase(),
        new TerminatedConnections(),
        new RegistrationRace(),
        new FailingInstance(),
        new SlowInstance(),
        new AllFailing(),
        new RequestFlood(),
        new Slowloris(),
        new BadRequests(),
        new MemberGarbage(),
        new HugeMessages(),
        new ForgedRecord(),
        new ForgedCommand(),
        new BlockedLoops(),
        new LoginFlood(),
        new BusGarbage(),
        new ForeignNode(),
        new Partition(),
        new FullDisk(),
        new ClockJump(),
        new Mixed(Duration.ofMinutes(minutes)));
  }

  private static final String USAGE =
      """
      usage: scripts/faults [--only NAME] [--seed N] [--minutes N] [--from DIR] [--json]
      Starts three service nodes and two gateways, puts them under load, lets one thing after the
      other go wrong, and says of each what came of it. Exit code 1 when a promise was broken.
        --only NAME     this fault alone; may be given more than once
        --seed N        chooses the same victims and moments again
        --minutes N     how long random faults are tried under 'mixed' (5)
        --from DIR      nodes begin as the version that was built in DIR, another checkout, and are of
                        this one when they are started anew: rolling-restart is an upgrade then
        --json          one document instead of text
      Faults:""";

  private final PrintStream out;
  private final Options options;
  private final List<Report> reports = new ArrayList<>();

  private Lab(PrintStream out, Options options) {
    this.out = out;
    this.options = options;
  }

  /** What the command line says. */
  private record Options(List<String> only, long seed, int minutes, Path from, boolean json) {
    static Options parse(String[] args) {
      List<String> only = new ArrayList<>();
      long seed = System.nanoTime() % 1_000_000;
      int minutes = 5;
      Path from = Path.of("");
      boolean json = false;
      for (int i = 0; i < args.length; i++) {
        switch (args[i]) {
          case "--only" -> only.add(known(value(args, ++i)));
          case "--seed" -> seed = Long.parseLong(value(args, ++i));
          case "--minutes" -> minutes = Integer.parseInt(value(args, ++i));
          case "--from" -> from = Path.of(value(args, ++i));
          case "--json" -> json = true;
          default -> throw new IllegalArgumentException("Unknown: " + args[i]);
        }
      }
      return new Options(only, seed, minutes, from, json);
    }

    private static String value(String[] args, int index) {
      if (index == args.length) {
        throw new IllegalArgumentException(args[index - 1] + " needs a value");
      }
      return args[index];
    }

    private static String known(String name) {
      if (faults(0).stream().noneMatch(fault -> fault.name().equals(name))) {
        throw new IllegalArgumentException("There is no fault named " + name);
      }
      return name;
    }

    boolean wants(Fault fault) {
      return only.isEmpty() || only.contains(fault.name());
    }
  }

  /**
   * Runs the lab; in the root of the project, whose jar it tests.
   *
   * @param args as {@code --help} says
   */
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err); // what libraries print is no part of the report
    if (List.of(args).contains("--help")) {
      out.println(USAGE);
      faults(0).forEach(f -> out.printf("  %-18s %s%n", f.name(), f.promise()));
      return;
    }
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("faults: " + e.getMessage() + " (--help says more)");
      System.exit(2);
      return;
    }
    System.exit(new Lab(out, options).run() ? 0 : 1);
  }

  private boolean run() throws Exception {
    Series series = new Series(Project.upgraded(Path.of(""), options.from()), options.seed(), 1, 1);
    try {
      for (Fault fault : faults(options.minutes())) {
        if (options.wants(fault)) {
          report(series.run(fault));
        }
      }
    } finally {
      series.end();
    }
    if (options.json()) {
      JsonArray all = new JsonArray();
      reports.forEach(report -> all.add(report.json()));
      out.println(new JsonObject().put("seed", options.seed()).put("faults", all).encodePrettily());
    }
    return reports.stream().noneMatch(report -> report.verdict() == Verdict.FAILED);
  }

  private void report(Report report) {
    reports.add(report);
    if (!options.json()) {
      out.println(report.text());
    }
  }
}
