package dev.starling.cli;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** Nodes on this machine that are in no cluster with the one that was asked. */
final class ClustersCheck implements Check {
  private static final String CHECK = "clusters";
  private static final Duration GLANCE = Duration.ofSeconds(1);
  private static final Set<String> HERE = Set.of("127.0.0.1", "localhost", "[::1]");
  private static final String REMEDY =
      "if they were meant to be one: start each node with -cluster, the same cluster.name,"
          + " cluster.config and secrets.directory, and let each find the others"
          + " (cluster.members, or the same ports on one machine)";

  @Override
  public List<Finding> look(Evidence evidence) {
    URI asked = evidence.port().base();
    if (!HERE.contains(asked.getHost())) {
      return List.of();
    }
    List<Finding> findings = new ArrayList<>();
    Set<String> told = new HashSet<>();
    for (int port = evidence.ports().first(); port <= evidence.ports().last(); port++) {
      if (port != asked.getPort()) {
        look(port, evidence, told).ifPresent(findings::add);
      }
    }
    return findings.isEmpty()
        ? List.of(Finding.fine(CHECK, "no other cluster answers at " + evidence.ports()))
        : findings;
  }

  /**
   * What is at a port, once for each cluster. Anybody may listen there, so that the token is not
   * shown.
   */
  private static Optional<Finding> look(int port, Evidence evidence, Set<String> told) {
    try {
      URI address = URI.create("http://127.0.0.1:" + port);
      Cluster unknown = new Cluster("", address, evidence.port().tokenFile());
      Json there = new OperatorPort(unknown).live(GLANCE).json();
      String id = there.text("id");
      return id == null
              || Evidence.ids(evidence.nodes()).contains(id)
              || !told.add(Objects.requireNonNullElse(there.text("cluster"), id))
          ? Optional.empty()
          : Optional.of(another(port, evidence.nodes(), there));
    } catch (IOException | Failure e) {
      return Optional.empty(); // Nobody is there, or something else.
    }
  }

  private static Finding another(int port, List<Json> ours, Json there) {
    String name = there.text("cluster");
    String why =
        "the port that was asked sees %s; at %d is %s, which is none of them"
            .formatted(places(ours), port, there.text("node"));
    return name != null && name.equals(name(ours))
        ? Finding.problem(CHECK, "two clusters have the name " + name, why, REMEDY)
        : Finding.note(
            CHECK,
            name == null
                ? "a node without a cluster is at " + port
                : "another cluster, " + name + ", is at " + port,
            why,
            REMEDY);
  }

  private static String name(List<Json> nodes) {
    return nodes.stream()
        .map(n -> n.get("cluster").text("name"))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private static String places(List<Json> nodes) {
    List<String> members =
        nodes.stream()
            .map(n -> n.get("cluster").text("member"))
            .filter(Objects::nonNull)
            .limit(3)
            .toList();
    return Evidence.names(nodes)
        + (members.isEmpty() ? "" : " (members at " + String.join(", ", members) + ")");
  }
}
