package dev.starling.cli;

import java.util.List;

/**
 * What a node that is started from this shell would find: Java, and how many files it may open. A
 * JVM raises its limit to the hard one by itself, so that is the one that counts.
 */
final class ShellCheck implements Check {
  @Override
  public List<Finding> look(Evidence evidence) {
    String limit = System.getProperty("cli.files", "");
    String java = "Java " + Runtime.version();
    if (!limit.matches("\\d{1,18}")) {
      return List.of(Finding.fine("this shell", java));
    }
    long files = Long.parseLong(limit);
    return List.of(
        files < FilesCheck.FEW
            ? Finding.problem(
                "this shell",
                "a node that is started here may open few files, connections included",
                "ulimit -Hn is %d, and %d is little".formatted(files, FilesCheck.FEW),
                FilesCheck.REMEDY)
            : Finding.fine("this shell", java + ", " + files + " files"));
  }
}
