package dev.starling.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
    ContextNames names = new ContextNames(session);
    CommandLine line = new CommandLine(names);
    line.addSubcommand("add", names.new Add());
    line.addSubcommand("use", names.new Use());
    line.addSubcommand("ls", names.new Ls());
    return line;
  }

  @Override
  public Integer call() {
    return list("context");
  }

  private int list(String command) {
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
      Map<String, Object> entry = json(c);
      entry.put("current", used);
      json.add(entry);
    }
    if (session.json()) {
      session.print(Json.object("command", command, "contexts", json));
    } else {
      screen.table(List.of("  CONTEXT", "OPERATOR PORT", "TOKEN FILE"), rows);
    }
    return Exit.OK;
  }

  private int done(String command, Cluster cluster, String said) {
    if (session.json()) {
      Map<String, Object> done = Json.object("command", command);
      done.putAll(json(cluster));
      session.print(done);
    } else {
      session.screen().line(said);
    }
    return Exit.OK;
  }

  private static Map<String, Object> json(Cluster cluster) {
    return Json.object(
        "name", cluster.name(),
        "operator", cluster.operator().toString(),
        "tokenFile", cluster.tokenFile().toString());
  }

  /** A new one, or another address for one. */
  @Command(
      description = "Name a cluster, or change what a name stands for.",
      exitCodeList = {"0:done", "64:the command line is wrong"},
      footer = {
        "  starling context add local http://127.0.0.1:9091 ~/.starling/secrets/operator",
        "  starling context add production https://ops.example.com ~/.starling/production-token"
      })
  final class Add implements Callable<Integer> {
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
  final class Use implements Callable<Integer> {
    @Parameters(paramLabel = "NAME", description = "See: starling context ls")
    private String name;

    @Override
    public Integer call() {
      Clusters clusters = session.clusters();
      clusters.use(name);
      Cluster cluster = clusters.all().get(name);
      return done("context use", cluster, "Commands are for " + name + ", " + cluster.operator());
    }
  }

  /** Lists them. */
  @Command(
      description = "List the contexts; ● marks the one in use.",
      exitCodeList = {"0:shown", "64:~/.starling/contexts cannot be read"},
      footer = "  starling context ls")
  final class Ls implements Callable<Integer> {
    @Override
    public Integer call() {
      return list("context ls");
    }
  }
}
