package dev.starling.lab;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** The benchmark: what Starling costs beside plain Vert.x programs that do the same. */
public final class Bench {
  /** In the order in which they run. */
  static List<Part> parts() {
    return List.of(
        new Calls(),
        new Reads(),
        new Logins(),
        new Million(),
        new Timing(),
        new Nodes(),
        new Records(),
        new Micro());
  }

  private static final String USAGE =
      """
      usage: scripts/bench [--only PART] [--rounds N] [--seconds N] [--rate N] [--jvm OPTION]
                           [--from DIR] [--plot FILE] [--json]
      Measures Starling beside plain Vert.x programs that do the same, in turn, and prints for each:
      requests a second (closed loop, 32 connections), CPU time of a request in all processes from
      /proc, latency in an open loop from the moment at which a request was due, memory, start.
      Ratios are those of each round. Give the machine nothing else to do meanwhile.
        --only PART     this part alone; may be given more than once
        --rounds N      how often each has its turn (5)
        --seconds N     of one closed loop, and of one open loop (5)
        --rate N        of the open loop, requests a second (1000)
        --jvm OPTION    one more option for every JVM that is measured; may be repeated
        --from DIR      calls are measured beside those of the version that was built in DIR, another
                        checkout, too
        --plot FILE     where the plot goes (verticles/lab/target/bench.svg)
        --json          one document instead of text
      Parts:""";

  private Bench() {}

  /** What the command line says. */
  private record Options(
      List<String> only, Pace pace, List<String> jvm, Path from, Path plot, boolean json) {
    static Options parse(String[] args) {
      List<String> only = new ArrayList<>();
      List<String> jvm = new ArrayList<>();
      int rounds = 5;
      int seconds = 5;
      int rate = 1_000;
      Path from = Path.of("");
      Path plot = Path.of("verticles/lab/target/bench.svg");
      boolean json = false;
      for (int i = 0; i < args.length; i++) {
        switch (args[i]) {
          case "--only" -> only.add(known(value(args, ++i)));
          case "--rounds" -> rounds = number(args, ++i);
          case "--seconds" -> seconds = number(args, ++i);
          case "--rate" -> rate = number(args, ++i);
          case "--jvm" -> jvm.add(value(args, ++i));
          case "--from" -> from = Path.of(value(args, ++i));
          case "--plot" -> plot = Path.of(value(args, ++i));
          case "--json" -> json = true;
          default -> throw new IllegalArgumentException("Unknown: " + args[i]);
        }
      }
      return new Options(
          only, new Pace(rounds, Duration.ofSeconds(seconds), rate), jvm, from, plot, json);
    }

    private static String value(String[] args, int index) {
      if (index == args.length) {
        throw new IllegalArgumentException(args[index - 1] + " needs a value");
      }
      return args[index];
    }

    private static int number(String[] args, int index) {
      String value = value(args, index);
      if (!value.matches("[1-9][0-9]{0,5}")) {
        throw new IllegalArgumentException(args[index - 1] + " needs a number from 1 on");
      }
      return Integer.parseInt(value);
    }

    private static String known(String name) {
      if (parts().stream().noneMatch(part -> part.name().equals(name))) {
        throw new IllegalArgumentException("There is no part named " + name);
      }
      return name;
    }
  }

  /**
   * Runs the benchmark; in the root of the project, whose jar it measures.
   *
   * @param args as {@code --help} says
   */
  public static void main(String[] args) throws Exception {
    PrintStream out = System.out;
    System.setOut(System.err); // what libraries print is no part of the findings
    if (List.of(args).contains("--help")) {
      out.println(USAGE);
      parts().forEach(part -> out.printf("  %-15s %s%n", part.name(), part.about()));
      return;
    }
    Options options;
    try {
      options = Options.parse(args);
    } catch (IllegalArgumentException e) {
      System.err.println("bench: " + e.getMessage() + " (--help says more)");
      System.exit(2);
      return;
    }
    System.exit(run(options, out) ? 0 : 1);
  }

  /** Tells what was found also when a part could not be measured; whether all could. */
  private static boolean run(Options options, PrintStream out) throws Exception {
    boolean whole = true;
    JsonObject machine = machine();
    Findings findings = new Findings();
    Vertx vertx = Vertx.vertx();
    try {
      for (Part part : parts()) {
        if (options.only().isEmpty() || options.only().contains(part.name())) {
          whole &= run(part, options, vertx, findings);
        }
      }
    } finally {
      vertx.close().await();
    }
    findings.sharesOfCalls();
    Files.writeString(options.plot(), Plot.of(findings));
    out.println(
        options.json()
            ? findings.json().put("machine", machine).encodePrettily()
            : machine.encode() + System.lineSeparator() + findings.text());
    return whole;
  }

  private static boolean run(Part part, Options options, Vertx vertx, Findings findings)
      throws Exception {
    Programs programs = new Programs(Project.upgraded(Path.of(""), options.from()), options.jvm());
    try {
      part.run(programs, vertx, options.pace(), findings);
      return true;
    } catch (LabException e) {
      System.err.println(part.name() + " was not measured: " + e.getMessage());
      return false;
    } finally {
      programs.end();
    }
  }

  private static JsonObject machine() throws IOException {
    return new JsonObject()
        .put("cores", Runtime.getRuntime().availableProcessors())
        .put("java", Runtime.version().toString())
        .put("load-before", Usage.load());
  }
}
