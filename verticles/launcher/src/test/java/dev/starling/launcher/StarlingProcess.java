package dev.starling.launcher;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.awaitility.core.ConditionTimeoutException;

/** The real jar in a process of its own, as a user starts it. */
final class StarlingProcess implements AutoCloseable {
  static final Path JAR = Path.of("target", "starling.jar").toAbsolutePath();

  private static final Duration START = Duration.ofSeconds(90);
  private static final Duration STOP = Duration.ofSeconds(40);

  private final Process process;
  private final Path output;

  private StarlingProcess(Process process, Path output) {
    this.process = process;
    this.output = output;
  }

  /** Builds the command and its environment; nothing of this process's STARLING_ gets through. */
  static final class Builder {
    private final Map<String, String> environment = new HashMap<>();
    private final List<String> arguments = new ArrayList<>();
    private final List<String> before = new ArrayList<>();
    private final List<String> jvm = new ArrayList<>();
    private final Path directory;
    private Path jar = JAR;
    private Path jdk = Path.of(System.getProperty("java.home"));

    private Builder(Path directory) {
      this.directory = directory;
      with("data.directory", directory.resolve("data").toString());
      with("http.trusted-proxies", Client.PROXIES);
    }

    Builder with(String setting, Object value) {
      String name = "STARLING_" + setting.toUpperCase().replace('.', '_').replace('-', '_');
      environment.put(name, value.toString());
      return this;
    }

    Builder onAnyPort() {
      return with("http.port", 0).with("http.admin.port", 0).with("operator.port", 0);
    }

    /** With a mail server, which never answers. */
    Builder withMail() {
      return with("user.mail-server", "smtp://127.0.0.1:9")
          .with("user.mail-from", "starling@mail.example");
    }

    Builder arguments(String... more) {
      arguments.addAll(List.of(more));
      return this;
    }

    /** On the JDK of this home; otherwise on the one that runs the test. */
    Builder on(Path home) {
      jdk = home;
      return this;
    }

    /** In the network namespace of this name, which needs root. */
    Builder inNamespace(String name) {
      return by("ip", "netns", "exec", name);
    }

    /** Started by another program, which becomes the node: {@code env}, {@code prlimit}. */
    Builder by(String... program) {
      before.addAll(List.of(program));
      return this;
    }

    /** Another jar than the one that was built. */
    Builder jar(Path other) {
      jar = other;
      return this;
    }

    /** Options of the JVM. */
    Builder jvm(String... more) {
      jvm.addAll(List.of(more));
      return this;
    }

    /** A member of a cluster that no other test meets. */
    Builder inCluster() {
      with("cluster.name", "test-" + Integer.toHexString(directory.hashCode()));
      return arguments("-cluster");
    }

    /** Starts the process; what it prints is in {@link StarlingProcess#output()}. */
    StarlingProcess launch() throws IOException {
      Files.createDirectories(directory);
      Path output = Files.createTempFile(directory, "node", ".log");
      List<String> command = new ArrayList<>(before);
      command.add(jdk.resolve("bin/java").toString());
      command.addAll(jvm);
      command.add("-jar");
      command.add(jar.toString());
      command.addAll(arguments);
      ProcessBuilder builder = new ProcessBuilder(command);
      builder.environment().keySet().removeIf(name -> name.startsWith("STARLING_"));
      builder.environment().putAll(environment);
      builder.redirectErrorStream(true).redirectOutput(output.toFile());
      return new StarlingProcess(builder.start(), output);
    }

    /** Starts the process and waits until it says that it is up. */
    StarlingProcess start() throws IOException {
      return launch().awaitUp();
    }
  }

  static Builder in(Path directory) {
    return new Builder(directory);
  }

  StarlingProcess awaitUp() {
    try {
      Awaitility.await()
          .atMost(START)
          .pollInterval(Duration.ofMillis(50))
          .until(() -> !process.isAlive() || output().contains("Operator "));
    } catch (ConditionTimeoutException e) {
      process.destroyForcibly();
      throw new AssertionError("The node is not up:\n" + output(), e);
    }
    if (!process.isAlive()) {
      throw new AssertionError("The node ended with " + process.exitValue() + ":\n" + output());
    }
    return this;
  }

  URI api() {
    return address("API");
  }

  URI admin() {
    return address("Admin");
  }

  URI operator() {
    return address("Operator");
  }

  private URI address(String what) {
    Matcher matcher = Pattern.compile(what + " +(https?://\\S+)").matcher(output());
    if (!matcher.find()) {
      throw new AssertionError("No address of " + what + " in:\n" + output());
    }
    return URI.create(matcher.group(1));
  }

  String output() {
    try {
      return Files.readString(output);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  long pid() {
    return process.pid();
  }

  /** SIGTERM, and the exit code. */
  int stop() throws InterruptedException {
    process.destroy();
    return exitCode();
  }

  /** Stops it without its knowing, until {@link #thaw}. */
  void freeze() throws IOException, InterruptedException {
    signal("STOP");
  }

  void thaw() throws IOException, InterruptedException {
    signal("CONT");
  }

  private void signal(String signal) throws IOException, InterruptedException {
    Process kill = new ProcessBuilder("kill", "-" + signal, Long.toString(pid())).start();
    if (kill.waitFor() != 0) {
      throw new IOException("kill -" + signal + " failed");
    }
  }

  /** SIGKILL. */
  void kill() throws InterruptedException {
    process.destroyForcibly().waitFor();
  }

  int exitCode() throws InterruptedException {
    if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
      process.destroyForcibly();
      throw new AssertionError("The node did not end:\n" + output());
    }
    return process.exitValue();
  }

  boolean isAlive() {
    return process.isAlive();
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(STOP.toMillis(), TimeUnit.MILLISECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
