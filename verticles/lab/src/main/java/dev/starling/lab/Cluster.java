package dev.starling.lab;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Three nodes of the user service and two gateways, each a process, on one new data directory. */
final class Cluster implements AutoCloseable {
  private static final int SERVICES = 3;
  private static final int GATEWAYS = 2;

  /**
   * Small heaps, so that what is not bounded shows; the quick compiler, so that five start soon.
   */
  private static final List<String> JVM =
      List.of("-Xmx256m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1");

  private static final Pattern ALARM =
      Pattern.compile("OutOfMemoryError|already completed|LEAK|Unhandled exception");

  private final Path directory;
  private final List<NodeProcess> services;
  private final List<NodeProcess> gateways;

  private Cluster(Path directory, List<NodeProcess> services, List<NodeProcess> gateways) {
    this.directory = directory;
    this.services = services;
    this.gateways = gateways;
  }

  /**
   * Starts all nodes and waits until they are ready.
   *
   * @param project the root of the project, whose jar it is
   * @param directory for data and logs of this cluster alone
   * @param settings of all nodes
   */
  static Cluster start(Path project, Path directory, Map<String, String> settings)
      throws IOException, InterruptedException {
    Path logs = Files.createDirectories(directory.resolve("logs"));
    List<String> members = Ports.free(SERVICES + GATEWAYS);
    Map<String, String> all = new HashMap<>(settings);
    all.put("data.directory", directory.resolve("data").toString());
    all.put("cluster.name", directory.getFileName().toString());
    all.put("cluster.config", project.resolve("cluster-config/tcp-ip.xml").toString());
    all.put("cluster.members", "127.0.0.1:" + String.join(",127.0.0.1:", members));
    all.put("cluster.host", "127.0.0.1");
    all.put("http.port", "0");
    all.put("operator.port", "0");
    Path jar = project.resolve("verticles/launcher/target/starling.jar");
    List<NodeProcess> nodes = new ArrayList<>();
    for (int i = 0; i < members.size(); i++) {
      String service = i < SERVICES ? "user" : "gateway";
      int number = i < SERVICES ? i + 1 : i + 1 - SERVICES;
      all.put("services", service);
      all.put("node.name", service + "-" + number);
      all.put("cluster.member-port", members.get(i));
      nodes.add(new NodeProcess(service + "-" + number, logs, command(jar), environment(all)));
    }
    Cluster cluster =
        new Cluster(directory, nodes.subList(0, SERVICES), nodes.subList(SERVICES, members.size()));
    try {
      for (NodeProcess node : cluster.nodes()) {
        node.start();
      }
      for (NodeProcess node : cluster.nodes()) {
        node.awaitUp();
      }
      cluster.awaitWhole(Duration.ofSeconds(60));
      return cluster;
    } catch (LabException | IOException | InterruptedException e) {
      cluster.close();
      throw e;
    }
  }

  private static List<String> command(Path jar) {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(JVM);
    command.addAll(List.of("-jar", jar.toString(), "-cluster"));
    return command;
  }

  private static Map<String, String> environment(Map<String, String> settings) {
    Map<String, String> environment = new HashMap<>();
    settings.forEach((setting, value) -> environment.put(variable(setting), value));
    return environment;
  }

  private static String variable(String setting) {
    return "STARLING_" + setting.toUpperCase().replace('.', '_').replace('-', '_');
  }

  /** Where data and logs are. */
  Path directory() {
    return directory;
  }

  Path data() {
    return directory.resolve("data");
  }

  List<NodeProcess> services() {
    return services;
  }

  List<NodeProcess> gateways() {
    return gateways;
  }

  List<NodeProcess> nodes() {
    return Stream.concat(services.stream(), gateways.stream()).toList();
  }

  /** Waits until every node runs and says that it is ready; returns ms that it took. */
  long awaitWhole(Duration atMost) throws InterruptedException {
    long begin = System.nanoTime();
    for (NodeProcess node : nodes()) {
      while (!(node.isAlive() && Operator.of(node).isReady())) {
        if (System.nanoTime() - begin > atMost.toNanos()) {
          throw new LabException(
              "%s is not ready after %d s: %s"
                  .formatted(node.name(), atMost.toSeconds(), Operator.of(node).readiness()));
        }
        Thread.sleep(100);
      }
    }
    return (System.nanoTime() - begin) / 1_000_000;
  }

  /** What no node should ever log, of all nodes since the beginning. */
  List<String> alarms() throws IOException {
    List<String> alarms = new ArrayList<>();
    try (DirectoryStream<Path> logs =
        Files.newDirectoryStream(directory.resolve("logs"), "*.log")) {
      for (Path log : logs) {
        try (Stream<String> lines = Files.lines(log)) {
          lines
              .filter(line -> ALARM.matcher(line).find())
              .forEach(line -> alarms.add(log.getFileName() + ": " + line));
        }
      }
    }
    return alarms;
  }

  /** Ends all nodes: those that obey orderly, the gateways first, the others at once. */
  @Override
  public void close() {
    try {
      for (NodeProcess node : nodes()) {
        node.end();
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
