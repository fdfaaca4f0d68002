package dev.starling.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** Whether the nodes that need the database reach it. */
final class DatabaseCheck implements Check {
  private static final String DATABASE = "database";

  @Override
  public List<Finding> look(Evidence evidence) {
    List<Json> asks =
        evidence.nodes().stream().filter(n -> DATABASE.equals(of(n).text("name"))).toList();
    Map<String, List<Json>> without =
        asks.stream()
            .filter(n -> !of(n).flag("up"))
            .collect(
                Collectors.groupingBy(
                    n -> String.valueOf(of(n).text("reason")), TreeMap::new, Collectors.toList()));
    if (without.isEmpty()) {
      return List.of(
          Finding.fine(
              DATABASE,
              "%d of %d nodes that need it reach it".formatted(asks.size(), asks.size())));
    }
    return without.entrySet().stream()
        .map(
            e ->
                Finding.problem(
                    DATABASE,
                    Evidence.names(e.getValue()) + ": no database",
                    e.getKey(),
                    "look whether PostgreSQL runs, takes connections (max_connections) and is"
                        + " reached from there (database.url); nodes serve again by themselves"))
        .toList();
  }

  private static Json of(Json node) {
    return node.list("checks").stream()
        .filter(c -> DATABASE.equals(c.text("name")))
        .findFirst()
        .orElse(new Json(null));
  }
}
