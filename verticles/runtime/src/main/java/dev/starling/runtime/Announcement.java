package dev.starling.runtime;

/**
 * What the registry holds of one instance: one service on one node.
 *
 * @param service the service
 * @param node the node's id in the cluster
 * @param nodeName the node's name for people
 * @param address the bus address of this instance alone
 * @param version of the service's code
 * @param contract hash of its {@link ContractDocument}
 */
public record Announcement(
    String service, String node, String nodeName, String address, String version, String contract) {

  /** The instance as people name it: service and name of the node. */
  public String name() {
    return service + "@" + nodeName;
  }

  static String address(String service, String node) {
    return service + "@" + node;
  }
}
