package dev.starling.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;

/** Services with their instances, and how each operation did in the last seconds. */
@Command(
    name = "services",
    description = {
      "List the services, their instances, and their operations.",
      "",
      "CALLS/S, P50, P99 and FAILED are of the last ten seconds and of the whole cluster, as callers"
          + " saw it; - where nobody has called."
    },
    exitCodeList = {
      "0:shown",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling services",
      "  starling services --watch",
      "  starling services --json | jq '.services[].instances | length'"
    })
final class Services extends View {
  static final List<String> OPERATIONS =
      List.of("OPERATION", "ROUTE", "CALLS/S", "P50", "P99", "FAILED");

  Services(Session session) {
    super(session, "services");
  }

  @Override
  int show(Json answer, Screen screen) {
    List<List<String>> instances = new ArrayList<>();
    List<List<String>> operations = new ArrayList<>();
    for (Json service : answer.list("services")) {
      String name = service.text("service");
      if (service.list("instances").isEmpty()) {
        instances.add(Arrays.asList(name, screen.bad("no instance"), null, null));
      }
      for (Json i : service.list("instances")) {
        instances.add(
            Arrays.asList(
                name, screen.breaker(i.text("breaker")), i.text("instance"), i.text("version")));
      }
      service.list("operations").forEach(o -> operations.add(row(o)));
    }
    if (instances.isEmpty()) {
      screen.line("No service is known: no node that runs one has joined yet (starling nodes)");
      return Exit.OK;
    }
    screen.table(List.of("SERVICE", "BREAKER", "INSTANCE", "VERSION"), instances);
    screen.line("");
    screen.table(OPERATIONS, operations);
    return Exit.OK;
  }

  static List<String> row(Json operation) {
    Json lately = operation.get("lately");
    boolean called = lately.has("p50");
    return Arrays.asList(
        operation.text("operation"),
        route(operation),
        called ? String.format(Locale.ROOT, "%.1f", lately.decimal("rate")) : null,
        called ? Durations.millis(lately.decimal("p50")) : null,
        called ? Durations.millis(lately.decimal("p99")) : null,
        failures(lately));
  }

  static String route(Json operation) {
    return operation.has("path") ? operation.text("method") + " " + operation.text("path") : null;
  }

  static String failures(Json lately) {
    return lately.get("failures").members().entrySet().stream()
        .map(f -> f.getValue().text() + " " + f.getKey())
        .collect(Collectors.joining(", "));
  }
}
