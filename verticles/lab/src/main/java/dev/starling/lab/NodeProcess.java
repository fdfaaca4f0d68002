package dev.starling.lab;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A node of the cluster under test: the jar in a process of its own, started as often as needed.
 */
final class NodeProcess {
  private static final Duration START = Duration.ofSeconds(150);
  private static final Duration GRACE = Duration.ofSeconds(20);
  private static final Duration STOP = Duration.ofSeconds(60);
  private static final Pattern API = Pattern.compile("^ +API +(https?://\\S+)$", Pattern.MULTILINE);
  private static final Pattern OPERATOR =
      Pattern.compile("^ +Operator +(https?://\\S+)$", Pattern.MULTILINE);

  private static final Set<Process> RUNNING = ConcurrentHashMap.newKeySet();

  static { // In sessions of their own they do not hear of a Ctrl-C.
    Runtime.getRuntime().addShutdownHook(new Thread(NodeProcess::endAll, "end"));
  }

  private final String name;
  private final Path logs;
  private final List<String> first;
  private final List<String> command;
  private final Map<String, String> environment;
  private volatile Process process;
  private volatile Path log;
  private volatile URI api;
  private URI operator;
  private int starts;
  private long begun;

  /**
   * Describes a node; {@link #start} makes it run.
   *
   * @param first the whole command line of the first start
   * @param command that of all further ones
   * @param environment beside what this process has
   */
  NodeProcess(
      String name,
      Path logs,
      List<String> first,
      List<String> command,
      Map<String, String> environment) {
    this.name = name;
    this.logs = logs;
    this.first = first;
    this.command = command;
    this.environment = environment;
  }

  String name() {
    return name;
  }

  /** Where its API was when it last started, as clients know it; empty without a gateway. */
  Optional<URI> api() {
    return Optional.ofNullable(api);
  }

  /** Where its operator port was when it last started. */
  URI operator() {
    return operator;
  }

  /** What it was told, by the name of the setting; null without it. */
  String setting(String name) {
    return environment.get(Launch.variable(name));
  }

  /** When it last began to start, as {@link System#nanoTime} tells. */
  long begun() {
    return begun;
  }

  long pid() {
    return process.pid();
  }

  boolean isAlive() {
    return process != null && process.isAlive();
  }

  /** All that it has printed since its last start. */
  String output() {
    try {
      return Files.readString(log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Starts the process; {@link #awaitUp} says when it runs. */
  NodeProcess start() throws IOException {
    log = logs.resolve(name + "." + ++starts + ".log");
    ProcessBuilder builder = new ProcessBuilder(starts == 1 ? first : command);
    builder.environment().keySet().removeIf(variable -> variable.startsWith("STARLING_"));
    builder.environment().putAll(environment);
    begun = System.nanoTime();
    process = builder.redirectErrorStream(true).redirectOutput(log.toFile()).start();
    RUNNING.add(process);
    process.onExit().thenAccept(RUNNING::remove);
    return this;
  }

  /** Waits until it says that it is up. */
  NodeProcess awaitUp() throws InterruptedException {
    awaitPrinted(OPERATOR);
    operator = address(OPERATOR).orElseThrow();
    address(API).ifPresent(now -> api = now);
    return this;
  }

  /** Waits until it has printed what the pattern finds. */
  private void awaitPrinted(Pattern pattern) throws InterruptedException {
    long deadline = System.nanoTime() + START.toNanos();
    while (!pattern.matcher(output()).find()) {
      if (!isAlive()) {
        throw new LabException(name + " ended with " + process.exitValue() + ":\n" + output());
      }
      if (System.nanoTime() > deadline) {
        throw new LabException(
            name + " was not up after " + START.toSeconds() + " s:\n" + output());
      }
      Thread.sleep(10);
    }
  }

  /** Waits until it says where its API is; for programs that are no nodes. */
  URI awaitApi() throws InterruptedException {
    awaitPrinted(API);
    api = address(API).orElseThrow();
    return api;
  }

  private Optional<URI> address(Pattern pattern) {
    Matcher matcher = pattern.matcher(output());
    return matcher.find() ? Optional.of(URI.create(matcher.group(1))) : Optional.empty();
  }

  /** SIGTERM; returns the exit code. */
  int stop() throws InterruptedException {
    process.destroy();
    if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
      kill();
      throw new LabException(name + " did not end within " + STOP.toSeconds() + " s of SIGTERM");
    }
    return process.exitValue();
  }

  /** SIGTERM, then SIGKILL, also when it is frozen; for the end of a cluster. */
  void end() throws InterruptedException {
    if (process != null) {
      process.destroy();
      if (!process.waitFor(GRACE.toMillis(), TimeUnit.MILLISECONDS)) {
        kill();
      }
    }
  }

  /** SIGKILL; returns when the process has gone. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  private static void endAll() {
    List<Long> pids = RUNNING.stream().map(Process::pid).toList();
    RUNNING.forEach(Process::destroy);
    try {
      if (!pids.isEmpty()) {
        Command.signal("CONT", pids);
      }
    } catch (IOException | InterruptedException | LabException e) {
      System.err.println("Nodes that are frozen go on running: " + e.getMessage());
    }
  }

  /** SIGSTOP: it stays where it is and does nothing, as in a long pause of the collector. */
  void freeze() throws IOException, InterruptedException {
    Command.signal("STOP", List.of(pid()));
  }

  /** SIGCONT. */
  void thaw() throws IOException, InterruptedException {
    Command.signal("CONT", List.of(pid()));
  }
}
