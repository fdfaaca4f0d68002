package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Types commands as an operator does, in a home directory of its own. */
final class Typed {
  private final Path home;
  private final Map<String, String> environment = new HashMap<>();
  private String input = "";
  private boolean terminal;
  private Clock clock = Clock.systemUTC();

  /**
   * What came of a command.
   *
   * @param exit code
   * @param out standard output
   * @param err standard error
   */
  record Result(int exit, String out, String err) {}

  Typed(Path home) {
    this.home = home;
  }

  /** At this server, with its token, at the moment that was recorded. */
  static Typed at(OpsServer server, Path home) throws IOException {
    Path token = home.resolve("token");
    Files.writeString(token, OpsServer.TOKEN + "\n");
    Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
    Typed typed = new Typed(home);
    Instant then = Instant.parse(Json.read(server.recorded("status")).text("at"));
    typed.clock = Clock.fixed(then, ZoneOffset.UTC);
    return typed
        .with(Clusters.OPERATOR, server.address())
        .with(Clusters.TOKEN_FILE, token.toString());
  }

  Typed with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  Typed input(String text) {
    input = text;
    return this;
  }

  Typed onTerminal() {
    terminal = true;
    return this;
  }

  Session session(ByteArrayOutputStream out, ByteArrayOutputStream err) {
    return new Session(
        new ByteArrayInputStream(input.getBytes(UTF_8)),
        new PrintStream(out, true, UTF_8),
        new PrintStream(err, true, UTF_8),
        environment,
        home,
        terminal,
        clock);
  }

  Result run(String... arguments) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    String only = arguments.length == 0 ? null : arguments[0];
    int exit = Starling.of(session(out, err), only).execute(arguments);
    return new Result(exit, out.toString(UTF_8), err.toString(UTF_8));
  }

  Result run(List<String> arguments) {
    return run(arguments.toArray(String[]::new));
  }
}
