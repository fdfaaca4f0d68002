package dev.starling.launcher;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.console.Meters;
import dev.starling.console.OperatorVerticle;
import dev.starling.runtime.Call;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What {@code /health/ready} of a real member of a cluster makes of the cluster's faults. */
@Timeout(180)
class ReadinessIT {
  private static final Path FILE =
      Path.of("../../cluster-config/tcp-ip.xml").toAbsolutePath().normalize();

  @TempDir private Path directory;

  private final Map<String, String> environment = new HashMap<>();
  private final OperatorVerticle operator = new OperatorVerticle();
  private List<Integer> ports;
  private Cluster cluster;
  private Vertx vertx;
  private Node node;
  private Process other;

  @BeforeEach
  void start() throws Exception {
    ClusterNode.quieten();
    try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      ports = Stream.of(one, two).map(ServerSocket::getLocalPort).toList();
    }
    environment.put("STARLING_CLUSTER_NAME", "test-" + UUID.randomUUID());
    environment.put("STARLING_CLUSTER_HOST", "127.0.0.1");
    environment.put(
        "STARLING_CLUSTER_MEMBERS", "127.0.0.1:" + ports.get(0) + ",127.0.0.1:" + ports.get(1));
    cluster =
        new Cluster(
            ClusterConfig.read(Optional.of(FILE), on(ports.get(0))), "one", "aa", Optional.empty());
    vertx = ClusterNode.vertx(cluster);
    node =
        Node.join(
                vertx,
                new Node.Options(
                    "one", "i", "a", "user.keys", "", 1, Limits.standard(), false, Call::newTrace),
                cluster,
                Secrets.in(directory.resolve("secrets"), true),
                Meters.create(),
                getClass().getClassLoader())
            .await();
    JsonObject config = new JsonObject().put("port", 0);
    vertx.deployVerticle(operator, new DeploymentOptions().setConfig(config)).await();
  }

  @AfterEach
  void stop() {
    if (other != null) {
      other.destroyForcibly();
    }
    vertx.close().await();
  }

  private Map<String, String> on(int port) {
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("STARLING_CLUSTER_MEMBER_PORT", Integer.toString(port));
    return variables;
  }

  private HttpResponse<String> ready() throws Exception {
    return new Client(URI.create("http://127.0.0.1:" + operator.port())).get("/health/ready");
  }

  private static List<String> down(HttpResponse<String> answer) {
    return new JsonObject(answer.body())
        .getJsonArray("checks").stream()
            .map(JsonObject.class::cast)
            .filter(check -> check.getString("status").equals("down"))
            .map(check -> check.getString("name") + ": " + check.getString("reason"))
            .toList();
  }

  private static List<String> notes(HttpResponse<String> answer) {
    return new JsonObject(answer.body())
        .getJsonArray("notes").stream()
            .map(JsonObject.class::cast)
            .map(note -> note.getString("name"))
            .toList();
  }

  private void startAnother() throws IOException {
    Path output = directory.resolve("two.log");
    ProcessBuilder builder =
        new ProcessBuilder(
            ProcessHandle.current().info().command().orElseThrow(),
            "-cp",
            System.getProperty("java.class.path"),
            ClusterNode.class.getName(),
            "two",
            "aa",
            FILE.toString());
    builder.environment().putAll(on(ports.get(1)));
    other = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    await().atMost(60, SECONDS).until(() -> Files.readString(output).contains(ClusterNode.JOINED));
  }

  @Test
  @DisplayName("A registry that cannot be read makes a node not ready after 30 s, with the reason")
  void isNotReadyWhenTheRegistryIsStale() throws Exception {
    await().atMost(20, SECONDS).until(() -> ready().statusCode() == 200);
    // The member is gone, and nobody has told: no change of membership, no exception but at use.
    cluster.getHazelcastInstance().getLifecycleService().terminate();
    long begun = System.nanoTime();
    assertThat(ready().statusCode()).as("a few readings may fail").isEqualTo(200);
    await().atMost(60, SECONDS).until(() -> ready().statusCode() == 503);

    assertThat(Duration.ofNanos(System.nanoTime() - begun)).isGreaterThan(Duration.ofSeconds(20));
    assertThat(down(ready()))
        .singleElement()
        .asString()
        .matches("registry: the registry was last read 3\\d s ago; this node may call .*");
  }

  @Test
  @DisplayName("Copies of cluster maps that are missing are told, and no reason to be not ready")
  void tellsOfPartitionsThatHaveNoCopy() throws Exception {
    startAnother();
    await().atMost(30, SECONDS).until(() -> node.isSafe() && cluster.nodes().size() == 2);
    assertThat(notes(ready())).isEmpty();

    new ProcessBuilder("kill", "-STOP", Long.toString(other.pid())).start().waitFor();
    await().atMost(60, SECONDS).until(() -> notes(ready()).equals(List.of("partitions")));
    assertThat(ready().statusCode()).isEqualTo(200);
    String safe = "starling_cluster_safe ";
    assertThat(new Client(URI.create("http://127.0.0.1:" + operator.port())).get("/metrics").body())
        .contains(safe + "0.0");

    new ProcessBuilder("kill", "-CONT", Long.toString(other.pid())).start().waitFor();
    await().atMost(60, SECONDS).until(() -> notes(ready()).isEmpty());
  }
}
