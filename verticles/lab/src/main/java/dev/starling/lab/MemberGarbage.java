package dev.starling.lab;

/** {@link Garbage} at the port of Hazelcast. */
final class MemberGarbage extends Garbage {
  MemberGarbage() {
    super("cluster.member-port");
  }

  @Override
  public String name() {
    return "member-garbage";
  }
}
