package dev.starling.cli;

import java.io.IOException;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Where one command runs: its streams, its environment, and the options that all commands have. */
final class Session {
  private static final Pattern FILE = Pattern.compile("@(.+)", Pattern.DOTALL);

  private final InputStream in;
  private final PrintStream out;
  private final PrintStream err;
  private final Map<String, String> environment;
  private final Path home;
  private final boolean terminal;
  private final Clock clock;
  private OperatorPort port;
  private boolean json;
  private String context;
  private String operator = System.getProperty("user.name");

  /**
   * A session.
   *
   * @param terminal whether what is printed goes to one
   */
  Session(
      InputStream in,
      PrintStream out,
      PrintStream err,
      Map<String, String> environment,
      Path home,
      boolean terminal,
      Clock clock) {
    this.in = in;
    this.out = out;
    this.err = err;
    this.environment = environment;
    this.home = home;
    this.terminal = terminal;
    this.clock = clock;
  }

  void json(boolean wanted) {
    json |= wanted;
  }

  void context(String name) {
    context = name == null ? context : name;
  }

  void operator(String name) {
    operator = name == null ? operator : name;
  }

  /** A session in which another command can be run, and what it prints be read. */
  Session aside(PrintStream to) {
    Session aside =
        new Session(InputStream.nullInputStream(), to, to, environment, home, false, clock);
    aside.context = context;
    aside.operator = operator;
    return aside;
  }

  boolean json() {
    return json;
  }

  boolean terminal() {
    return terminal;
  }

  Clock clock() {
    return clock;
  }

  Clusters clusters() {
    return new Clusters(environment, home);
  }

  OperatorPort port() {
    if (port == null) {
      port = new OperatorPort(clusters().find(context), operator);
    }
    return port;
  }

  boolean colour() {
    return terminal && environment.getOrDefault("NO_COLOR", "").isEmpty();
  }

  Screen screen() {
    return new Screen(out, colour());
  }

  PrintStream out() {
    return out;
  }

  PrintStream err() {
    return err;
  }

  /** Data for programs, on one line. */
  void print(Object data) {
    out.println(Json.write(data));
  }

  /**
   * What a value stands for: {@code @file} for what is in it, {@code @-} for standard input, two
   * {@code @} for a value that begins with one.
   */
  String text(String value) {
    if (value.startsWith("@@")) {
      return value.substring(1);
    }
    Matcher file = FILE.matcher(value);
    if (!file.matches()) {
      return value;
    }
    try {
      String text =
          file.group(1).equals("-")
              ? new String(in.readAllBytes(), StandardCharsets.UTF_8)
              : Files.readString(Path.of(file.group(1)));
      return text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    } catch (IOException e) {
      throw Failure.usage(
          file.group(1) + " cannot be read", "name a file that is there, or @- for standard input");
    }
  }
}
