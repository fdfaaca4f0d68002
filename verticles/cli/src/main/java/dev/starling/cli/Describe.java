package dev.starling.cli;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** All that is known of an operation. */
@Command(
    name = "describe",
    description = {
      "Describe an operation: fields with types and rules, route, instances.",
      "",
      "From the contract that its service publishes, so also for services that this program has"
          + " never heard of. Which errors it can end with is not part of a contract: those of the"
          + " last ten seconds are shown, and starling explain knows all codes."
    },
    exitCodeList = {
      "0:shown",
      "1:there is no such operation",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling describe user.login",
      "  starling describe user.register --json | jq .request"
    })
final class Describe implements Callable<Integer> {
  private final Session session;

  Describe(Session session) {
    this.session = session;
  }

  @Parameters(paramLabel = "OPERATION", description = "Service and operation, as user.login")
  private String address;

  @Override
  public Integer call() {
    Operation operation = Operation.find(session.port(), address);
    List<Json> instances = new ArrayList<>();
    Json lately = new Json(null);
    for (Json service : session.port().get("services").list("services")) {
      if (service.text("service").equals(operation.spec().text("service"))) {
        instances.addAll(service.list("instances"));
        lately = of(service.list("operations")).get("lately");
      }
    }
    if (session.json()) {
      session.print(
          Json.object(
              "command",
              "describe",
              "operation",
              operation.spec(),
              "request",
              operation.request(),
              "reply",
              operation.reply(),
              "instances",
              instances,
              "lately",
              lately));
      return Exit.OK;
    }
    show(operation, instances, lately);
    return Exit.OK;
  }

  private Json of(List<Json> operations) {
    return operations.stream()
        .filter(o -> address.equals(o.text("operation")))
        .findFirst()
        .orElse(new Json(null));
  }

  private void show(Operation operation, List<Json> instances, Json lately) {
    Screen screen = session.screen();
    Json spec = operation.spec();
    screen.line(screen.bold(address));
    screen.line("  route      " + (spec.has("path") ? Services.route(spec) : "none, by bus only"));
    screen.line("  callers    " + callers(spec));
    screen.line("  takes      at most " + Durations.millis(spec.number("budget")));
    screen.line("  repeating  " + repeating(spec));
    screen.line("  effect     " + (spec.flag("changes") ? "changes something" : "reads only"));
    fields("REQUEST FIELD", operation.request(), screen);
    fields("REPLY FIELD", operation.reply(), screen);
    screen.line("");
    screen.table(
        List.of("INSTANCE", "BREAKER", "VERSION"),
        instances.stream()
            .map(
                i ->
                    Arrays.asList(
                        i.text("instance"), screen.breaker(i.text("breaker")), i.text("version")))
            .toList());
    String failures = Services.failures(lately);
    screen.line("");
    screen.line(
        "Errors of the last ten seconds: "
            + (failures.isEmpty() ? "none" : failures)
            + "; starling explain CODE says what each means");
  }

  private static String callers(Json spec) {
    String who =
        spec.has("role")
            ? "with a token and the role " + spec.text("role")
            : spec.flag("open") ? "anybody" : "with a token";
    return spec.flag("administrative") ? who + ", on the port for administration" : who;
  }

  private static String repeating(Json spec) {
    if (spec.flag("idempotent")) {
      return "idempotent: twice is as good as once";
    }
    return spec.flag("keyed") ? "safe with an idempotency key" : "not safe: it may happen twice";
  }

  private static void fields(String title, Json schema, Screen screen) {
    screen.line("");
    List<List<String>> rows = new ArrayList<>();
    for (Map.Entry<String, Json> property : schema.get("properties").members().entrySet()) {
      String name = property.getKey();
      Json field = Operation.field(schema, name);
      rows.add(
          Arrays.asList(
              name,
              Operation.type(field),
              Operation.required(schema, name) ? "yes" : "no",
              Operation.rules(field)));
    }
    if (rows.isEmpty()) {
      screen.line(screen.bold(title) + "  none");
    } else {
      screen.table(List.of(title, "TYPE", "NEEDED", "RULES"), rows);
    }
  }
}
