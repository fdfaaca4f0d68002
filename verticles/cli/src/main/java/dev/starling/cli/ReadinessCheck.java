package dev.starling.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What nodes themselves say is not well with them. */
final class ReadinessCheck implements Check {
  /** Those have a check of their own. */
  private static final Set<String> ELSEWHERE = Set.of("database", "cluster");

  @Override
  public List<Finding> look(Evidence evidence) {
    List<Finding> findings = new ArrayList<>();
    for (Json node : evidence.nodes()) {
      String name = node.text("name");
      for (Json check : node.list("checks")) {
        if (!check.flag("up") && !ELSEWHERE.contains(check.text("name"))) {
          findings.add(
              check.text("name").equals("drain")
                  ? Finding.note(
                      "readiness",
                      name + " takes no new calls",
                      check.text("reason"),
                      "starling node resume " + name)
                  : Finding.problem(
                      "readiness",
                      name + " is not ready: " + check.text("name"),
                      check.text("reason"),
                      "look into the log of " + name));
        }
      }
    }
    return findings.isEmpty()
        ? List.of(Finding.fine("readiness", "all nodes are ready for calls"))
        : findings;
  }
}
