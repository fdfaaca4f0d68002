package dev.starling.cli;

import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Takes a node out of use, and back. */
@Command(
    name = "node",
    description = {
      "Drain a node, or let it take calls again.",
      "",
      "A drained node is not ready, finishes what it has and takes nothing new; the others do its"
          + " work. Without a subcommand: starling nodes."
    },
    exitCodeList = {
      "0:ordered",
      "1:refused, or there is no such node",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footer = {
      "  starling node drain n2",
      "  starling node drain n2 --for 30m      resumes by itself",
      "  starling node resume n2"
    })
final class NodeOrders implements Callable<Integer> {
  private final Session session;

  NodeOrders(Session session) {
    this.session = session;
  }

  /** Its subcommands. */
  static CommandLine of(Session session) {
    CommandLine line = new CommandLine(new NodeOrders(session));
    line.addSubcommand("drain", new Drain(session));
    line.addSubcommand("resume", new Resume(session));
    return line;
  }

  @Override
  public Integer call() throws InterruptedException {
    return new Nodes(session).call();
  }

  /** Takes it out of use. */
  @Command(
      description = "Let a node finish what it has, and take nothing new.",
      exitCodeList = {
        "0:ordered",
        "1:there is no such node",
        "2:the operator port cannot be reached, or refuses the token",
        "64:the command line is wrong"
      },
      footer = {"  starling node drain n2", "  starling node drain n2 --for 30m"})
  static final class Drain implements Callable<Integer> {
    private final Session session;

    Drain(Session session) {
      this.session = session;
    }

    @Parameters(paramLabel = "NODE", description = "Its name, see: starling nodes")
    private String node;

    @Option(
        names = "--for",
        paramLabel = "TIME",
        description = "How long: a number with s, m, h or d, up to 365d (default: until resumed)")
    private String life;

    @Override
    public Integer call() {
      List<String> names =
          session.port().get("nodes").list("nodes").stream()
              .filter(n -> !"left".equals(n.text("state")))
              .map(n -> n.text("name"))
              .sorted()
              .toList();
      if (!names.contains(node)) {
        throw new Failure(
            Exit.NOT_WELL,
            "There is no node " + node,
            "the nodes are " + String.join(", ", names),
            "starling nodes");
      }
      return new Orders(session, "node drain")
          .want("drain/" + node, "{}", Durations.checked(life), "starling nodes");
    }
  }

  /** Takes it into use again. */
  @Command(
      description = "Let a drained node take calls again.",
      exitCodeList = {
        "0:ordered, or it was not drained",
        "2:the operator port cannot be reached, or refuses the token",
        "64:the command line is wrong"
      },
      footer = "  starling node resume n2")
  static final class Resume implements Callable<Integer> {
    private final Session session;

    Resume(Session session) {
      this.session = session;
    }

    @Parameters(paramLabel = "NODE", description = "Its name, see: starling nodes")
    private String node;

    @Override
    public Integer call() {
      return new Orders(session, "node resume").wantNoLonger("drain/" + node);
    }
  }
}
