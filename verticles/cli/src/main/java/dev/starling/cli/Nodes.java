package dev.starling.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** Each node with what it last said of itself. */
@Command(
    name = "nodes",
    description = {
      "List the nodes, and those that have left lately.",
      "",
      "STATE    ● up; ◐ drained, fenced (takes itself for cut off) or not ready; ■ silent or left",
      "SAID     how long ago the node last said how it does, which it does every second",
      "SEES     how many nodes it sees, itself included",
      "LAG      by how much an event loop was late at most in its last second"
    },
    exitCodeList = {
      "0:shown",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling nodes",
      "  starling nodes --watch",
      "  starling nodes --json | jq -r '.nodes[] | select(.state == \"up\") | .name'"
    })
final class Nodes extends View {
  Nodes(Session session) {
    super(session, "nodes");
  }

  @Override
  int show(Json answer, Screen screen) {
    screen.table(
        List.of(
            "NODE",
            "STATE",
            "VERSION",
            "UP",
            "HEAP",
            "CPU",
            "LAG",
            "SEES",
            "SAID",
            "SERVICES",
            "OPERATOR",
            "WHY"),
        answer.list("nodes").stream().map(node -> row(node, screen)).toList());
    return Exit.OK;
  }

  private List<String> row(Json node, Screen screen) {
    boolean reported = node.has("at");
    return Arrays.asList(
        node.text("name"),
        state(node, screen),
        node.text("version"),
        reported ? up(node) : null,
        reported ? node.number("heap") / 1_048_576 + " MiB" : null,
        reported ? Math.round(node.decimal("cpu") * 100) + " %" : null,
        reported ? node.number("lag") + " ms" : null,
        reported ? Long.toString(node.number("sees")) : null,
        Durations.text(Duration.ofMillis(node.number("age"))) + " ago",
        node.list("services").stream().map(Json::text).sorted().collect(Collectors.joining(",")),
        node.text("operator"),
        why(node));
  }

  private String up(Json node) {
    try {
      Instant started = Instant.parse(node.text("started"));
      return Durations.text(Duration.between(started, Instant.parse(node.text("at"))));
    } catch (DateTimeParseException | NullPointerException e) {
      return null;
    }
  }

  private static String state(Json node, Screen screen) {
    String state = node.text("state");
    if (!"up".equals(state)) {
      return screen.bad(state);
    }
    if (node.flag("draining")) {
      return screen.between("drained");
    }
    if (node.flag("fenced")) {
      return screen.between("fenced");
    }
    return node.flag("ready") ? screen.good("up") : screen.between("not ready");
  }

  private static String why(Json node) {
    if (node.has("why")) {
      return node.text("why");
    }
    return node.list("checks").stream()
        .filter(check -> !check.flag("up"))
        .map(check -> check.text("name") + ": " + check.text("reason"))
        .collect(Collectors.joining("; "));
  }
}
