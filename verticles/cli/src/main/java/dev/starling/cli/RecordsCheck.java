package dev.starling.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Records of the registry, and instances that were made of them, belong to nodes that are there.
 */
final class RecordsCheck implements Check {
  /** Nodes read the registry every 5 s and remove what is of a node that has left. */
  private static final Duration SWEPT = Duration.ofSeconds(5);

  @Override
  public List<Finding> look(Evidence evidence) {
    Set<String> there = Evidence.ids(evidence.nodes());
    List<Finding> findings = new ArrayList<>();
    for (Json record : evidence.instances().list("stale")) {
      Duration age = Duration.ofMillis(record.number("age"));
      if (age.compareTo(SWEPT) > 0) {
        findings.add(stale(record, age));
      }
    }
    for (Json instance : evidence.instances().list("instances")) {
      if (!there.contains(instance.text("node"))) {
        findings.add(
            Finding.problem(
                "records",
                "%s@%s is called, and its node is not there"
                    .formatted(instance.text("service"), instance.text("nodeName")),
                "the node that was asked does not see " + instance.text("node"),
                "wait for ten seconds; if it stays, restart the node that was asked"));
      }
    }
    return findings.isEmpty()
        ? List.of(Finding.fine("records", "each is of a node that is there"))
        : findings;
  }

  private static Finding stale(Json record, Duration age) {
    boolean ours = record.has("instance");
    return Finding.problem(
        "records",
        ours
            ? "a stale record of " + record.text("instance") + " is in the registry"
            : "a record that cannot be believed is in the registry",
        "%s: %s, for %s; its calls go nowhere, so nobody makes any"
            .formatted(record.text("registration"), record.text("why"), Durations.text(age)),
        ours
            ? "nodes remove such within 5 s. If it stays, something keeps it: look for members that"
                + " are no nodes, and into the logs"
            : "it was left by a node with other secrets, or forged: look who reaches the bus"
                + " (cluster.tls). It goes when the last node stops");
  }
}
