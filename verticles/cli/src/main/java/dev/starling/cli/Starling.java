package dev.starling.cli;

import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.UnmatchedArgumentException;

/** {@code starling}: what an operator asks of a cluster and orders it to do. */
@Command(
    name = "starling",
    description = {
      "Shows how a cluster of nodes does, calls its services, and tells it what to do.",
      "",
      "Speaks plain HTTP to the operator port of any one node, which knows the whole cluster:"
          + " http://127.0.0.1:9090, with the token in ~/.starling/secrets/operator, unless"
          + " --context or the variables below name another."
    },
    commandListHeading = "%nCommands:%n",
    exitCodeList = {
      "0:done, or all is well",
      "1:refused, failed, or something is not well",
      "2:the operator port cannot be reached, or refuses the token",
      "64:the command line is wrong"
    },
    footerHeading = "%nVariables:%n",
    footer = {
      "  STARLING_OPERATOR     address of an operator port",
      "  STARLING_TOKEN_FILE   file with the operator's token; the token is never an argument",
      "  NO_COLOR              no colour, whatever its value",
      "",
      "Files:",
      "  ~/.starling/contexts  named clusters, see: starling context --help",
      "",
      "Begin with: starling status, then: starling cheat"
    },
    versionProvider = Starling.Version.class)
public final class Starling implements Callable<Integer> {
  /** The version of the jar. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Starling.class.getPackage().getImplementationVersion();
      return new String[] {"starling " + (version == null ? "unknown" : version)};
    }
  }

  private final Session session;
  private CommandLine line;

  private Starling(Session session) {
    this.session = session;
  }

  @Option(
      names = "--json",
      scope = ScopeType.INHERIT,
      description = "Print JSON: what the operator port answers, or {\"command\":…}")
  private void json(boolean wanted) {
    session.json(wanted);
  }

  @Option(
      names = "--context",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "A named cluster, see: starling context")
  private void context(String name) {
    session.context(name);
  }

  @Option(
      names = "--as",
      paramLabel = "NAME",
      scope = ScopeType.INHERIT,
      description = "Who gives the order, for the journal (default: the user of this shell)")
  private void operator(String name) {
    session.operator(name);
  }

  @Option(
      names = {"-h", "--help"},
      usageHelp = true,
      scope = ScopeType.INHERIT,
      description = "Explain the command")
  private boolean help;

  @Option(names = "--version", versionHelp = true, description = "Print the version")
  private boolean version;

  /** All commands, in the order in which they are shown. */
  private static Map<String, Supplier<Object>> commands(Session session) {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("status", () -> new Status(session));
    commands.put("nodes", () -> new Nodes(session));
    commands.put("services", () -> new Services(session));
    commands.put("breakers", () -> new Breakers(session));
    commands.put("events", () -> new Events(session));
    commands.put("top", () -> new Top(session));
    commands.put("describe", () -> new Describe(session));
    commands.put("call", () -> new Call(session));
    commands.put("bench", () -> new Bench(session));
    commands.put("send", () -> new Send(session));
    commands.put("publish", () -> new Publish(session));
    commands.put("tail", () -> new Tail(session));
    commands.put("trace", () -> new Trace(session));
    commands.put("breaker", () -> Breaker.of(session));
    commands.put("node", () -> NodeOrders.of(session));
    commands.put("limits", () -> LimitOrders.of(session));
    commands.put("doctor", () -> new Doctor(session));
    commands.put("bundle", () -> new Bundle(session));
    commands.put("explain", () -> new Explain(session));
    commands.put("context", () -> ContextNames.of(session));
    commands.put("completion", () -> new Completion(session));
    commands.put("cheat", () -> new Cheat(session));
    return commands;
  }

  /**
   * The command line.
   *
   * @param only the one command that is wanted; all if there is no such one. Each costs
   *     milliseconds, since picocli looks at its class.
   */
  static CommandLine of(Session session, String only) {
    Starling starling = new Starling(session);
    CommandLine line = new CommandLine(starling);
    starling.line = line;
    Map<String, Supplier<Object>> commands = commands(session);
    commands.forEach(
        (name, command) -> {
          if (!commands.containsKey(only) || name.equals(only)) {
            line.addSubcommand(name, command.get());
          }
        });
    dress(line);
    line.setOut(new PrintWriter(session.out(), true));
    line.setErr(new PrintWriter(session.err(), true));
    line.setColorScheme(Help.defaultColorScheme(session.colour() ? Help.Ansi.ON : Help.Ansi.OFF));
    line.setUsageHelpWidth(100);
    line.setExpandAtFiles(false); // @file is ours to read, as the value of one field
    line.setExitCodeExceptionMapper(e -> Exit.NOT_WELL);
    line.setParameterExceptionHandler((e, args) -> starling.wrong(e, args));
    line.setExecutionExceptionHandler((e, at, parsed) -> starling.failed(e, at));
    return line;
  }

  private static void dress(CommandLine line) {
    line.getCommandSpec()
        .usageMessage()
        .synopsisHeading("usage: ")
        .descriptionHeading("%n")
        .parameterListHeading("%nParameters:%n")
        .optionListHeading("%nOptions:%n")
        .exitCodeListHeading("%nExit codes:%n");
    line.getSubcommands()
        .values()
        .forEach(
            sub -> {
              sub.getCommandSpec().usageMessage().footerHeading("%nExamples:%n");
              sub.getCommandSpec().usageMessage().commandListHeading("%nCommands:%n");
              dress(sub);
            });
  }

  private int wrong(ParameterException e, String[] args) {
    session.json(List.of(args).contains("--json"));
    CommandLine at = e.getCommandLine();
    String name = at.getCommandSpec().qualifiedName();
    List<String> near =
        e instanceof UnmatchedArgumentException unmatched ? unmatched.getSuggestions() : List.of();
    String next = name + " --help";
    return tell(
        Failure.usage(
            e.getMessage().lines().findFirst().orElse(name),
            near.isEmpty() ? next : next + "; perhaps you meant " + String.join(" or ", near)),
        at);
  }

  private int failed(Exception e, CommandLine at) {
    if (e instanceof Failure failure) {
      return tell(failure, at);
    }
    return tell(
        new Failure(
            Exit.NOT_WELL,
            "This was not foreseen",
            e.toString(),
            "tell those who make Starling what you typed"),
        at);
  }

  private int tell(Failure failure, CommandLine at) {
    session.out().flush();
    session.err().println(session.json() ? Json.write(failure.json(command(at))) : failure.text());
    return failure.exit();
  }

  /** As {@code breaker open}. */
  static String command(CommandLine at) {
    String name = at.getCommandSpec().qualifiedName();
    return name.equals("starling") ? name : name.substring("starling ".length());
  }

  @Override
  public Integer call() {
    if (!session.json()) {
      line.usage(session.out());
      return Exit.OK;
    }
    List<Object> commands = new ArrayList<>();
    line.getSubcommands()
        .forEach(
            (name, command) ->
                commands.add(
                    Json.object(
                        "name",
                        name,
                        "summary",
                        command.getCommandSpec().usageMessage().description()[0])));
    session.print(Json.object("command", "starling", "commands", commands));
    return Exit.OK;
  }

  /** Runs one command of this process's arguments. */
  public static void main(String[] args) {
    Session session =
        new Session(
            System.in,
            utf8(FileDescriptor.out),
            utf8(FileDescriptor.err),
            System.getenv(),
            Path.of(System.getenv().getOrDefault("HOME", System.getProperty("user.home"))),
            Boolean.getBoolean("cli.terminal"),
            Clock.systemDefaultZone());
    int exit = of(session, args.length == 0 ? null : args[0]).execute(args);
    session.out().flush();
    System.exit(exit);
  }

  private static PrintStream utf8(FileDescriptor to) {
    return new PrintStream(
        new BufferedOutputStream(new FileOutputStream(to), 8_192),
        to == FileDescriptor.err,
        StandardCharsets.UTF_8);
  }
}
