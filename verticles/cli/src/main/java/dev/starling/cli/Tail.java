package dev.starling.cli;

import java.time.Duration;
import java.time.Instant;
import java.time.LocalTime;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** The calls of all nodes, as they end. */
@Command(
    name = "tail",
    description = {
      "Follow the calls of all nodes as they end, until Ctrl-C.",
      "",
      "Every node is asked once a second for what is new. Each call is there twice: as one node made"
          + " it, and as another, or the same, has done it. With --json each is one line."
    },
    exitCodeList = {
      "0:as many as --count says were shown",
      "1:refused",
      "2:the operator port cannot be reached at first, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling tail",
      "  starling tail --service user --slow 100ms",
      "  starling tail --operation user.login --failed",
      "  starling tail --last 0 --count 1 --json | jq -r .call.trace"
    })
final class Tail implements Callable<Integer> {
  private static final int MOST = 500;
  private static final int REMEMBERED = 10 * MOST;

  /** A call may become known so much later than one that ended after it, since clocks differ. */
  private static final Duration LATE = Duration.ofMinutes(1);

  private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("HH:mm:ss.SSS");
  private static final List<String> HEADER =
      List.of("TIME", "NODE", "SIDE", "OPERATION", "TOOK", "OUTCOME", "TRACE");

  private final Session session;
  private final Set<Object> shown = new LinkedHashSet<>();
  private final int[] widths = {12, 4, 4, 20, 7, 4, 0};
  private Instant newest;
  private List<String> silent = List.of();

  Tail(Session session) {
    this.session = session;
  }

  @Option(names = "--service", paramLabel = "SERVICE", description = "Only calls of this service")
  private String service;

  @Option(
      names = "--operation",
      paramLabel = "OPERATION",
      description = "Only calls of this operation: login of any service, or user.login")
  private String operation;

  @Option(
      names = "--slow",
      paramLabel = "TIME",
      description = "Only calls that took as long: a number with ms, s, m or h, up to a day")
  private String slow;

  @Option(names = "--failed", description = "Only calls that did not end well")
  private boolean failed;

  @Option(
      names = "--last",
      paramLabel = "N",
      defaultValue = "10",
      description = "Begin with so many that have ended, 0 to 500 (default: ${DEFAULT-VALUE})")
  private int last;

  @Option(
      names = {"-n", "--count"},
      paramLabel = "N",
      defaultValue = "0",
      description = "End after so many calls (default: never)")
  private long count;

  @Override
  public Integer call() throws InterruptedException {
    if (last < 0 || last > MOST || count < 0) {
      throw Failure.usage("--last or --count is out of range", "starling tail --help");
    }
    String query = query();
    List<Json> known = fresh(ask(query));
    List<Json> first = known.subList(Math.max(0, known.size() - last), known.size());
    if (first.isEmpty()) {
      session.err().println("Nothing to show yet; waiting for calls");
    }
    List<List<String>> header = List.of(HEADER.stream().map(session.screen()::bold).toList());
    long left = count == 0 ? Long.MAX_VALUE : count;
    left -= tell(first, header, left);
    while (left > 0) {
      Thread.sleep(Duration.ofSeconds(1).toMillis());
      left -= again(query, left);
    }
    return Exit.OK;
  }

  private String query() {
    StringBuilder query = new StringBuilder("calls?limit=" + MOST);
    int dot = operation == null ? -1 : operation.indexOf('.');
    String of = dot < 0 ? service : operation.substring(0, dot);
    if (dot >= 0 && service != null && !service.equals(of)) {
      throw Failure.usage(
          operation + " is no operation of " + service, "take one of --service and --operation");
    }
    if (of != null) {
      query.append("&service=").append(OperatorPort.segment(of));
    }
    if (operation != null) {
      query.append("&operation=").append(OperatorPort.segment(operation.substring(dot + 1)));
    }
    if (slow != null) {
      query.append("&slower=").append(Durations.checked(slow));
    }
    return query.append(failed ? "&failed=true" : "").toString();
  }

  private Json ask(String query) {
    String since = newest == null ? "" : "&since=" + newest.minus(LATE);
    Json answer = session.port().view(query + since).json();
    List<String> gaveNone = answer.list("silent").stream().map(Json::text).toList();
    if (!gaveNone.equals(silent) && !gaveNone.isEmpty()) {
      session.err().println("No answer in a second from " + String.join(", ", gaveNone));
    }
    silent = gaveNone;
    return answer;
  }

  /** A lost node does not end it. */
  private long again(String query, long left) {
    try {
      List<Json> fresh = fresh(ask(query));
      if (fresh.size() == MOST) {
        session
            .err()
            .println(
                "More than can be shown: some are left out; narrow it by --service, --operation,"
                    + " --slow or --failed");
      }
      return tell(fresh, List.of(), left);
    } catch (Failure failure) {
      if (failure.exit() != Exit.UNREACHABLE) {
        throw failure;
      }
      session
          .err()
          .println(failure.text() + System.lineSeparator() + "  trying again every second");
      return 0;
    }
  }

  /** What has not been seen before. */
  private List<Json> fresh(Json answer) {
    List<Json> fresh = new ArrayList<>();
    for (Json call : answer.list("calls")) {
      if (shown.add(call.value())) {
        fresh.add(call);
        Instant at = at(call);
        newest = newest == null || at != null && at.isAfter(newest) ? at : newest;
      }
    }
    while (shown.size() > REMEMBERED) {
      shown.remove(shown.iterator().next());
    }
    return fresh;
  }

  private static Instant at(Json call) {
    try {
      return Instant.parse(call.text("at"));
    } catch (DateTimeParseException | NullPointerException e) {
      return null;
    }
  }

  /** Shows calls, and no more of them than are left to show; how many. */
  private long tell(List<Json> calls, List<List<String>> header, long left) {
    List<Json> wanted = calls.subList(0, (int) Math.min(calls.size(), left));
    Screen screen = session.screen();
    if (session.json()) {
      wanted.forEach(call -> session.print(Json.object("command", "tail", "call", call)));
    } else {
      List<List<String>> rows = new ArrayList<>(header);
      wanted.forEach(call -> rows.add(row(call, screen)));
      screen.rows(rows, widths);
    }
    session.out().flush();
    return wanted.size();
  }

  private List<String> row(Json call, Screen screen) {
    Instant at = at(call);
    ZoneId zone = session.clock().getZone();
    return Arrays.asList(
        at == null ? call.text("at") : TIME.format(LocalTime.ofInstant(at, zone)),
        call.text("node"),
        call.text("side"),
        call.text("operation"),
        Durations.millis(call.decimal("millis")),
        screen.outcome(call.text("outcome")),
        call.text("trace"));
  }
}
