package dev.starling.cli;

import java.util.ArrayList;
import java.util.List;

/** All members see the same number of nodes, unless the cluster is falling apart. */
final class MembersCheck implements Check {
  @Override
  public List<Finding> look(Evidence evidence) {
    List<Json> nodes = evidence.nodes();
    List<Finding> findings = new ArrayList<>();
    for (Json node : nodes) {
      if (node.has("sees") && node.number("sees") != nodes.size()) {
        findings.add(
            Finding.problem(
                "members",
                node.text("name") + " sees another cluster than the node that was asked",
                "it sees %d of %d nodes".formatted(node.number("sees"), nodes.size()),
                "look whether the members reach each other's port (5701 and up), both ways;"
                    + " halves find each other within seconds once they do"));
      }
      if (node.flag("fenced")) {
        findings.add(
            Finding.problem(
                "members",
                node.text("name") + " takes itself for cut off, and only answers queries",
                "it sees %d nodes, fewer than cluster.minimum-size".formatted(node.number("sees")),
                "start the nodes that are missing, or look at the network between it and them; it"
                    + " goes on by itself"));
      }
    }
    return findings.isEmpty()
        ? List.of(Finding.fine("members", "each node sees " + nodes.size()))
        : findings;
  }
}
