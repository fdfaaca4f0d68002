package dev.starling.lab;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/** All that the benchmark has found, as text and as JSON. */
final class Findings {
  /** One subject of one part, over all rounds. */
  record Figure(String part, String subject, List<Sample> samples, long resident, long started) {
    Spread spread(ToDoubleFunction<Sample> value) {
      return Spread.of(samples.stream().map(value::applyAsDouble).toList());
    }
  }

  /**
   * One thing over another, round by round.
   *
   * @param most what was promised; {@link Double#NaN} for nothing
   */
  record Ratio(String name, Spread spread, double most) {
    boolean holds() {
      return Double.isNaN(most) || spread.median() <= most;
    }
  }

  /** The cost of a request, in microseconds of CPU time, as something grows. */
  record Growth(String name, String unit, List<Point> points) {}

  /**
   * One size of what grows.
   *
   * @param atRest CPU time of all processes when nobody asks, in percent of one core
   */
  record Point(int size, Spread cpu, double atRest) {}

  /**
   * One microbenchmark.
   *
   * @param error half of the 99.9 % confidence interval
   */
  record Micro(String name, double nanos, double error) {}

  private final List<Figure> figures = new ArrayList<>();
  private final List<Ratio> ratios = new ArrayList<>();
  private final List<Growth> growths = new ArrayList<>();
  private final List<Micro> micros = new ArrayList<>();
  private final List<String> notes = new ArrayList<>();

  List<Figure> figures() {
    return figures;
  }

  List<Ratio> ratios() {
    return ratios;
  }

  List<Growth> growths() {
    return growths;
  }

  /** What a line says best. */
  List<String> notes() {
    return notes;
  }

  List<Micro> micros() {
    return micros;
  }

  /** What pieces of a call cost, beside the call that they are part of; if both were measured. */
  void sharesOfCalls() {
    share("choiceAndBreaker 1000 ", "choice and breaker at 1,000 records", "two JVMs", 0.03);
    share("callOfTwoSides", "meters and memory of calls", "one JVM", 0.02);
  }

  private void share(String piece, String name, String over, double most) {
    Optional<Figure> call =
        figures.stream()
            .filter(f -> f.part().equals("calls") && f.subject().equals("Starling, " + over))
            .findFirst();
    Optional<Micro> measured = micros.stream().filter(m -> m.name().contains(piece)).findFirst();
    if (call.isPresent() && measured.isPresent()) {
      Spread cpu = call.get().spread(Sample::cpu);
      double micros = measured.get().nanos() / 1_000;
      ratios.add(
          new Ratio(
              name + " / call, " + over,
              new Spread(micros / cpu.median(), micros / cpu.most(), micros / cpu.least()),
              most));
    }
  }

  String text() {
    StringBuilder text = new StringBuilder();
    figures(text);
    ratios(text);
    growths(text);
    micros(text);
    notes.forEach(note -> text.append("%n%s%n".formatted(note)));
    return text.toString();
  }

  private void figures(StringBuilder text) {
    if (figures.isEmpty()) {
      return;
    }
    text.append(
        "%n%-8s %-22s %9s %17s %7s %8s %8s %8s %6s %7s%n"
            .formatted(
                "part",
                "median of rounds",
                "req/s",
                "cpu us (min-max)",
                "db us",
                "p50 us",
                "p99",
                "p99.9",
                "MiB",
                "start"));
    for (Figure f : figures) {
      Spread cpu = f.spread(Sample::cpu);
      text.append(
          "%-8s %-22s %9s %17s %7s %8s %8s %8s %6s %7s%n"
              .formatted(
                  f.part(),
                  f.subject(),
                  whole(f.spread(Sample::perSecond).median()),
                  "%.1f (%.1f-%.1f)".formatted(cpu.median(), cpu.least(), cpu.most()),
                  number(f.spread(Sample::database).median()),
                  whole(f.spread(Sample::p50).median()),
                  whole(f.spread(Sample::p99).median()),
                  whole(f.spread(Sample::p999).median()),
                  f.resident() == 0 ? "" : f.resident(),
                  f.started() == 0 ? "" : f.started() + " ms"));
    }
  }

  private void ratios(StringBuilder text) {
    if (!ratios.isEmpty()) {
      text.append("%n%-58s %7s %15s %8s%n".formatted("ratio", "median", "min-max", "promised"));
    }
    for (Ratio r : ratios) {
      text.append(
          "%-58s %7.3f %15s %8s %s%n"
              .formatted(
                  r.name(),
                  r.spread().median(),
                  "%.3f-%.3f".formatted(r.spread().least(), r.spread().most()),
                  Double.isNaN(r.most()) ? "" : "<= " + r.most(),
                  Double.isNaN(r.most()) ? "" : r.holds() ? "held" : "MISSED"));
    }
  }

  private void growths(StringBuilder text) {
    for (Growth g : growths) {
      text.append("%n%s%n".formatted(g.name()));
      for (Point p : g.points()) {
        text.append(
            "%8d %s: cpu %.1f us (%.1f-%.1f); at rest %.1f %% of a core%n"
                .formatted(
                    p.size(),
                    g.unit(),
                    p.cpu().median(),
                    p.cpu().least(),
                    p.cpu().most(),
                    p.atRest()));
      }
    }
  }

  private void micros(StringBuilder text) {
    if (!micros.isEmpty()) {
      text.append("%n%-58s %12s%n".formatted("microbenchmark", "ns"));
    }
    micros.forEach(
        m -> text.append("%-58s %8.0f +-%5.0f%n".formatted(m.name(), m.nanos(), m.error())));
  }

  private static String whole(double value) {
    return Double.isNaN(value) ? "" : "%.0f".formatted(value);
  }

  private static String number(double value) {
    return Double.isNaN(value) || value == 0 ? "" : "%.1f".formatted(value);
  }

  JsonObject json() {
    JsonArray allFigures = new JsonArray();
    figures.forEach(f -> allFigures.add(json(f)));
    JsonArray allRatios = new JsonArray();
    ratios.forEach(
        r -> {
          JsonObject ratio = r.spread().json().put("name", r.name());
          if (!Double.isNaN(r.most())) {
            ratio.put("promised", r.most()).put("holds", r.holds());
          }
          allRatios.add(ratio);
        });
    JsonArray allGrowths = new JsonArray();
    growths.forEach(g -> allGrowths.add(json(g)));
    JsonArray allMicros = new JsonArray();
    micros.forEach(
        m ->
            allMicros.add(
                new JsonObject()
                    .put("name", m.name())
                    .put("nanos", m.nanos())
                    .put("error", m.error())));
    return new JsonObject()
        .put("figures", allFigures)
        .put("ratios", allRatios)
        .put("growth", allGrowths)
        .put("micro", allMicros)
        .put("notes", new JsonArray(notes));
  }

  private static JsonObject json(Figure f) {
    JsonObject json = new JsonObject().put("part", f.part()).put("subject", f.subject());
    put(json, "per-second", f.spread(Sample::perSecond));
    put(json, "cpu-micros", f.spread(Sample::cpu));
    put(json, "database-cpu-micros", f.spread(Sample::database));
    put(json, "p50-micros", f.spread(Sample::p50));
    put(json, "p99-micros", f.spread(Sample::p99));
    put(json, "p99.9-micros", f.spread(Sample::p999));
    return json.put("resident-mib", f.resident()).put("start-millis", f.started());
  }

  private static void put(JsonObject json, String name, Spread spread) {
    if (spread.isKnown()) {
      json.put(name, spread.json());
    }
  }

  private static JsonObject json(Growth g) {
    JsonArray points = new JsonArray();
    g.points()
        .forEach(
            p ->
                points.add(
                    new JsonObject()
                        .put("size", p.size())
                        .put("cpu-micros", p.cpu().json())
                        .put("at-rest-percent", p.atRest())));
    return new JsonObject().put("name", g.name()).put("unit", g.unit()).put("points", points);
  }
}
