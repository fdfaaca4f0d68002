package dev.starling.launcher;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.hazelcast.client.HazelcastClient;
import com.hazelcast.client.config.ClientConfig;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.RepeatedTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ClusterIT {

  private static final Path FILE =
      Path.of("../../cluster-config/tcp-ip.xml").toAbsolutePath().normalize();

  @TempDir private Path directory;
  private final List<Vertx> started = new ArrayList<>();
  private final List<Process> processes = new ArrayList<>();
  private final Map<String, String> environment = new HashMap<>();
  private List<Integer> ports;

  @BeforeAll
  static void quieten() {
    ClusterNode.quieten();
  }

  @BeforeEach
  void choosesPortsAndANameOfItsOwn() throws IOException {
    try (ServerSocket one = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        ServerSocket two = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      // Of two clusters of one size the one with the higher address merges into the other.
      ports = Stream.of(one, two).map(ServerSocket::getLocalPort).sorted().toList();
    }
    environment.put("STARLING_CLUSTER_NAME", "test-" + UUID.randomUUID());
    environment.put("STARLING_CLUSTER_HOST", "127.0.0.1");
    environment.put(
        "STARLING_CLUSTER_MEMBERS", "127.0.0.1:" + ports.get(0) + ",127.0.0.1:" + ports.get(1));
  }

  @AfterEach
  void stops() {
    processes.forEach(Process::destroyForcibly);
    started.forEach(vertx -> vertx.close().await());
  }

  @Test
  void passesMessagesBothWays() {
    Vertx one = start(cluster("one", "aa"));
    Vertx two = start(cluster("two", "aa"));
    one.eventBus().consumer("one", message -> message.reply("from one")).completion().await();
    two.eventBus().consumer("two", message -> message.reply("from two")).completion().await();

    assertThat(one.eventBus().request("two", "").await().body()).isEqualTo("from two");
    assertThat(two.eventBus().request("one", "").await().body()).isEqualTo("from one");
  }

  /** What faults were measured with: a peer that is silent is given up within seconds. */
  @Test
  void boundsHowLongItWaitsForASilentPeer() {
    EventBusOptions options = cluster("one", "aa").eventBus("127.0.0.1", 0);

    assertThat(options.getConnectTimeout()).isEqualTo(2_000);
    assertThat(options.getReconnectAttempts()).isZero();
    assertThat(options.getClusterPingInterval()).isEqualTo(2_000);
    assertThat(options.getClusterPingReplyInterval()).isEqualTo(2_000);
    assertThat(options.getTcpUserTimeout()).isEqualTo(5_000);
    assertThat(options.getHost()).isEqualTo("127.0.0.1");
  }

  @Test
  void knowsWhoIsThereAndWhoHasStopped() {
    Cluster one = cluster("one", "aa");
    Set<String> joined = ConcurrentHashMap.newKeySet();
    Set<String> left = ConcurrentHashMap.newKeySet();
    one.onJoined(joined::add);
    one.onLeft(left::add);
    start(one);
    assertThat(one.nodes()).containsExactly(one.self());
    assertThat(joined).isEmpty();

    Cluster two = cluster("two", "aa");
    Vertx second = start(two);
    assertThat(two.nodes()).containsExactlyInAnyOrder(one.self(), two.self());
    await().until(() -> joined.equals(Set.of(two.self())));
    assertThat(one.nodes()).isEqualTo(two.nodes());

    second.close().await();
    await().until(() -> left.equals(Set.of(two.self())));
    assertThat(one.nodes()).containsExactly(one.self());
  }

  @Test
  void tellsOfAKilledNodeEvenWhenACallbackFails() throws Exception {
    Cluster one = cluster("one", "aa");
    Set<String> left = ConcurrentHashMap.newKeySet();
    one.onLeft(
        node -> {
          throw new IllegalStateException("a callback's own fault");
        });
    one.onLeft(left::add);
    Vertx vertx = start(one);
    Node two = process("two", "aa");
    assertThat(vertx.eventBus().request("two", "").await().body()).isEqualTo("two");

    two.process().destroyForcibly().waitFor();

    await().atMost(5, SECONDS).until(() -> left.equals(Set.of(two.id())));
  }

  @Test
  void tellsOfAFrozenNodeAndOfItsReturn() throws Exception {
    Cluster one = cluster("one", "aa");
    Set<String> left = ConcurrentHashMap.newKeySet();
    one.onLeft(left::add);
    AtomicBoolean merged = new AtomicBoolean();
    one.onMerged(() -> merged.set(true));
    start(one);
    Node two = process("two", "aa");

    signal("STOP", two);
    await().atMost(20, SECONDS).until(() -> left.equals(Set.of(two.id())));

    signal("CONT", two);
    // Of two halves of one size either may be the one that gives way.
    await()
        .atMost(40, SECONDS)
        .until(() -> merged.get() || two.output().contains(ClusterNode.MERGED));
    await().until(() -> one.nodes().equals(Set.of(one.self(), two.id())));
  }

  @Test
  void meetsByNameToo() {
    environment.compute(
        "STARLING_CLUSTER_MEMBERS", (name, members) -> members.replace("127.0.0.1", "localhost"));
    Cluster one = cluster("one", "aa");
    Cluster two = cluster("two", "aa");
    start(one);
    start(two);

    assertThat(two.nodes()).containsExactlyInAnyOrder(one.self(), two.self());
  }

  @RepeatedTest(3)
  void makesOneClusterOfNodesThatStartAtTheSameInstant() {
    Cluster one = cluster("one", "aa");
    Cluster two = cluster("two", "aa");

    CompletableFuture<Vertx> first = CompletableFuture.supplyAsync(() -> ClusterNode.vertx(one));
    CompletableFuture<Vertx> second = CompletableFuture.supplyAsync(() -> ClusterNode.vertx(two));
    started.addAll(List.of(first.join(), second.join()));

    await().until(() -> one.nodes().size() == 2 && two.nodes().equals(one.nodes()));
  }

  @Test
  void refusesToJoinNodesWithOtherSecrets() {
    Cluster one = cluster("one", "aa11");
    start(one);

    assertThatThrownBy(() -> start(cluster("two", "bb22")))
        .isInstanceOf(ClusterException.class)
        .hasMessage(
            "this node's secrets are not those of node one at 127.0.0.1:%s: both need the same secrets.directory",
            ports.get(0));
    await().until(() -> one.nodes().equals(Set.of(one.self())));
  }

  @RepeatedTest(3)
  void keepsOneOfTwoNodesWithOtherSecretsThatStartAtTheSameInstant() {
    List<CompletableFuture<Vertx>> both =
        Stream.of(cluster("one", "aa"), cluster("two", "bb"))
            .map(cluster -> CompletableFuture.supplyAsync(() -> ClusterNode.vertx(cluster)))
            .toList();
    List<Throwable> refusals = new ArrayList<>();
    for (CompletableFuture<Vertx> each : both) {
      try {
        started.add(each.join());
      } catch (CompletionException e) {
        refusals.add(e.getCause());
      }
    }

    assertThat(started).hasSize(1);
    assertThat(refusals).singleElement().isInstanceOf(ClusterException.class);
  }

  @Test
  void refusesOtherSecretsWhenTwoClustersMergeToo() {
    Cluster merging = cluster("two", "bb");
    Set<String> reasons = ConcurrentHashMap.newKeySet();
    merging.onRefused(reason -> reasons.add(reason.getMessage()));
    start(merging);
    environment.put("STARLING_CLUSTER_MEMBERS", "127.0.0.1:" + ports.get(0));
    Cluster unaware = cluster("one", "aa");
    start(unaware);
    assertThat(unaware.nodes()).hasSize(1);

    await().atMost(40, SECONDS).until(() -> !reasons.isEmpty());
    assertThat(reasons).singleElement().asString().contains("node one", "secrets.directory");
  }

  @Test
  void refusesAPlainHazelcastClient() {
    start(cluster("one", "aa"));
    ClientConfig client =
        new ClientConfig().setClusterName(environment.get("STARLING_CLUSTER_NAME"));
    client.getNetworkConfig().addAddress("127.0.0.1:" + ports.get(0));
    client
        .getConnectionStrategyConfig()
        .getConnectionRetryConfig()
        .setClusterConnectTimeoutMillis(2000);

    assertThatThrownBy(() -> HazelcastClient.newHazelcastClient(client))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("Unable to connect");
  }

  @Test
  void doesNotMeetAMemberOfAnotherCluster() {
    Cluster one = cluster("one", "aa");
    start(one);
    environment.put("STARLING_CLUSTER_NAME", "other-" + UUID.randomUUID());
    Cluster two = cluster("two", "aa");
    start(two);

    assertThat(one.nodes()).containsExactly(one.self());
    assertThat(two.nodes()).containsExactly(two.self());
  }

  @Test
  void survivesWhateverIsSentToTheMemberPort() throws Exception {
    process("two", "aa");
    byte[] noise = new byte[64 * 1024];
    new Random(1).nextBytes(noise);
    // The last is a packet that announces 2 GB.
    List<String> heads =
        List.of(
            "",
            "GET / HTTP/1.1\r\n\r\n",
            "CP2",
            "HZX",
            "HZC",
            "HZC\4\0\20\0\0\0\1\177\377\377\377");
    for (int i = 0; i < 300; i++) {
      try (Socket socket = new Socket("127.0.0.1", port("two"))) {
        String head = heads.get(i % heads.size());
        socket.getOutputStream().write(head.getBytes(StandardCharsets.ISO_8859_1));
        socket.getOutputStream().write(noise);
      } catch (IOException e) {
        // Hung up on.
      }
    }

    Cluster one = cluster("one", "aa");
    Vertx vertx = start(one);
    assertThat(one.nodes()).hasSize(2);
    assertThat(vertx.eventBus().request("two", "").await().body()).isEqualTo("two");
  }

  @Test
  void listensOnLoopbackOnly() throws IOException {
    Node node = process("one", "aa");

    Set<String> sockets;
    try (Stream<Path> files = Files.list(Path.of("/proc/" + node.process().pid() + "/fd"))) {
      sockets =
          files
              .map(ClusterIT::target)
              .filter(file -> file.startsWith("socket:"))
              .collect(Collectors.toSet());
    }
    List<String> addresses =
        Stream.of("tcp", "tcp6")
            .flatMap(table -> lines(Path.of("/proc/net/" + table)))
            .map(line -> line.strip().split("\\s+"))
            .filter(field -> field[3].equals("0A") && sockets.contains("socket:[" + field[9] + "]"))
            .map(field -> field[1].substring(0, field[1].indexOf(':')))
            .toList();

    // 127.0.0.1 as the kernel writes it, plain and inside IPv6: Hazelcast's port and the event
    // bus's.
    assertThat(addresses).hasSize(2).isSubsetOf("0100007F", "0000000000000000FFFF00000100007F");
  }

  /** It may be older than all nodes, as after a rolling restart. */
  @Test
  void countsAPlainProgramForNothing() {
    HazelcastClusterManager plain =
        new HazelcastClusterManager(ClusterConfig.read(Optional.of(FILE), on(port("plain"))));
    started.add(
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(new EventBusOptions().setHost("127.0.0.1")))
            .withClusterManager(plain)
            .buildClustered()
            .await());
    Cluster one = cluster("one", "aa");
    start(one);

    await().until(() -> plain.getNodes().size() == 2);
    assertThat(one.nodes()).containsExactly(one.self());
  }

  @Test
  void saysWhyItCannotListen() {
    start(cluster("one", "aa"));
    Cluster samePort =
        new Cluster(
            ClusterConfig.read(Optional.of(FILE), on(ports.get(0))), "two", "aa", Optional.empty());

    assertThatThrownBy(() -> start(samePort))
        .isInstanceOf(ClusterException.class)
        .hasMessageContaining("cannot join the cluster")
        .hasMessageContaining(Integer.toString(ports.get(0)));
  }

  private Cluster cluster(String name, String fingerprint) {
    return new Cluster(
        ClusterConfig.read(Optional.of(FILE), on(port(name))), name, fingerprint, Optional.empty());
  }

  private Vertx start(Cluster cluster) {
    Vertx vertx = ClusterNode.vertx(cluster);
    started.add(vertx);
    return vertx;
  }

  private Node process(String name, String fingerprint) throws IOException {
    Path output = directory.resolve(name);
    ProcessBuilder builder =
        new ProcessBuilder(
            ProcessHandle.current().info().command().orElseThrow(),
            "-cp",
            System.getProperty("java.class.path"),
            ClusterNode.class.getName(),
            name,
            fingerprint,
            FILE.toString());
    builder.environment().putAll(on(port(name)));
    Process process = builder.redirectErrorStream(true).redirectOutput(output.toFile()).start();
    processes.add(process);
    Node node = new Node(process, output);
    await().atMost(60, SECONDS).until(() -> node.output().contains(ClusterNode.JOINED));
    return node;
  }

  private int port(String name) {
    return ports.get(name.equals("one") ? 0 : 1);
  }

  private Map<String, String> on(int port) {
    Map<String, String> variables = new HashMap<>(environment);
    variables.put("STARLING_CLUSTER_MEMBER_PORT", Integer.toString(port));
    return variables;
  }

  private static void signal(String signal, Node node) throws Exception {
    new ProcessBuilder("kill", "-" + signal, Long.toString(node.process().pid()))
        .inheritIO()
        .start()
        .waitFor();
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return "";
    }
  }

  private static Stream<String> lines(Path file) {
    try {
      return Files.readAllLines(file).stream().skip(1);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Node(Process process, Path file) {
    String output() throws IOException {
      return Files.readString(file);
    }

    String id() throws IOException {
      return output().split(ClusterNode.JOINED, 2)[1].split(" ", 2)[0];
    }
  }
}
