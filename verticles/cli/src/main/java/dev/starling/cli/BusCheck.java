package dev.starling.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Each pair of nodes, both ways: every node sends a report a second over the event bus, and tells
 * in it whose reports it has heard in the last three.
 */
final class BusCheck implements Check {
  /** Until reports of a node that has just started have come to all others. */
  private static final Duration START = Duration.ofSeconds(5);

  @Override
  public List<Finding> look(Evidence evidence) {
    List<Json> nodes = evidence.nodes();
    List<Finding> findings = new ArrayList<>();
    int pairs = 0;
    for (Json hearer : nodes) {
      if (isTold(hearer)) {
        Set<String> heard =
            hearer.list("hears").stream().map(Json::text).collect(Collectors.toSet());
        List<Json> others =
            nodes.stream().filter(n -> n != hearer && !isNew(n) && !isNew(hearer)).toList();
        List<Json> unheard = others.stream().filter(n -> !heard.contains(n.text("id"))).toList();
        pairs += others.size();
        if (!unheard.isEmpty()) {
          findings.add(deaf(hearer, unheard));
        }
      }
    }
    String well = pairs == 0 ? "no pair of nodes" : "each hears each other, " + pairs + " ways";
    return findings.isEmpty() ? List.of(Finding.fine("bus", well)) : findings;
  }

  /** An older node does not tell, and of one that is silent it is not known. */
  private static boolean isTold(Json node) {
    return node.has("hears") && "up".equals(node.text("state"));
  }

  private static boolean isNew(Json node) {
    try {
      Instant started = Instant.parse(node.text("started"));
      return Duration.between(started, Instant.parse(node.text("at"))).compareTo(START) < 0;
    } catch (DateTimeParseException | NullPointerException e) {
      return false;
    }
  }

  private static Finding deaf(Json hearer, List<Json> unheard) {
    String bus = hearer.get("cluster").text("bus");
    String senders = Evidence.names(unheard);
    String name = hearer.text("name");
    Optional<String> refusal =
        bus == null ? Optional.empty() : Dial.address(bus, 0).flatMap(Dial::refusal);
    return Finding.problem(
        "bus",
        name + " hears nothing from " + senders,
        "no report in 3 s; the event bus of %s is at %s: from here, %s"
            .formatted(name, bus, refusal.orElse("it takes connections")),
        "on the machine of %s, try: nc -vz %s. If that fails, cluster.host of %s must be an address"
                .formatted(
                    senders, bus == null ? "HOST PORT" : bus.replaceAll(":(\\d+)$", " $1"), name)
            + " that is known there, and cluster.port be open to it; else look whether "
            + senders
            + " is frozen or overloaded: its log, then restart it");
  }
}
