package dev.starling.cli;

import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * The calls of one trace as a tree. Nodes do not write down which call led to which: it follows
 * from names and nodes of their steps and, on one node, from its clock.
 */
final class Hops {
  private static final List<String> HEADER =
      List.of("WHAT", "NODE", "SIDE", "AFTER", "TOOK", "OUTCOME");

  /** Microseconds between the moment at which a call ended and that at which it is written down. */
  private static final long SLACK = 5_000;

  private final String trace;
  private final List<Hop> hops;
  private final List<String> silent;

  /** What a hop was busy with, and the calls that were that. */
  private record Step(String name, double at, double millis, String outcome, List<Hop> hops) {}

  /** One call as one node remembers it. */
  private static final class Hop {
    private final Json call;
    private final long begin;
    private final long end;
    private final List<Step> steps = new ArrayList<>();

    /** Those that belong to none of the steps. */
    private final List<Hop> others = new ArrayList<>();

    private Hop parent;

    private Hop(Json call) {
      this.call = call;
      this.end = micros(call.text("at"));
      this.begin = end - Math.round(call.decimal("millis") * 1_000);
      for (Json step : call.list("steps")) {
        steps.add(
            new Step(
                step.text("name"),
                step.decimal("at"),
                step.decimal("millis"),
                step.text("outcome"),
                new ArrayList<>()));
      }
    }

    private static long micros(String at) {
      try {
        return Duration.between(Instant.EPOCH, Instant.parse(at)).toNanos() / 1_000;
      } catch (DateTimeParseException | NullPointerException e) {
        return 0;
      }
    }

    private boolean isMade() {
      return "made".equals(call.text("side"));
    }

    private String node() {
      return String.valueOf(call.text("node"));
    }

    private String operation() {
      return String.valueOf(call.text("operation"));
    }

    private double millis() {
      return call.decimal("millis");
    }

    private boolean isBelow(Hop other) {
      return this == other || parent != null && parent.isBelow(other);
    }

    /** Takes a hop for what one of the steps of this name was, or for any if none is known. */
    private boolean takes(Hop hop, String name) {
      for (Step step : steps) {
        if (step.name().equals(name) && step.hops().isEmpty()) {
          step.hops().add(hop);
          hop.parent = this;
          return true;
        }
      }
      if (steps.isEmpty()) {
        others.add(hop);
        hop.parent = this;
      }
      return steps.isEmpty();
    }

    /** By the clock of one node. */
    private boolean surrounds(Hop hop) {
      return node().equals(hop.node())
          && begin - SLACK <= hop.begin
          && hop.end <= end + SLACK
          && hop.millis() < millis();
    }
  }

  private Hops(String trace, List<Hop> hops, List<String> silent) {
    this.trace = trace;
    this.hops = hops;
    this.silent = silent;
  }

  /** Of what {@code GET /ops/calls} finds, or of the answer to a call. */
  static Hops of(Json answer) {
    List<Hop> hops =
        answer.list("calls").stream()
            .map(Hop::new)
            .sorted(Comparator.comparingLong(hop -> hop.begin))
            .toList();
    for (Hop done : hops) {
      if (!done.isMade()) {
        String instance = done.operation().replaceFirst("\\..*", "") + "@" + done.node();
        hops.stream()
            .filter(made -> made.isMade() && made.operation().equals(done.operation()))
            .filter(made -> !made.steps.isEmpty() || made.others.isEmpty())
            .anyMatch(made -> made.takes(done, instance));
      }
    }
    for (Hop made : hops) {
      if (made.isMade()) {
        hops.stream()
            .filter(done -> !done.isMade() && done.surrounds(made) && !done.isBelow(made))
            .sorted(Comparator.comparingDouble(Hop::millis))
            .anyMatch(done -> done.takes(made, made.operation()));
      }
    }
    String trace = hops.isEmpty() ? null : hops.get(0).call.text("trace");
    return new Hops(trace, hops, answer.list("silent").stream().map(Json::text).toList());
  }

  boolean isEmpty() {
    return hops.isEmpty();
  }

  /** Says what may be missing. */
  void warn(PrintStream err) {
    if (!silent.isEmpty()) {
      err.println(
          "No answer in a second from "
              + String.join(", ", silent)
              + ": what they remember is missing");
    }
  }

  void show(Screen screen, PrintStream err) {
    List<List<String>> rows = new ArrayList<>();
    List<String> nodes = hops.stream().map(Hop::node).distinct().sorted().toList();
    screen.line(screen.bold("Trace " + trace) + " on " + String.join(", ", nodes));
    hops.stream()
        .filter(hop -> hop.parent == null)
        .forEach(
            hop -> add(hop, 0, Math.max(0, hop.begin - hops.get(0).begin) / 1_000.0, screen, rows));
    screen.table(HEADER, rows);
    if (hops.stream().allMatch(hop -> hop.steps.isEmpty())) {
      screen.line(
          screen.faint(
              "No steps: they are kept of calls that were slow (the limit calls.slow), failed by a"
                  + " fault or were made by hand"));
    }
    warn(err);
  }

  private static void add(
      Hop hop, int depth, double after, Screen screen, List<List<String>> rows) {
    Json call = hop.call;
    rows.add(
        row(
            depth,
            call.text("operation"),
            call.text("node"),
            call.text("side"),
            after,
            hop.millis(),
            screen.outcome(call.text("outcome"))));
    for (Step step : hop.steps) {
      double begin = after + step.at();
      boolean isCall = step.hops().stream().anyMatch(Hop::isMade);
      if (!isCall) {
        rows.add(
            row(
                depth + 1,
                step.name(),
                call.text("node"),
                null,
                begin,
                step.millis(),
                screen.outcome(step.outcome())));
      }
      for (Hop below : step.hops()) {
        double way = isCall ? 0 : Math.max(0, step.millis() - below.millis()) / 2;
        add(below, isCall ? depth + 1 : depth + 2, begin + way, screen, rows);
      }
    }
    for (Hop below : hop.others) {
      double begin =
          below.isMade()
              ? Math.max(0, below.begin - hop.begin) / 1_000.0
              : Math.max(0, hop.millis() - below.millis()) / 2;
      add(below, depth + 1, after + begin, screen, rows);
    }
  }

  private static List<String> row(
      int depth,
      String what,
      String node,
      String side,
      double after,
      double millis,
      String outcome) {
    return Arrays.asList(
        "  ".repeat(depth) + what,
        node,
        side,
        Durations.millis(after),
        Durations.millis(millis),
        outcome);
  }
}
