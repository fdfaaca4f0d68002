package dev.starling.runtime;

import java.util.List;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Tells which nodes there are, so that what belongs to a node can be dropped as soon as it has
 * left. Other members of the cluster, such as plain Vert.x programs, are no nodes.
 *
 * <p>A node is named by the identifier that the event bus gives it, a new one at each start.
 * Callbacks come on threads of the cluster, of which there are few: a callback must not block, and
 * hands over to its own Vert.x context. The order between callbacks and the event bus's own view of
 * its addresses is not defined. A callback stays for the life of the node and is not called for
 * nodes that were there before it: add it first, then read {@link #nodes()}.
 */
public interface Membership {

  /** This node's identifier. */
  String self();

  /** The nodes there are now, this one included: a snapshot. */
  Set<String> nodes();

  /** Calls back with each node that leaves: stopped, killed, frozen for too long or cut off. */
  void onLeft(Consumer<String> node);

  /** Calls back with each node that joins, one that had been cut off included. */
  void onJoined(Consumer<String> node);

  /**
   * Calls back when a split cluster is whole again, on the side that gave way (the smaller, of
   * equal ones either), after {@link #nodes()} is right: what this side had written to cluster maps
   * may be gone and should be published again.
   */
  void onMerged(Runnable merged);

  /**
   * Whether what this node holds of cluster maps has its copy on another node, if there is one: it
   * has not while partitions move, for a moment after any node has come or gone. May block.
   */
  default boolean isSafe() {
    return true;
  }

  /** Where this node is in the cluster, for operators; null where it runs without one. */
  default Place place() {
    return null;
  }

  /**
   * Where a node is in the cluster.
   *
   * @param cluster its name: nodes of others do not meet it
   * @param member where its membership is told of, as {@code host:port}
   * @param bus where others reach its event bus, as {@code host:port}
   * @param seeks where it looks for others: hosts with or without a port, or a multicast group;
   *     empty where nobody has listed them
   */
  record Place(String cluster, String member, String bus, List<String> seeks) {
    /** As {@code host:port}, an IPv6 address in brackets. */
    public static String hostAndPort(String host, int port) {
      return (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
    }

    /** What another release does not say is nothing. */
    public Place {
      seeks = seeks == null ? List.of() : seeks;
    }
  }

  /** The membership of a node that runs without a cluster: itself, for ever. */
  static Membership alone(String self) {
    return new Membership() {
      @Override
      public String self() {
        return self;
      }

      @Override
      public Set<String> nodes() {
        return Set.of(self);
      }

      @Override
      public void onLeft(Consumer<String> node) {}

      @Override
      public void onJoined(Consumer<String> node) {}

      @Override
      public void onMerged(Runnable merged) {}
    };
  }
}
