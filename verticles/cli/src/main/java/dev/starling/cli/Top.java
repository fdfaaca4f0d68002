package dev.starling.cli;

import java.util.Comparator;
import java.util.List;
import picocli.CommandLine.Command;

/** The operations that are called most. */
@Command(
    name = "top",
    description = {
      "Show the operations that are called most, every second.",
      "",
      "Of the last ten seconds, the busiest first; those without calls are left out. Where it does"
          + " not print to a terminal it shows them once, unless told to --watch."
    },
    exitCodeList = {
      "0:shown",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {"  starling top", "  starling top --json | jq '.operations[0]'"})
final class Top extends View {
  Top(Session session) {
    super(session, "services");
  }

  @Override
  boolean watchesByItself() {
    return session().terminal() && !session().json();
  }

  @Override
  String json(OperatorPort.Answer answer) {
    return Json.write(Json.object("command", "top", "operations", busiest(answer.json())));
  }

  private static List<Json> busiest(Json services) {
    return services.list("services").stream()
        .flatMap(service -> service.list("operations").stream())
        .filter(operation -> rate(operation) > 0)
        .sorted(Comparator.comparingDouble(Top::rate).reversed())
        .toList();
  }

  private static double rate(Json operation) {
    return operation.get("lately").decimal("rate");
  }

  @Override
  int show(Json answer, Screen screen) {
    List<Json> busiest = busiest(answer);
    if (busiest.isEmpty()) {
      screen.line("Nobody has called anything in the last ten seconds");
    } else {
      screen.table(Services.OPERATIONS, busiest.stream().map(Services::row).toList());
    }
    return Exit.OK;
  }
}
