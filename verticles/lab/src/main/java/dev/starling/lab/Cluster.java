package dev.starling.lab;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** Three nodes of the user service and two gateways, each a process, on one new data directory. */
final class Cluster implements AutoCloseable {
  /** The service nodes, then the gateways. */
  static final List<String> NAMES = List.of("user-1", "user-2", "user-3", "gateway-1", "gateway-2");

  private static final int SERVICES = 3;

  private static final String LOOPBACK = "127.0.0.1:";

  private static final Pattern ALARM =
      Pattern.compile("OutOfMemoryError|already completed|LEAK|Unhandled exception");

  /**
   * Vert.x 5.0 says this of each message that it was writing when the connection to another node
   * broke: its OutboundDeliveryContext, told of that, answers that it had been told before.
   */
  private static final Pattern BROKEN_WRITE =
      Pattern.compile(
          "(?m)^.*Unhandled exception.*\\n.*Promise already completed\\n"
              + "(?:\\tat .*\\n)*?\\tat io\\.vertx\\.core\\.net\\.impl\\.DelegatingChannelPromise.*$");

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
   * @param dress may change how each node is started
   */
  static Cluster start(Stage stage, Consumer<Launch> dress)
      throws IOException, InterruptedException {
    Path logs = Files.createDirectories(stage.directory().resolve("logs"));
    List<String> ports = Ports.free(2 * NAMES.size());
    List<String> memberPorts = ports.subList(0, NAMES.size());
    String members = memberPorts.stream().map(p -> LOOPBACK + p).collect(Collectors.joining(","));
    List<NodeProcess> nodes = new ArrayList<>();
    for (String name : NAMES) {
      int number = nodes.size();
      String services = name.startsWith("user") ? "user" : "gateway";
      String busPort = ports.get(NAMES.size() + number);
      Launch node = node(stage, name, services, memberPorts.get(number), busPort, members);
      dress.accept(node);
      nodes.add(node.in(logs));
    }
    Cluster cluster =
        new Cluster(
            stage.directory(), nodes.subList(0, SERVICES), nodes.subList(SERVICES, nodes.size()));
    try {
      nodes.get(0).start().awaitUp(); // it makes the database, which takes most of the time
      for (NodeProcess node : nodes.subList(1, nodes.size())) {
        node.start();
      }
      for (NodeProcess node : nodes) {
        node.awaitUp();
      }
      cluster.awaitWhole(Duration.ofSeconds(60));
      return cluster;
    } catch (LabException | IOException | InterruptedException e) {
      cluster.close();
      throw e;
    }
  }

  /** A node of the staged cluster, as it is started. */
  static Launch node(
      Stage stage, String name, String services, String memberPort, String busPort, String members)
      throws IOException {
    return new Launch(name, stage.project())
        .with("services", services)
        .with("data.directory", stage.data())
        .with("cluster.name", stage.directory().getFileName())
        .with("cluster.config", stage.project().clusterConfig())
        .with("cluster.host", "127.0.0.1")
        .with("cluster.member-port", memberPort)
        .with("cluster.port", busPort)
        .with("cluster.members", members)
        .with("http.port", 0)
        .with("http.admin.port", 0)
        .with("http.trusted-proxies", Source.PROXIES)
        .with("operator.port", 0)
        .with("faults.enabled", true)
        .cluster();
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
        alarms(Files.readString(log)).forEach(line -> alarms.add(log.getFileName() + ": " + line));
      }
    }
    return alarms;
  }

  static Stream<String> alarms(String log) {
    return BROKEN_WRITE
        .matcher(log)
        .replaceAll("")
        .lines()
        .filter(line -> ALARM.matcher(line).find());
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
