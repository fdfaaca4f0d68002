package dev.starling.lab;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Sends signals that Java knows no method for. */
final class Signal {
  private Signal() {}

  static void send(String signal, List<Long> pids) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("kill", "-" + signal));
    pids.forEach(pid -> command.add(Long.toString(pid)));
    Process kill = new ProcessBuilder(command).inheritIO().start();
    if (kill.waitFor() != 0) {
      throw new LabException(String.join(" ", command) + " failed");
    }
  }
}
