package dev.starling.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Parameters;

/** Names clusters, so that nobody types addresses. */
@Command(
    name = "context",
    description = {
      "Name clusters, and choose which one commands are for.",
      "",
      "A context is the address of any node's operator port and the path of the file with the"
          + " operator's token; the token itself is not kept. Which one counts: --context, then"
          + " STARLING_OPERATOR and STARLING_TOKEN_FILE, then the one in use, then this machine."
          + " Without a subcommand: starling context ls."
    },
    exitCodeList = {"0:done", "64:the command line or ~/.starling/contexts is wrong"},
    footer = {
      "  starling context add production https://ops.example.com ~/.starling/production-token",
      "  starling context use production",
      "  starling context ls",
      "  starling status --context default"
    })
final class ContextNames implements Callable<Integer> {
  private final Session session;

  ContextNames(Session session) {
    this.session = session;
  }

  /** Its subcommands. */
  static CommandLine of(Session session) {
    CommandLine line = new CommandLine(new ContextNames(session));
    line.addSubcommand("add", new Add(session));
    line.addSubcommand("use", new Use(session));
    line.addSubcommand("ls", new Ls(session, "context ls"));
    return line;
  }

  @Override
  public Integer call() {
    return new Ls(session, "context").call();
  }

  private static int done(Session session, String command, Cluster cluster, String said) {
    if (session.json()) {
      session.print(
          Json.object(
              "command",
              command,
              "name",
              cluster.name(),
              "operator",
              cluster.operator().toString(),
              "tokenFile",
              cluster.tokenFile().toString()));
    } else {
      session.screen().line(said);
    }
    return Exit.OK;
  }

  /** A new one, or another address for one. */
  @Command(
      description = "Name a cluster, or change what a name stands for.",
      exitCodeList = {"0:done", "64:the command line is wrong"},
      footer = {
        "  starling context add local http://127.0.0.1:9091 ~/.starling/secrets/operator",
        "  starling context add production https://ops.example.com ~/.starling/production-token"
      })
  static final class Add implements Callable<Integer> {
    private final Session session;

    Add(Session session) {
      this.session = session;
    }

    @Parameters(index = "0", paramLabel = "NAME", description = "Letters, digits, '.', '_', '-'")
    private String name;

    @Parameters(index = "1", paramLabel = "URL", description = "Operator port of any node")
    private String url;

    @Parameters(index = "2", paramLabel = "FILE", description = "File with the operator's token")
    private Path file;

    @Override
    public Integer call() {
      if (!name.matches("[A-Za-z0-9._-]+") || name.equals(Clusters.DEFAULT)) {
        throw Failure.usage(
            "'" + name + "' cannot be the name of a context",
            "take letters, digits, '.', '_' and '-'; default is this machine");
      }
      Cluster cluster = new Cluster(name, Cluster.address(url), file.toAbsolutePath().normalize());
      session.clusters().add(cluster);
      return done(
          session,
          "context add",
          cluster,
          name + " is " + cluster.operator() + "; use it with: " + "starling context use " + name);
    }
  }

  /** Chooses one. */
  @Command(
      description = "Choose the cluster that commands are for; default is this machine.",
      exitCodeList = {"0:done", "64:there is no such context"},
      footer = {"  starling context use production", "  starling context use default"})
  static final class Use implements Callable<Integer> {
    private final Session session;

    Use(Session session) {
      this.session = session;
    }

    @Parameters(paramLabel = "NAME", description = "See: starling context ls")
    private String name;

    @Override
    public Integer call() {
      Clusters clusters = session.clusters();
      clusters.use(name);
      Cluster cluster = clusters.all().get(name);
      return done(
          session, "context use", cluster, "Commands are for " + name + ", " + cluster.operator());
    }
  }

  /** Lists them. */
  @Command(
      description = "List the contexts; ● marks the one in use.",
      exitCodeList = {"0:shown", "64:~/.starling/contexts cannot be read"},
      footer = "  starling context ls")
  static final class Ls implements Callable<Integer> {
    private final Session session;
    private final String command;

    Ls(Session session, String command) {
      this.session = session;
      this.command = command;
    }

    @Override
    public Integer call() {
      Clusters clusters = session.clusters();
      Screen screen = session.screen();
      List<List<String>> rows = new ArrayList<>();
      List<Object> json = new ArrayList<>();
      for (Cluster c : clusters.all().values()) {
        boolean used = c.name().equals(clusters.used());
        rows.add(
            List.of(
                used ? screen.good(c.name()) : "  " + c.name(),
                c.operator().toString(),
                c.tokenFile().toString()));
        json.add(
            Json.object(
                "name", c.name(),
                "operator", c.operator().toString(),
                "tokenFile", c.tokenFile().toString(),
                "current", used));
      }
      if (session.json()) {
        session.print(Json.object("command", command, "contexts", json));
      } else {
        screen.table(List.of("  CONTEXT", "OPERATOR PORT", "TOKEN FILE"), rows);
      }
      return Exit.OK;
    }
  }
}
