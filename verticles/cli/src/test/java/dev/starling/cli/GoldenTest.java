package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * What commands print, to the letter: each file below {@code golden} holds what is typed and what
 * comes of it. {@code -Dgolden.write=true} writes what comes now; read the difference.
 */
class GoldenTest {
  static final Path GOLDEN = Path.of("src/test/resources/dev/starling/cli/golden");

  private static final boolean WRITES = Boolean.getBoolean("golden.write");

  @TempDir private Path directory;

  /**
   * What a file says is typed.
   *
   * @param scene what the cluster is like, by the name of the directory
   * @param arguments of {@code starling}
   * @param input by standard input
   */
  record Command(Path file, String scene, List<String> arguments, String input) {
    static final Pattern LINE = Pattern.compile("\\$ starling(.*?)(?: < (.*))?\n");

    static Command of(Path file) {
      try {
        Matcher line = LINE.matcher(Files.readString(file));
        if (!line.lookingAt()) {
          throw new AssertionError(file + " does not begin with a command");
        }
        List<String> arguments =
            Pattern.compile("'([^']*)'|(\\S+)")
                .matcher(line.group(1))
                .results()
                .map(m -> m.group(1) == null ? m.group(2) : m.group(1))
                .toList();
        String scene = file.getParent().getFileName().toString();
        return new Command(
            file, scene, arguments, line.group(2) == null ? "" : line.group(2) + "\n");
      } catch (IOException e) {
        throw new AssertionError(e);
      }
    }
  }

  /** All of them, in a stable order. */
  static List<Command> commands() throws IOException {
    try (Stream<Path> files = Files.walk(GOLDEN)) {
      return files.filter(Files::isRegularFile).sorted().map(Command::of).toList();
    }
  }

  @TestFactory
  Stream<DynamicTest> printsWhatItPrintedWhenSomebodyRead() throws IOException {
    return commands().stream()
        .map(
            command -> {
              String name = command.scene() + ": starling " + String.join(" ", command.arguments());
              return DynamicTest.dynamicTest(name, () -> check(command));
            });
  }

  private void check(Command command) throws IOException {
    Path home = Files.createTempDirectory(directory, "home");
    try (OpsServer server = new OpsServer(command.scene())) {
      Typed typed =
          command.scene().equals("gone")
              ? new Typed(home)
                  .with(Clusters.OPERATOR, "http://127.0.0.1:1")
                  .with(Clusters.TOKEN_FILE, token(home))
              : Typed.at(server, home);
      Typed.Result result = typed.input(command.input()).run(command.arguments());
      String first = Files.readAllLines(command.file()).get(0);
      String came =
          ("\nexit " + result.exit())
              + ("\n--- standard output\n" + result.out())
              + ("--- standard error\n" + result.err());
      if (command.arguments().contains("bench")) {
        came = came.replaceAll("\\d+(\\.\\d+)?", "0").replaceAll(" +", " ");
      }
      String text =
          (first + came)
              .replace(server.address(), "http://OPERATOR")
              .replace(home.toString(), "HOME")
              .replace(Runtime.version().toString(), "JAVA");
      if (WRITES) {
        Files.writeString(command.file(), text);
      }
      assertThat(text).isEqualTo(Files.readString(command.file()));
    }
  }

  private static String token(Path home) throws IOException {
    return Files.writeString(home.resolve("token"), OpsServer.TOKEN).toString();
  }
}
