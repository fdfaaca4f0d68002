package dev.starling.cli;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** A node whose event bus is on the loopback meets no node of another machine. */
final class BusHostCheck implements Check {
  @Override
  public List<Finding> look(Evidence evidence) {
    List<String> elsewhere =
        evidence.nodes().stream()
            .map(n -> n.get("cluster"))
            .flatMap(
                c ->
                    Stream.concat(Stream.of(c.get("bus")), c.list("seeks").stream())
                        .map(Json::text))
            .filter(address -> address != null && isElsewhere(address))
            .distinct()
            .toList();
    List<Finding> findings =
        evidence.nodes().stream()
            .filter(n -> n.get("cluster").has("bus") && isLoopback(n.get("cluster").text("bus")))
            .filter(n -> !elsewhere.isEmpty())
            .map(n -> wrong(n, elsewhere))
            .toList();
    return findings.isEmpty()
        ? List.of(Finding.fine("bus host", "no node hides its event bus on the loopback"))
        : findings;
  }

  private static Finding wrong(Json node, List<String> elsewhere) {
    return Finding.problem(
        "bus host",
        node.text("name") + " can be reached from its own machine only",
        "its event bus is at %s, and other nodes are at %s"
            .formatted(node.get("cluster").text("bus"), String.join(", ", elsewhere)),
        "set cluster.host (STARLING_CLUSTER_HOST) on its machine to the address at which the others"
            + " reach it, and start it again");
  }

  private static boolean isElsewhere(String address) {
    return Dial.address(address, 0).filter(Dial::isElsewhere).isPresent();
  }

  private static boolean isLoopback(String address) {
    return Optional.of(address)
        .flatMap(a -> Dial.address(a, 0))
        .map(InetSocketAddress::getAddress)
        .map(InetAddress::isLoopbackAddress)
        .orElse(false);
  }
}
