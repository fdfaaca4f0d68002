package dev.starling.lab;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The load generator of that name: a closed loop that costs the machine little. */
final class Wrk {
  private static final Pattern REQUESTS = Pattern.compile("(\\d+) requests in ");
  private static final Pattern FAILURES = Pattern.compile("Non-2xx.*|Socket errors.*");

  private Wrk() {}

  static boolean isThere() {
    try {
      new ProcessBuilder("wrk", "-v").start().destroy();
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  /** Visits for a time; returns how many were answered. */
  static long visit(Visit visit, int connections, Duration time)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("wrk", "-t1", "-c" + connections));
    command.addAll(List.of("-d" + time.toSeconds() + "s", "--timeout", "20s"));
    visit
        .headers()
        .get()
        .forEach((name, value) -> command.addAll(List.of("-H", name + ": " + value)));
    command.add(visit.address().toString());
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    Matcher requests = REQUESTS.matcher(said);
    if (process.waitFor() != 0 || !requests.find() || FAILURES.matcher(said).find()) {
      throw new LabException(visit.address() + ": " + said);
    }
    return Long.parseLong(requests.group(1));
  }
}
