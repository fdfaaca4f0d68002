package dev.starling.lab;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A network of its own for each node, joined by a bridge on which the lab sits too, so that some
 * can be cut off from others. Nothing of it leaves the machine.
 */
final class Namespaces {
  private static final String NETWORK = "10.213.%d.%d";
  private static final String CLIENTS = "10.214.0.0/16";

  private final int number = (int) (ProcessHandle.current().pid() % 200);
  private final String bridge = "faults" + number;
  private final List<String> names = new ArrayList<>();

  /** Why there can be none on this machine, empty when there can. */
  static String obstacle() throws InterruptedException {
    if (!Command.succeeds("nft", "--version")) {
      return "nft is missing: apt-get install nftables";
    }
    String probe = "faults-probe";
    if (!Command.succeeds("ip", "netns", "add", probe)) {
      return "network namespaces cannot be made here (ip netns add)";
    }
    boolean cuts =
        Command.succeeds("ip", "netns", "exec", probe, "nft", "add", "table", "inet", "f");
    Command.succeeds("ip", "netns", "delete", probe);
    return cuts ? "" : "nft does not work in a network namespace here";
  }

  /** Makes the bridge, and lets clients speak from addresses of their own. */
  void open() throws IOException, InterruptedException {
    Command.run("ip", "link", "add", bridge, "type", "bridge");
    Command.run("ip", "address", "add", host() + "/24", "dev", bridge);
    Command.run("ip", "link", "set", bridge, "up");
    Command.run("ip", "route", "replace", "local", CLIENTS, "dev", "lo");
  }

  /** The lab's own address. */
  String host() {
    return NETWORK.formatted(number, 1);
  }

  /** All addresses, as a network. */
  String network() {
    return NETWORK.formatted(number, 0) + "/24";
  }

  /** Address of a client that is like no other's. */
  static String client(int client) {
    return "10.214.%d.%d".formatted(client / 250, 1 + client % 250);
  }

  /** Makes a namespace with an address for a node. */
  void add(String node) throws IOException, InterruptedException {
    names.add(node);
    String inside = namespace(node);
    String outer = bridge + "-" + names.size();
    Command.run("ip", "netns", "add", inside);
    Command.run("ip", "link", "add", outer, "type", "veth", "peer", "eth0", "netns", inside);
    Command.run("ip", "link", "set", outer, "master", bridge, "up");
    in(node, "ip", "address", "add", address(node) + "/24", "dev", "eth0");
    in(node, "ip", "link", "set", "lo", "up");
    in(node, "ip", "link", "set", "eth0", "up");
    in(node, "ip", "route", "add", "default", "via", host());
  }

  String address(String node) {
    return NETWORK.formatted(number, 10 + names.indexOf(node));
  }

  /** What a command is put behind to run in the namespace of a node. */
  String[] prefix(String node) {
    return new String[] {"ip", "netns", "exec", namespace(node)};
  }

  private String namespace(String node) {
    return bridge + "-" + node;
  }

  /** Drops all that goes between some nodes and the others, both ways; the lab reaches them all. */
  void cut(List<String> some) throws IOException, InterruptedException {
    String others =
        names.stream()
            .filter(node -> !some.contains(node))
            .map(this::address)
            .collect(Collectors.joining(", ", "{ ", " }"));
    for (String node : some) {
      in(
          node,
          "nft",
          ("table inet cut {"
                  + " chain in { type filter hook input priority 0; ip saddr %1$s drop; };"
                  + " chain out { type filter hook output priority 0; ip daddr %1$s drop; }; }")
              .formatted(others));
    }
  }

  /** Lets everything through again. */
  void join(List<String> some) throws IOException, InterruptedException {
    for (String node : some) {
      in(node, "nft", "delete", "table", "inet", "cut");
    }
  }

  private void in(String node, String... command) throws IOException, InterruptedException {
    List<String> all = new ArrayList<>(List.of(prefix(node)));
    all.addAll(List.of(command));
    Command.run(all.toArray(String[]::new));
  }

  /** Removes all of it. */
  void close() throws InterruptedException {
    for (String node : names) {
      Command.succeeds("ip", "netns", "delete", namespace(node));
    }
    Command.succeeds("ip", "link", "delete", bridge);
    Command.succeeds("ip", "route", "delete", "local", CLIENTS, "dev", "lo");
  }
}
