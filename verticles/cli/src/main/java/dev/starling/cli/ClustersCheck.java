package dev.starling.cli;

import java.io.IOException;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
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
    Set<String> known = new HashSet<>(Evidence.ids(evidence.nodes()));
    for (int port = evidence.ports().first(); port <= evidence.ports().last(); port++) {
      if (port != asked.getPort()) {
        look(port, evidence, known, findings);
      }
    }
    return findings.isEmpty()
        ? List.of(Finding.fine(CHECK, "no other cluster answers at " + evidence.ports()))
        : findings;
  }

  private static void look(int port, Evidence evidence, Set<String> known, List<Finding> found) {
    URI address = URI.create("http://127.0.0.1:" + port);
    try {
      OperatorPort there = new OperatorPort(new Cluster("", address, evidence.port().tokenFile()));
      OperatorPort.Answer answer = there.glance("/ops/nodes", GLANCE);
      if (answer.status() == 401) {
        found.add(
            Finding.note(
                CHECK,
                "a cluster of other secrets is at " + port,
                "it refuses the token in " + evidence.port().tokenFile(),
                REMEDY));
      }
      if (answer.status() == 200) {
        List<Json> nodes = Evidence.present(answer.json().list("nodes"));
        if (known.addAll(Evidence.ids(nodes))) {
          found.add(another(port, evidence.nodes(), nodes));
        }
      }
    } catch (IOException | Failure e) {
      // Nobody is there, or something else.
    }
  }

  private static Finding another(int port, List<Json> ours, List<Json> theirs) {
    String name = name(theirs);
    String why =
        "%s sees %s; %d sees %s"
            .formatted("the port that was asked", places(ours), port, places(theirs));
    return name != null && Objects.equals(name, name(ours))
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
