package dev.starling.cli;

import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What checks look at, asked for once.
 *
 * @param port that was asked
 * @param ports where to look for other clusters on this machine
 * @param nodes that are members now
 * @param instances the view of that name
 * @param now by this machine's clock, when the nodes were told of
 */
record Evidence(OperatorPort port, Ports ports, List<Json> nodes, Json instances, Instant now) {
  private static final int NAMED = 3;

  /** What is known before anything was asked. */
  static Evidence of(OperatorPort port, Ports ports) {
    return new Evidence(port, ports, List.of(), new Json(null), null);
  }

  /**
   * The same with what the operator port tells.
   *
   * @throws Failure if it does not
   */
  Evidence asked(Session session) {
    Instant asked = session.clock().instant();
    List<Json> all = port.get("nodes").list("nodes");
    Instant answered = session.clock().instant();
    return new Evidence(
        port,
        ports,
        present(all),
        port.get("instances"),
        asked.plus(Duration.between(asked, answered).dividedBy(2)));
  }

  static List<Json> present(List<Json> nodes) {
    return nodes.stream().filter(n -> !"left".equals(n.text("state"))).toList();
  }

  static Set<String> ids(List<Json> nodes) {
    return nodes.stream().map(n -> n.text("id")).collect(Collectors.toCollection(TreeSet::new));
  }

  /** {@code n1, n2 and 3 more}: three at most, so that a line stays one. */
  static String names(List<Json> nodes) {
    List<String> names = nodes.stream().map(n -> n.text("name")).sorted().toList();
    int more = names.size() - NAMED;
    if (more > 0) {
      return String.join(", ", names.subList(0, NAMED)) + " and " + more + " more";
    }
    int last = names.size() - 1;
    return last < 1
        ? String.join("", names)
        : String.join(", ", names.subList(0, last)) + " and " + names.get(last);
  }
}
