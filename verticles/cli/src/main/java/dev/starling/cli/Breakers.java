package dev.starling.cli;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import picocli.CommandLine.Command;

/** Each instance with what every node makes of it. */
@Command(
    name = "breakers",
    description = {
      "List the breakers: what each node makes of each instance that it calls.",
      "",
      "STATE    ● closed: gets calls; ◐ half-open: is tried; ■ open: gets none",
      "WISH     automatic, or what an operator wants, see: starling breaker",
      "CALLS    calls in the window by which it is judged, with those that failed or were slow"
    },
    exitCodeList = {
      "0:shown, whatever their state (starling status tells)",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling breakers",
      "  starling breakers --watch",
      "  starling breakers --json | jq -r '.breakers[] | select(.state == \"open\") | .instance'"
    })
final class Breakers extends View {
  Breakers(Session session) {
    super(session, "breakers");
  }

  @Override
  int show(Json answer, Screen screen) {
    List<List<String>> rows = new ArrayList<>();
    for (Json breaker : answer.list("breakers")) {
      String instance = breaker.text("instance");
      String wish = breaker.text("wish");
      if (breaker.list("by").isEmpty()) {
        rows.add(
            Arrays.asList(
                instance,
                screen.breaker(breaker.text("state")),
                wish,
                "no calls lately",
                null,
                null,
                null,
                null,
                null));
      }
      for (Json by : breaker.list("by")) {
        long probe = by.number("probeIn");
        rows.add(
            Arrays.asList(
                instance,
                screen.breaker(by.text("state")),
                wish,
                by.text("node"),
                by.text("calls"),
                by.text("failed"),
                by.text("slow"),
                probe > 0 ? "in " + Durations.text(Duration.ofMillis(probe)) : null,
                by.text("reason")));
      }
    }
    if (rows.isEmpty()) {
      screen.line("No instance is known: no node that runs a service has joined yet");
      return Exit.OK;
    }
    screen.table(
        List.of(
            "INSTANCE", "STATE", "WISH", "SEEN BY", "CALLS", "FAILED", "SLOW", "PROBE", "REASON"),
        rows);
    return Exit.OK;
  }
}
