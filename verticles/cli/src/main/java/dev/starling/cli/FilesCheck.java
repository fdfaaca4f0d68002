package dev.starling.cli;

import java.util.List;

/** A node that may open few files runs out of connections under load. */
final class FilesCheck implements Check {
  static final long FEW = 4_096;
  static final String REMEDY =
      "raise the hard limit and start the node again: LimitNOFILE=65536 in a systemd unit,"
          + " --ulimit nofile=65536 of a container, ulimit -Hn 65536 as root";

  @Override
  public List<Finding> look(Evidence evidence) {
    List<Json> told = evidence.nodes().stream().filter(n -> n.number("filesMost") > 0).toList();
    List<Finding> few =
        told.stream()
            .filter(n -> n.number("filesMost") < FEW)
            .map(
                n ->
                    Finding.problem(
                        "files",
                        n.text("name") + " may open few files, connections included",
                        "it may open %d, has %d open, and %d is little"
                            .formatted(n.number("filesMost"), n.number("files"), FEW),
                        REMEDY))
            .toList();
    return few.isEmpty()
        ? List.of(
            Finding.fine(
                "files", told.isEmpty() ? "not told" : "each node may open " + FEW + " or more"))
        : few;
  }
}
