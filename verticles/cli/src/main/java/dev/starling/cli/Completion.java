package dev.starling.cli;

import java.util.Map;
import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Parameters;

/** What shells need to complete commands and options. */
@Command(
    name = "completion",
    description = {
      "Print a completion script for a shell.",
      "",
      "It completes commands and options when scripts/ is in PATH, so that starling is found."
    },
    exitCodeList = {"0:printed", "64:the command line is wrong"},
    footer = {
      "  source <(starling completion bash)                       in ~/.bashrc",
      "  source <(starling completion zsh)                        in ~/.zshrc, after compinit",
      "  starling completion fish > ~/.config/fish/completions/starling.fish"
    })
final class Completion implements Callable<Integer> {
  /** Those that there is a script for. */
  enum Shell {
    bash,
    zsh,
    fish
  }

  private final Session session;

  Completion(Session session) {
    this.session = session;
  }

  @Parameters(paramLabel = "SHELL", description = "One of ${COMPLETION-CANDIDATES}")
  private Shell shell;

  @Override
  public Integer call() {
    CommandLine all = Starling.of(session, null);
    // picocli's script is for bash, and for zsh by way of bashcompinit, which it calls itself.
    String script =
        shell == Shell.fish ? fish(all.getCommandSpec()) : AutoComplete.bash("starling", all);
    if (session.json()) {
      session.print(Json.object("command", "completion", "shell", shell.name(), "script", script));
    } else {
      session.out().print(script);
      session.out().flush();
    }
    return Exit.OK;
  }

  private static String fish(CommandSpec root) {
    StringBuilder script = new StringBuilder("# fish completion of starling\n");
    script.append("complete -c starling -f\n");
    String none = "__fish_use_subcommand";
    options(root, "", script);
    root.subcommands().forEach((name, sub) -> command(name, sub, none, "", script));
    return script.toString();
  }

  private static void command(
      String name, CommandLine line, String when, String before, StringBuilder script) {
    CommandSpec spec = line.getCommandSpec();
    script
        .append("complete -c starling -n '")
        .append(when)
        .append("' -a ")
        .append(name)
        .append(" -d ")
        .append(quoted(spec.usageMessage().description()[0]))
        .append('\n');
    String seen = (before.isEmpty() ? "" : before + "; and ") + seen(name);
    options(spec, seen, script);
    Map<String, CommandLine> below = spec.subcommands();
    if (!below.isEmpty()) {
      String noneOfThem = seen + "; and not " + seen(String.join(" ", below.keySet()));
      below.forEach((sub, next) -> command(sub, next, noneOfThem, seen, script));
    }
  }

  private static String seen(String names) {
    return "__fish_seen_subcommand_from " + names;
  }

  private static void options(CommandSpec spec, String when, StringBuilder script) {
    for (OptionSpec option : spec.options()) {
      if (!when.isEmpty() && option.inherited()) {
        continue;
      }
      script.append("complete -c starling");
      if (!when.isEmpty()) {
        script.append(" -n '").append(when).append('\'');
      }
      for (String name : option.names()) {
        script.append(name.startsWith("--") ? " -l " : " -s ").append(name.replaceAll("^-+", ""));
      }
      if (option.arity().max() > 0) {
        script.append(" -r");
      }
      String says =
          option.description()[0].replace("${DEFAULT-VALUE}", option.defaultValueString());
      script.append(" -d ").append(quoted(says)).append('\n');
    }
  }

  private static String quoted(String text) {
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'";
  }
}
