package dev.starling.cli;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/** Each host that a node is told to find others at ({@code cluster.members}) is a member. */
final class SeedsCheck implements Check {
  private static final int PORT = 5701;

  @Override
  public List<Finding> look(Evidence evidence) {
    Set<InetAddress> members =
        evidence.nodes().stream()
            .flatMap(n -> address(n.get("cluster").text("member")).stream())
            .map(InetSocketAddress::getAddress)
            .collect(Collectors.toSet());
    Set<String> sought = new TreeSet<>();
    evidence
        .nodes()
        .forEach(n -> n.get("cluster").list("seeks").forEach(s -> sought.add(s.text())));
    List<Finding> findings = new ArrayList<>();
    for (String seed : sought) {
      // Ports of the loopback are listed for nodes that may come.
      address(seed)
          .filter(a -> a.isUnresolved() || Dial.isElsewhere(a))
          .filter(a -> !members.contains(a.getAddress()))
          .ifPresent(a -> findings.add(absent(seed, a)));
    }
    return findings.isEmpty()
        ? List.of(Finding.fine("seeds", "each host that is listed is a member, or none is"))
        : findings;
  }

  private static Optional<InetSocketAddress> address(String text) {
    return text == null ? Optional.empty() : Dial.address(text, PORT);
  }

  private static Finding absent(String seed, InetSocketAddress address) {
    String what = seed + " is listed in cluster.members, and no member";
    String at = "from here, %s:%d: ".formatted(address.getHostString(), address.getPort());
    return Dial.refusal(address)
        .map(
            why ->
                Finding.problem(
                    "seeds",
                    what,
                    at + why,
                    "start the node there, with cluster.host set to that address; open that port"
                        + " (cluster.member-port) in firewalls; or take it off the list"))
        .orElseGet(
            () ->
                Finding.problem(
                    "seeds",
                    what + ": two clusters",
                    at + "it listens, and has not joined",
                    "look there: starling nodes. Both need the same cluster.name and"
                        + " secrets.directory, and cluster.host an address that the other reaches"));
  }
}
