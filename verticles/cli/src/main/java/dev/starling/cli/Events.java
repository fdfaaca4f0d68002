package dev.starling.cli;

import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.Command;

/** The journal. */
@Command(
    name = "events",
    description = {
      "List what has happened lately, the newest last.",
      "",
      "Nodes that joined, left or were drained; instances that were published or withdrawn; breakers"
          + " that changed their state; what operators ordered. Watched, only what is new is added."
    },
    exitCodeList = {
      "0:shown",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling events",
      "  starling events --watch",
      "  starling events --json | jq '.events[] | select(.kind == \"breaker\")'"
    })
final class Events extends View {
  private final Set<String> shown = new HashSet<>();

  Events(Session session) {
    super(session, "events");
  }

  @Override
  boolean redraws() {
    return false;
  }

  @Override
  int show(Json answer, Screen screen) {
    List<List<String>> rows = new ArrayList<>();
    boolean first = shown.isEmpty();
    for (Json event : answer.list("events")) {
      if (shown.add(event.text("id"))) {
        rows.add(
            Arrays.asList(
                when(event.text("at")),
                event.text("node"),
                event.text("kind"),
                event.text("subject"),
                event.text("text"),
                event.has("by") ? "by " + event.text("by") : ""));
      }
    }
    if (first && rows.isEmpty()) {
      screen.line("Nothing has happened since this node started");
    } else if (first) {
      screen.table(List.of("TIME", "TOLD BY", "KIND", "SUBJECT", "EVENT", "ORDERED"), rows);
    } else {
      rows.forEach(row -> screen.line(String.join("  ", row).stripTrailing()));
    }
    return Exit.OK;
  }

  private String when(String at) {
    try {
      return time(Instant.parse(at));
    } catch (DateTimeParseException | NullPointerException e) {
      return at;
    }
  }
}
