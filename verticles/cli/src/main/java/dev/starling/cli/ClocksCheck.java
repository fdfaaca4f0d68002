package dev.starling.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Tokens and orders end by clocks. A report was true when the node made it: so long ago. */
final class ClocksCheck implements Check {
  private static final Duration OFF = Duration.ofSeconds(2);
  private static final String REMEDY =
      "let NTP set the clock (timedatectl set-ntp true); tokens and orders end by clocks";

  @Override
  public List<Finding> look(Evidence evidence) {
    Map<Json, Duration> ahead = new LinkedHashMap<>();
    for (Json node : evidence.nodes()) {
      try {
        Instant there = Instant.parse(node.text("at")).plusMillis(node.number("age"));
        ahead.put(node, Duration.between(evidence.now(), there));
      } catch (DateTimeParseException | NullPointerException e) {
        // It has said nothing yet, which is told elsewhere.
      }
    }
    List<Json> off =
        ahead.keySet().stream().filter(n -> ahead.get(n).abs().compareTo(OFF) > 0).toList();
    if (off.isEmpty()) {
      return List.of(Finding.fine("clocks", "all nodes are within two seconds of this clock"));
    }
    if (off.size() > 1 && off.size() == ahead.size() && agree(ahead)) {
      Duration here = ahead.get(off.get(0)).negated();
      return List.of(
          Finding.problem(
              "clocks",
              "the clock of this machine is off",
              "it is " + text(here) + " of all nodes",
              REMEDY));
    }
    return off.stream()
        .map(
            n ->
                Finding.problem(
                    "clocks",
                    "the clock of " + n.text("name") + " is off",
                    "it is " + text(ahead.get(n)) + " of this one",
                    REMEDY))
        .toList();
  }

  private static boolean agree(Map<Json, Duration> ahead) {
    Duration least = ahead.values().stream().min(Duration::compareTo).orElseThrow();
    Duration most = ahead.values().stream().max(Duration::compareTo).orElseThrow();
    return most.minus(least).compareTo(OFF) <= 0;
  }

  private static String text(Duration ahead) {
    return Durations.text(ahead.abs()) + (ahead.isNegative() ? " behind" : " ahead");
  }
}
