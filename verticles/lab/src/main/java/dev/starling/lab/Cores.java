package dev.starling.lab;

import java.io.IOException;
import java.util.List;

/**
 * Which cores of the machine a node may use.
 *
 * <p>A node that starts takes all it gets for seconds, and here all nodes share one machine:
 * passwords, hashed at the lowest priority, would get nothing meanwhile, which is not what the lab
 * is to find out. So a node starts on half of the cores, and uses all of them when it is up.
 */
final class Cores {
  private static final int ALL = Runtime.getRuntime().availableProcessors();

  private Cores() {}

  /** The beginning of a command that is to use the upper half; nothing where there is but one. */
  static List<String> few() {
    return ALL == 1 ? List.of() : List.of("taskset", "-c", ALL / 2 + "-" + (ALL - 1));
  }

  /** Lets all threads of a process use all cores. */
  static void all(long pid) throws InterruptedException {
    try {
      new ProcessBuilder("taskset", "-a", "-p", "-c", "0-" + (ALL - 1), Long.toString(pid))
          .redirectErrorStream(true)
          .redirectOutput(ProcessBuilder.Redirect.DISCARD)
          .start()
          .waitFor();
    } catch (IOException e) {
      throw new LabException("taskset cannot be run: " + e.getMessage());
    }
  }
}
