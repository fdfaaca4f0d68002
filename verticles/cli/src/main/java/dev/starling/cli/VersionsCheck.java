package dev.starling.cli;

import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Nodes of two releases, or on two releases of Java, are meant to be so for an hour. */
final class VersionsCheck implements Check {
  @Override
  public List<Finding> look(Evidence evidence) {
    return List.of(
        one("versions", "", evidence, node -> node.text("version")),
        one("Java", "Java ", evidence, node -> node.text("java")));
  }

  private static Finding one(
      String check, String prefix, Evidence evidence, Function<Json, String> version) {
    Map<String, List<Json>> nodes =
        evidence.nodes().stream()
            .filter(n -> version.apply(n) != null)
            .collect(Collectors.groupingBy(version, TreeMap::new, Collectors.toList()));
    if (nodes.size() < 2) {
      return Finding.fine(
          check, nodes.isEmpty() ? "not told" : "all nodes run " + prefix + firstOf(nodes));
    }
    return Finding.note(
        check,
        "nodes run %d versions".formatted(nodes.size()),
        nodes.entrySet().stream()
            .map(e -> prefix + e.getKey() + " on " + Evidence.names(e.getValue()))
            .collect(Collectors.joining("; ")),
        "fine during an upgrade; end it by starting the others with the later one: starling nodes");
  }

  private static String firstOf(Map<String, List<Json>> nodes) {
    return nodes.keySet().iterator().next();
  }
}
