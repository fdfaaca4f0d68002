package dev.starling.lab;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.HttpURLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.stream.Stream;

/**
 * Starts what is measured: every program with the same options of the JVM, all nodes on one
 * database.
 */
final class Programs {
  /** A fixed heap with much room for what is young, so that the collector costs all the same. */
  private static final List<String> JVM =
      List.of("-XX:+UseSerialGC", "-Xms384m", "-Xmx384m", "-Xmn256m");

  /** What the jar's manifest opens, for programs that are not started by {@code -jar}. */
  private static final List<String> OPEN =
      List.of(
          "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
          "--add-opens=java.base/java.lang=ALL-UNNAMED",
          "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
          "--add-opens=java.management/sun.management=ALL-UNNAMED",
          "--add-opens=jdk.management/com.sun.management.internal=ALL-UNNAMED");

  private final Project project;
  private final Path directory;
  private final List<String> options;
  private final Deque<NodeProcess> running = new ConcurrentLinkedDeque<>();

  /**
   * Starts nothing yet.
   *
   * @param options of the JVM, beside those that all runs have
   */
  Programs(Project project, List<String> options) throws IOException {
    this.project = project;
    this.options = options;
    directory = Files.createTempDirectory("starling-bench-");
  }

  Path directory() {
    return directory;
  }

  Path data() {
    return directory.resolve("data");
  }

  /** Where a fault, or a reader of the database, finds what these programs share. */
  Stage stage(Vertx vertx) {
    return new Stage(project, vertx, directory);
  }

  Project project() {
    return project;
  }

  /** A program of the lab; it has begun to start. */
  NodeProcess bare(
      String name, Class<?> program, Map<String, String> environment, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(OPEN);
    command.addAll(List.of("-cp", System.getProperty("java.class.path"), program.getName()));
    command.addAll(List.of(arguments));
    return start(name, command, environment);
  }

  /** A node of starling.jar; it has begun to start. */
  NodeProcess node(String name, Map<String, String> settings, String... arguments)
      throws IOException {
    return node(project, name, settings, arguments);
  }

  /** A node of another version; it has begun to start. */
  NodeProcess node(Project of, String name, Map<String, String> settings, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(List.of("-jar", of.jar().toString()));
    command.addAll(List.of(arguments));
    return start(name, command, environment(name, settings));
  }

  /** A node with classes of the lab beside those of starling.jar; it has begun to start. */
  NodeProcess node(String name, Path classes, Map<String, String> settings, String... arguments)
      throws IOException {
    List<String> command = new ArrayList<>(OPEN);
    command.addAll(List.of("-cp", project.jar() + ":" + classes, "dev.starling.launcher.Starling"));
    command.addAll(List.of(arguments));
    return start(name, command, environment(name, settings));
  }

  private Map<String, String> environment(String name, Map<String, String> settings) {
    Map<String, String> all = new HashMap<>();
    all.put("node.name", name);
    all.put("data.directory", data().toString());
    all.put("http.port", Ports.free(1).get(0));
    all.put("http.admin.port", "0");
    all.put("operator.port", "0");
    all.putAll(settings);
    Map<String, String> environment = new HashMap<>();
    all.forEach((setting, value) -> environment.put(Launch.variable(setting), value));
    return environment;
  }

  private NodeProcess start(String name, List<String> command, Map<String, String> environment)
      throws IOException {
    List<String> whole =
        Stream.of(List.of(Project.tool("java")), JVM, options, command)
            .flatMap(List::stream)
            .toList();
    NodeProcess process = new NodeProcess(name, directory, whole, whole, environment);
    running.push(process);
    return process.start();
  }

  /** Waits until a visit without a body is answered 200; returns milliseconds since a moment. */
  static long awaitAnswer(Visit visit, long since) throws InterruptedException {
    while (!answers(visit)) {
      Thread.sleep(5);
    }
    return (System.nanoTime() - since) / 1_000_000;
  }

  private static boolean answers(Visit visit) {
    try {
      HttpURLConnection connection = (HttpURLConnection) visit.address().toURL().openConnection();
      visit.headers().get().forEach(connection::setRequestProperty);
      connection.setConnectTimeout(1_000);
      connection.setReadTimeout(5_000);
      int status = connection.getResponseCode();
      if (status < 400) {
        connection.getInputStream().readAllBytes();
      }
      return status == 200;
    } catch (IOException e) {
      return false;
    }
  }

  /** Ends all, in the reverse order, and removes what they have written. */
  void end() throws IOException, InterruptedException {
    while (!running.isEmpty()) {
      running.pop().end();
    }
    try (Stream<Path> files = Files.walk(directory)) {
      for (Path file : files.sorted((a, b) -> b.compareTo(a)).toList()) {
        Files.deleteIfExists(file);
      }
    }
  }
}
