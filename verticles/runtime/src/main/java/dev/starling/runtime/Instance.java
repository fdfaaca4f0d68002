package dev.starling.runtime;

/**
 * One service on one node, as this node sees it: where it is and whether it may be called.
 *
 * @param announcement what it said of itself
 * @param local whether it is on this node
 * @param breaker this node's own judgement of it
 */
record Instance(Announcement announcement, boolean local, Breaker breaker) {
  String address() {
    return announcement.address();
  }
}
