package dev.starling.cli;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Shows and changes the limits of all nodes. */
@Command(
    name = "limits",
    description = {
      "Show the limits, or change them on all nodes while they run.",
      "",
      "Shown are those of the node that is asked; a changed one is marked with ◐."
    },
    exitCodeList = {
      "0:shown, or ordered",
      "1:refused",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling limits",
      "  starling limits set breaker.calls=30 breaker.wait=2s --for 1h",
      "  starling limits reset                 all as configured"
    })
final class LimitOrders implements Callable<Integer> {
  private static final String KEY = "limits";
  private final Session session;

  LimitOrders(Session session) {
    this.session = session;
  }

  /** Its subcommands. */
  static CommandLine of(Session session) {
    LimitOrders orders = new LimitOrders(session);
    CommandLine line = new CommandLine(orders);
    line.addSubcommand("set", orders.new Set());
    line.addSubcommand("reset", orders.new Reset());
    return line;
  }

  @Override
  public Integer call() {
    OperatorPort.Answer answer = session.port().view(KEY);
    if (session.json()) {
      session.out().println(answer.text());
      return Exit.OK;
    }
    Map<String, Object> changed = wanted();
    Screen screen = session.screen();
    screen.table(
        List.of("LIMIT", "VALUE", "UNIT", "FROM", "TO", "MEANING"),
        answer.json().list(KEY).stream()
            .map(limit -> row(limit, changed.containsKey(limit.text("key")), screen))
            .toList());
    return Exit.OK;
  }

  private static List<String> row(Json limit, boolean isChanged, Screen screen) {
    String value = limit.text("value");
    return List.of(
        limit.text("key"),
        isChanged ? screen.between(value) : value,
        limit.text("unit"),
        limit.text("least"),
        limit.text("most"),
        limit.text("meaning"));
  }

  private Map<String, Object> wanted() {
    Map<String, Object> wanted = new LinkedHashMap<>();
    session.port().get("desired").list("desired").stream()
        .filter(entry -> KEY.equals(entry.text("key")))
        .forEach(entry -> wanted.putAll(entry.get("value").members()));
    return wanted;
  }

  /** Changes some. */
  @Command(
      description = {
        "Change limits on all nodes.",
        "",
        "Values are numbers in the unit of the limit, or times with their own (2s). What was ordered"
            + " before for other limits stays."
      },
      exitCodeList = {
        "0:ordered",
        "1:refused, for example since a value is out of range",
        "2:the operator port cannot be reached, or refuses the token",
        "64:the command line is wrong"
      },
      footer = {
        "  starling limits set breaker.calls=30",
        "  starling limits set breaker.wait=2s calls.concurrency=64 --for 1h"
      })
  final class Set implements Callable<Integer> {
    @Parameters(arity = "1..*", paramLabel = "LIMIT=VALUE", description = "See: starling limits")
    private List<String> changes;

    @Option(
        names = "--for",
        paramLabel = "TIME",
        description = "How long: a number with s, m, h or d, up to 365d (default: until reset)")
    private String life;

    @Override
    public Integer call() {
      Map<String, Json> known =
          session.port().get(KEY).list(KEY).stream()
              .collect(Collectors.toMap(limit -> limit.text("key"), Function.identity()));
      Map<String, Object> wanted = wanted();
      for (String change : changes) {
        String[] parts = change.split("=", 2);
        if (parts.length != 2 || !known.containsKey(parts[0])) {
          throw Failure.usage(
              parts.length == 2
                  ? "There is no limit " + parts[0]
                  : "'" + change + "' sets no limit",
              "write LIMIT=VALUE; starling limits lists them");
        }
        wanted.put(parts[0], number(parts[1], known.get(parts[0])));
      }
      return new Orders(session, "limits set")
          .want(KEY, Json.write(wanted), Durations.checked(life), "starling limits");
    }

    private long number(String text, Json limit) {
      if (text.matches("\\d{1,18}")) {
        return Long.parseLong(text);
      }
      boolean time = "milliseconds".equals(limit.text("unit"));
      if (time && Durations.isTime(text)) {
        return new Durations().convert(text).toMillis();
      }
      throw Failure.usage(
          "'" + text + "' is no value of " + limit.text("key"),
          "write a number of " + limit.text("unit") + (time ? ", or a time as 2s" : ""));
    }
  }

  /** As configured. */
  @Command(
      description = "Take all changes back: each node has the limits it was configured with.",
      exitCodeList = {
        "0:taken back, or nothing was changed",
        "2:the operator port cannot be reached, or refuses the token",
        "64:the command line is wrong"
      },
      footer = "  starling limits reset")
  final class Reset implements Callable<Integer> {
    @Override
    public Integer call() {
      return new Orders(session, "limits reset").wantNoLonger(KEY);
    }
  }
}
