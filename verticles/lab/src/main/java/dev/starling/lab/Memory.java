package dev.starling.lab;

import java.io.IOException;

/** How far the memory of a node rose above all that it ever had before (VmHWM, proc(5)). */
final class Memory {
  /** MiB, a quarter of the heap that a node of the lab has. */
  private static final long MOST = 64;

  private final NodeProcess node;
  private final long before;

  private Memory(NodeProcess node, long before) {
    this.node = node;
    this.before = before;
  }

  /** Of a node, from now on. */
  static Memory of(NodeProcess node) throws IOException {
    return new Memory(node, Usage.peak(node.pid()));
  }

  /** Notes the growth until now, and complains when it is more than a bounded attack may cost. */
  void judge(Notes notes) throws IOException {
    long grown = Usage.peak(node.pid()) - before;
    notes.figure("memory-growth-mib", grown);
    if (grown > MOST) {
      notes.complain("%s took %d MiB more than ever before".formatted(node.name(), grown));
    }
  }
}
