package dev.starling.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Orders to all breakers of an instance, whichever node calls it. */
@Command(
    name = "breaker",
    description = {
      "Open, close or reset the breakers of an instance, on every node.",
      "",
      "An order holds for 10 minutes unless --for says otherwise (24h at most), also for nodes that"
          + " join later; auto ends it. Without a subcommand: starling breakers."
    },
    exitCodeList = {
      "0:ordered",
      "1:refused, for example since there is no such instance",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling breaker open user@n2             no calls for the next 10 minutes",
      "  starling breaker open user@n2 --for 1h",
      "  starling breaker auto user@n2             as its calls decide, from now on",
      "  starling breaker reset user@n2            forget what was counted, look at once"
    })
final class Breaker implements Callable<Integer> {
  private final Session session;

  Breaker(Session session) {
    this.session = session;
  }

  /** Its subcommands. */
  static CommandLine of(Session session) {
    CommandLine line = new CommandLine(new Breaker(session));
    line.addSubcommand("open", new Order(session, "open", "Let no calls through."));
    line.addSubcommand(
        "close", new Order(session, "closed", "Let all calls through, whatever becomes of them."));
    line.addSubcommand(
        "reset", new Order(session, "reset", "Look at once, and decide anew by what calls tell."));
    line.addSubcommand("auto", new Auto(session));
    return line;
  }

  @Override
  public Integer call() throws InterruptedException {
    return new Breakers(session).call();
  }

  /** One of the states that can be wanted. */
  @Command(
      exitCodeList = {
        "0:ordered",
        "1:refused, for example since there is no such instance",
        "2:the operator port cannot be reached, or refuses the token",
        "64:the command line is wrong"
      })
  static final class Order implements Callable<Integer> {
    private final Session session;
    private final String state;
    private final String says;

    Order(Session session, String state, String says) {
      this.session = session;
      this.state = state;
      this.says = says;
    }

    @Spec
    private void spec(CommandSpec spec) {
      spec.usageMessage().description(says);
      String name = state.equals("closed") ? "close" : state;
      spec.usageMessage()
          .footer(
              "  starling breaker " + name + " user@n2",
              "  starling breaker " + name + " user@n2 --for 1h");
    }

    @Parameters(paramLabel = "SERVICE@NODE", description = "An instance, see: starling breakers")
    private String instance;

    @Option(
        names = "--for",
        paramLabel = "TIME",
        description = "How long: a number with ms, s, m, h or d, up to 24h (default: 10m)")
    private String life;

    @Override
    public Integer call() {
      String command = "breaker " + (state.equals("closed") ? "close" : state);
      return new Orders(session, command)
          .want(
              "breaker/" + checked(instance),
              Json.write(Json.object("state", state)),
              Durations.checked(life),
              "starling breakers lists the instances");
    }
  }

  /** No wish any more. */
  @Command(
      description = "Take the order back: what calls tell decides.",
      exitCodeList = {
        "0:taken back, or there was no order",
        "2:the operator port cannot be reached, or refuses the token",
        "64:the command line is wrong"
      },
      footer = "  starling breaker auto user@n2")
  static final class Auto implements Callable<Integer> {
    private final Session session;

    Auto(Session session) {
      this.session = session;
    }

    @Parameters(paramLabel = "SERVICE@NODE", description = "An instance, see: starling breakers")
    private String instance;

    @Override
    public Integer call() {
      return new Orders(session, "breaker auto").wantNoLonger("breaker/" + checked(instance));
    }
  }

  private static String checked(String instance) {
    if (List.of(instance.split("@", -1)).size() != 2) {
      throw Failure.usage(
          "'" + instance + "' is no instance", "write service@node, as starling breakers does");
    }
    return instance;
  }
}
