package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.UsageMessageSpec;

/** What holds for every command that there is, and for each that will be. */
class CommandsTest {
  @TempDir private Path home;

  private static CommandLine all;

  @BeforeAll
  static void make(@TempDir Path nobodysHome) {
    ByteArrayOutputStream nowhere = new ByteArrayOutputStream();
    all = Starling.of(new Typed(nobodysHome).session(nowhere, nowhere), null);
  }

  private List<CommandLine> commands() {
    List<CommandLine> commands = new ArrayList<>();
    collect(all, commands);
    return commands;
  }

  private static void collect(CommandLine line, List<CommandLine> commands) {
    commands.add(line);
    line.getSubcommands().values().forEach(sub -> collect(sub, commands));
  }

  private static String path(CommandLine command) {
    String name = command.getCommandSpec().qualifiedName();
    return name.equals("starling") ? "" : name.substring("starling ".length());
  }

  private Stream<DynamicTest> each(Consumer<CommandLine> check) {
    return commands().stream()
        .map(
            command ->
                DynamicTest.dynamicTest("starling " + path(command), () -> check.accept(command)));
  }

  @TestFactory
  Stream<DynamicTest> hasAGoldenFileForPeopleAndOneForPrograms() throws IOException {
    Map<String, List<GoldenTest.Command>> golden =
        GoldenTest.commands().stream().collect(Collectors.groupingBy(g -> of(g.arguments())));
    return each(
        command -> {
          List<GoldenTest.Command> files = golden.getOrDefault(path(command), List.of());
          assertThat(files).as("for people").anyMatch(g -> !g.arguments().contains("--json"));
          assertThat(files).as("for programs").anyMatch(g -> g.arguments().contains("--json"));
        });
  }

  /** The command of what is typed. */
  private String of(List<String> arguments) {
    CommandLine at = all;
    for (String argument : arguments.stream().filter(a -> !a.startsWith("-")).toList()) {
      CommandLine sub = at.getSubcommands().get(argument);
      if (sub == null) {
        break;
      }
      at = sub;
    }
    return path(at);
  }

  @TestFactory
  Stream<DynamicTest> printsOneJsonValueALineOfOneShape() throws IOException {
    return GoldenTest.commands().stream()
        .filter(golden -> golden.arguments().contains("--json"))
        .filter(golden -> !golden.scene().equals("gone"))
        .map(
            golden ->
                DynamicTest.dynamicTest(
                    "starling " + String.join(" ", golden.arguments()), () -> shape(golden)));
  }

  private void shape(GoldenTest.Command golden) throws IOException {
    try (OpsServer server = new OpsServer(golden.scene())) {
      Typed.Result result =
          Typed.at(server, Files.createTempDirectory(home, "home"))
              .input(golden.input())
              .run(golden.arguments());
      String text = result.out().isEmpty() ? result.err() : result.out();
      assertThat(text.strip().lines()).hasSize(1);
      Json json = Json.read(text);
      String command = of(golden.arguments());
      if (json.has("command")) {
        assertThat(json.text("command")).isEqualTo(command.isEmpty() ? "starling" : command);
      } else {
        assertThat(recordings(server)).contains(text.strip());
      }
    }
  }

  private static List<String> recordings(OpsServer server) throws IOException {
    try (Stream<Path> files = Files.walk(Path.of("src/test/resources/dev/starling/cli/recorded"))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.endsWith(".json"))
          .map(name -> server.recorded(name.replace(".json", "")))
          .toList();
    }
  }

  @TestFactory
  Stream<DynamicTest> explainsItselfWithExamplesThatCanBeTyped() {
    return each(
        command -> {
          UsageMessageSpec usage = command.getCommandSpec().usageMessage();
          assertThat(usage.description()).isNotEmpty();
          assertThat(usage.exitCodeList()).as("exit codes").isNotEmpty();
          for (ArgSpec argument : command.getCommandSpec().args()) {
            assertThat(argument.description()).as(argument.paramLabel()).isNotEmpty();
          }
          String help = command.getUsageMessage(CommandLine.Help.Ansi.OFF);
          assertThat(help).startsWith("usage: starling").contains("Exit codes:");
          assertThat(help.lines()).allMatch(line -> line.length() <= 100);
          if (!path(command).isEmpty()) {
            assertThat(help).contains("Examples:");
            assertThat(Stream.of(usage.footer()).filter(this::isParsed)).isNotEmpty();
          }
        });
  }

  /** Whether it is a command; it fails if it is one that cannot be typed. */
  private boolean isParsed(String example) {
    if (!example.startsWith("  starling ")) {
      return false;
    }
    String typed = example.substring("  starling ".length()).split(" {3,}| [|>] |\\)")[0];
    all.parseArgs(typed.strip().split(" (?=(?:[^']*'[^']*')*[^']*$)"));
    return true;
  }

  @Test
  void neverShowsTheToken() throws IOException {
    for (GoldenTest.Command golden : GoldenTest.commands()) {
      assertThat(Files.readString(golden.file())).doesNotContain(OpsServer.TOKEN);
    }
    assertThat(commands())
        .flatExtracting(command -> command.getCommandSpec().options())
        .flatExtracting(option -> List.of(option.names()))
        .doesNotContain("--token", "--password");
  }

  @Test
  void coloursOnlyATerminalThatWantsIt() throws IOException {
    try (OpsServer server = new OpsServer("healthy")) {
      assertThat(Typed.at(server, home).run("status").out()).startsWith("● healthy");
      assertThat(Typed.at(server, home).onTerminal().run("status").out())
          .startsWith("\u001b[32m● healthy\u001b[0m");
      Typed plain = Typed.at(server, home).onTerminal().with("NO_COLOR", "1");
      assertThat(plain.run("status").out()).startsWith("● healthy").doesNotContain("\u001b");
      assertThat(plain.run("status", "--help").out()).doesNotContain("\u001b");
    }
  }

  @Test
  void watchesThroughALossAndSaysSo() throws IOException {
    OpsServer server = new OpsServer("healthy");
    Typed typed = Typed.at(server, home);
    Typed.Result seen = typed.run("status", "--watch", "--count", "2", "--json");
    assertThat(seen.out().lines()).hasSize(2).allMatch(line -> line.startsWith("{\"state\""));
    server.close();
    Typed.Result lost = typed.run("status", "--watch", "--count", "2");
    assertThat(lost.exit()).isEqualTo(Exit.UNREACHABLE);
    assertThat(lost.out()).isEmpty();
    assertThat(lost.err()).contains("cannot be reached", "trying again every second");
  }
}
