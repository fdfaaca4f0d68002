package dev.starling.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** Programs of the machine that do in a moment what Java cannot. */
final class Command {
  private Command() {}

  /** Runs a program; one that fails ends the run of the fault. */
  static void run(String... command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) {
      throw new LabException(String.join(" ", command) + ": " + said.strip());
    }
  }

  /** Whether a program is there and succeeds. */
  static boolean succeeds(String... command) throws InterruptedException {
    try {
      run(command);
      return true;
    } catch (IOException | LabException e) {
      return false;
    }
  }

  /** Sends a signal that Java knows no method for. */
  static void signal(String signal, List<Long> pids) throws IOException, InterruptedException {
    String[] command = new String[pids.size() + 2];
    command[0] = "kill";
    command[1] = "-" + signal;
    for (int i = 0; i < pids.size(); i++) {
      command[i + 2] = Long.toString(pids.get(i));
    }
    run(command);
  }
}
