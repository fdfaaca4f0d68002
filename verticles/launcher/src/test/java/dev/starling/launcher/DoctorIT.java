package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.XmlConfigBuilder;
import com.hazelcast.map.IMap;
import dev.starling.runtime.Secrets;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ServerSocket;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.jar.Attributes;
import java.util.jar.Manifest;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code scripts/starling doctor} at real nodes that really have what it looks for. Needs bash,
 * root, iproute2, nftables and libfaketime.
 */
@Tag("machine")
@Timeout(240)
class DoctorIT {
  private static final Duration SOON = Duration.ofSeconds(60);
  private static final String SCRIPT =
      Path.of("../../scripts/starling").toAbsolutePath().normalize().toString();
  private static final Path CLUSTER_CONFIG = Path.of("../../cluster-config").toAbsolutePath();
  private static final String NO_OTHERS = "1-1";

  @TempDir private static Path directory;
  private static Path home;
  private static Postgres postgres;
  private static StarlingProcess one;
  private static StarlingProcess two;

  /** What the doctor says. */
  private record Diagnosis(int exit, JsonObject json) {
    /** All that is not fine, each with a remedy, as {@code severity check: what (why)}. */
    List<String> findings() {
      return json.getJsonArray("findings").stream()
          .map(JsonObject.class::cast)
          .filter(f -> !f.getString("severity").equals("fine"))
          .peek(f -> assertThat(f.getString("remedy")).as(f.encode()).isNotBlank())
          .peek(f -> assertThat(f.getString("why")).as(f.encode()).isNotBlank())
          .map(
              f ->
                  "%s %s: %s (%s)"
                      .formatted(
                          f.getString("severity"),
                          f.getString("check"),
                          f.getString("what"),
                          f.getString("why")))
          .toList();
    }
  }

  @BeforeAll
  static void startsTwoNodes() throws Exception {
    home = Files.createDirectory(directory.resolve("well"));
    postgres = new Postgres(directory);
    one = node("n1").launch();
    two = node("n2").launch();
    one.awaitUp();
    two.awaitUp();
  }

  @AfterAll
  static void stopsThem() {
    two.close();
    one.close();
    postgres.close();
  }

  private static StarlingProcess.Builder node(String name) {
    return StarlingProcess.in(home)
        .onAnyPort()
        .inCluster()
        .with("node.name", name)
        .with("services", "user")
        .with("database.url", postgres.url());
  }

  private static Diagnosis doctor() throws Exception {
    return doctor(List.of(), one, home, NO_OTHERS);
  }

  private static Diagnosis doctor(
      List<String> by, StarlingProcess node, Path home, String ports, String... script)
      throws Exception {
    List<String> command = new ArrayList<>(by);
    command.addAll(script.length == 0 ? List.of(SCRIPT) : List.of(script));
    command.addAll(List.of("doctor", "--json", "--ports", ports));
    Path out = Files.createTempFile(directory, "out", "");
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("STARLING_"));
    builder.environment().put("HOME", directory.toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("STARLING_OPERATOR", node.operator().toString());
    builder.environment().put("STARLING_TOKEN_FILE", token(home).toString());
    builder.redirectOutput(out.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD);
    Process process = builder.start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    Diagnosis diagnosis = new Diagnosis(process.exitValue(), new JsonObject(Files.readString(out)));
    boolean problem = diagnosis.findings().stream().anyMatch(f -> f.startsWith("problem"));
    assertThat(diagnosis.exit()).as(diagnosis.json().encode()).isEqualTo(problem ? 1 : 0);
    return diagnosis;
  }

  private static Path token(Path home) {
    Path shared = home.resolve("secrets/operator");
    return Files.exists(shared) ? shared : home.resolve("data/secrets/operator");
  }

  private static void awaitWell() {
    await().atMost(SOON).untilAsserted(() -> assertThat(doctor().findings()).isEmpty());
  }

  @Test
  @DisplayName("Nothing is found in a healthy cluster of two nodes with a database")
  void findsNothingWhereAllIsWell() {
    awaitWell();
  }

  @Test
  @DisplayName("The database is down, and is there again")
  void findsTheDatabaseDown() throws Exception {
    awaitWell();
    postgres.kill();
    try {
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(doctor().findings())
                      .isNotEmpty()
                      .allMatch(f -> f.startsWith("problem database: "))
                      .anyMatch(f -> f.startsWith("problem database: n1 and n2: no database (")));
    } finally {
      postgres.restart();
    }
    awaitWell();
  }

  @Test
  @DisplayName("Two clusters have one name, since their nodes look for each other elsewhere")
  void findsTwoClustersOfOneName() throws Exception {
    int port = freePort();
    try (StarlingProcess other =
        node("n3")
            .with("cluster.config", CLUSTER_CONFIG.resolve("tcp-ip.xml"))
            .with("cluster.members", "127.0.0.1:" + port)
            .with("cluster.member-port", port)
            .with("cluster.host", "127.0.0.1")
            .start()) {
      int at = other.operator().getPort();
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(doctor(List.of(), one, home, at + "-" + at).findings())
                      .singleElement()
                      .asString()
                      .startsWith("problem clusters: two clusters have the name test-")
                      .contains(
                          "the port that was asked sees n1 and n2 (members at 127.0.0.1:57",
                          "; at " + at + " is n3, which is none of them"));
    }
  }

  private static int freePort() throws IOException {
    try (ServerSocket any = new ServerSocket(0)) {
      return any.getLocalPort();
    }
  }

  @Test
  @DisplayName("A record of a node that was killed stays, since another member holds it")
  void findsAStaleRecord() throws Exception {
    HazelcastClusterManager cluster =
        new HazelcastClusterManager(
            new XmlConfigBuilder(CLUSTER_CONFIG.resolve("cluster.xml").toString())
                .build()
                .setClusterName("test-" + Integer.toHexString(home.hashCode())));
    Vertx member =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(new EventBusOptions().setHost("127.0.0.1")))
            .withClusterManager(cluster)
            .buildClustered()
            .await();
    try (StarlingProcess third = node("n3").start()) {
      IMap<Object, Object> registry = cluster.getHazelcastInstance().getMap("service.registry");
      Object key =
          registry.entrySet().stream()
              .filter(e -> e.getValue().toString().contains("\"node-name\":\"n3\""))
              .map(Map.Entry::getKey)
              .findFirst()
              .orElseThrow();
      registry.lock(key);
      try {
        third.kill();
        await()
            .atMost(SOON)
            .untilAsserted(
                () ->
                    assertThat(doctor().findings())
                        .singleElement()
                        .asString()
                        .startsWith(
                            "problem records: a stale record of user@n3 is in the registry ("
                                + key
                                + ": its node is not there, for "));
      } finally {
        registry.unlock(key);
      }
      awaitWell();
      assertThat(registry.containsKey(key)).isFalse();
    } finally {
      member.close().await();
    }
  }

  @Test
  @DisplayName("A node has another release, a clock that is five seconds ahead, and few files")
  void findsMixedVersionsAClockThatIsOffAndFewFiles() throws Exception {
    Path odd = Files.createDirectory(directory.resolve("odd"));
    StarlingProcess.Builder first = StarlingProcess.in(odd).with("node.name", "m1");
    StarlingProcess.Builder second =
        StarlingProcess.in(odd)
            .with("node.name", "m2")
            .jar(jarOfVersion("0.9.0"))
            .by("prlimit", "--nofile=1024:1024")
            .by("env", "LD_PRELOAD=/usr/$LIB/faketime/libfaketimeMT.so.1", "FAKETIME=+5s")
            .by("FAKETIME_DONT_FAKE_MONOTONIC=1", "DONT_FAKE_MONOTONIC=1");
    try (StarlingProcess m1 = started(first);
        StarlingProcess m2 = started(second)) {
      m1.awaitUp();
      m2.awaitUp();
      await()
          .atMost(SOON)
          .untilAsserted(
              () ->
                  assertThat(doctor(List.of(), m1, odd, NO_OTHERS).findings())
                      .satisfiesExactly(
                          f ->
                              assertThat(f)
                                  .startsWith("note versions: nodes run 2 versions (0.9.0 on m2; ")
                                  .endsWith(" on m1)"),
                          f ->
                              assertThat(f)
                                  .matches(
                                      "problem clocks: the clock of m2 is off"
                                          + " .it is [45] s ahead of this one."),
                          f ->
                              assertThat(f)
                                  .matches(
                                      "problem files: m2 may open few files.*"
                                          + "it may open 1024, has \\d{2,3} open.*")));
    }
  }

  private static StarlingProcess started(StarlingProcess.Builder node) throws IOException {
    return node.onAnyPort().inCluster().with("services", "gateway").launch();
  }

  private static Path jarOfVersion(String version) throws IOException {
    Path jar = Files.copy(StarlingProcess.JAR, directory.resolve("starling-" + version + ".jar"));
    try (FileSystem files = FileSystems.newFileSystem(jar)) {
      Path path = files.getPath("META-INF/MANIFEST.MF");
      Manifest manifest;
      try (InputStream in = Files.newInputStream(path)) {
        manifest = new Manifest(in);
      }
      manifest.getMainAttributes().put(Attributes.Name.IMPLEMENTATION_VERSION, version);
      try (OutputStream out = Files.newOutputStream(path)) {
        manifest.write(out);
      }
    }
    return jar;
  }

  @Test
  @DisplayName("A node that is started from this shell may open few files")
  void findsFewFilesInThisShell() throws Exception {
    String limited = "ulimit -n 1024; exec '%s' \"$@\"".formatted(SCRIPT);
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(
                        doctor(List.of(), one, home, NO_OTHERS, "bash", "-c", limited, "-")
                            .findings())
                    .singleElement()
                    .asString()
                    .startsWith("problem this shell: ")
                    .contains("ulimit -Hn is 1024"));
  }

  @Test
  @DisplayName("A port is blocked, a bus host is known to its own machine only, or is the loopback")
  void findsABlockedPortAndWrongBusHosts() throws Exception {
    Path shared = Files.createDirectory(directory.resolve("machines"));
    Secrets secrets = Secrets.in(shared.resolve("secrets"), true);
    for (String name :
        List.of(
            Secrets.PEPPER,
            Secrets.KEY_ENCRYPTION,
            Secrets.CLUSTER,
            Secrets.DATABASE,
            Secrets.OPERATOR)) {
      secrets.file(name);
    }
    try (TwoMachines machines = TwoMachines.connect()) {
      TwoMachines.name(machines.two(), TwoMachines.ADDRESS_TWO + " two.example");
      StarlingProcess.Builder right = node(shared, machines.two(), "m2", TwoMachines.ADDRESS_TWO);
      try (StarlingProcess m1 =
              node(shared, machines.one(), "m1", TwoMachines.ADDRESS_ONE).launch();
          StarlingProcess m2 = right.launch()) {
        m1.awaitUp();
        m2.awaitUp();
        awaitFindings(machines.one(), m1, shared);
        blocksThePortOfTheBus(machines, m1, shared);
        assertThat(m2.stop()).isZero();

        try (StarlingProcess named =
            node(shared, machines.two(), "m2", "two.example")
                .with("cluster.config", withoutInterfaces(shared))
                .start()) {
          awaitFindings(
              machines.one(),
              m1,
              shared,
              "problem bus: m2 hears nothing from m1 (no report in 3 s; the event bus of m2 is at"
                  + " two.example:6701: from here, the name two.example is not known)");
          named.kill();
        }
        try (StarlingProcess hidden = node(shared, machines.two(), "m2", "127.0.0.1").start()) {
          awaitFindings(
              machines.one(),
              m1,
              shared,
              "problem seeds: 10.213.0.2 is listed in cluster.members, and no member (from here,"
                  + " 10.213.0.2:5701: nothing listens there, or a firewall refuses)");
          await()
              .atMost(SOON)
              .untilAsserted(
                  () ->
                      assertThat(onMachine(machines.two(), hidden, shared).findings())
                          .contains(
                              "problem bus host: m2 can be reached from its own machine only (its"
                                  + " event bus is at 127.0.0.1:6701, and other nodes are at"
                                  + " 10.213.0.1, 10.213.0.2)"));
        }
      }
    }
  }

  /** A file of one's own may let the host be a name; the members' port is then at its address. */
  private static Path withoutInterfaces(Path directory) throws IOException {
    String file = Files.readString(CLUSTER_CONFIG.resolve("tcp-ip.xml"));
    return Files.writeString(
        directory.resolve("named.xml"), file.replaceAll("(?s)<interfaces.*?</interfaces>", ""));
  }

  private static void blocksThePortOfTheBus(TwoMachines machines, StarlingProcess m1, Path shared)
      throws Exception {
    nft(machines.two(), "add table inet blocked");
    nft(
        machines.two(),
        "add chain inet blocked in { type filter hook input priority 0; policy accept; }");
    nft(machines.two(), "add rule inet blocked in tcp dport 6701 drop");
    awaitFindings(
        machines.one(),
        m1,
        shared,
        "problem bus: m2 hears nothing from m1 (no report in 3 s; the event bus of m2 is at"
            + " 10.213.0.2:6701: from here, no answer within 1000 ms)");
    nft(machines.two(), "delete table inet blocked");
    awaitFindings(machines.one(), m1, shared);
  }

  private static void nft(String machine, String command) throws Exception {
    TwoMachines.on(machine, List.of("nft", command));
  }

  private static Diagnosis onMachine(String machine, StarlingProcess node, Path shared)
      throws Exception {
    return doctor(List.of("ip", "netns", "exec", machine), node, shared, NO_OTHERS);
  }

  private static void awaitFindings(
      String machine, StarlingProcess node, Path shared, String... findings) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () ->
                assertThat(onMachine(machine, node, shared).findings()).containsExactly(findings));
  }

  private static StarlingProcess.Builder node(
      Path shared, String machine, String name, String host) {
    return StarlingProcess.in(shared.resolve(name))
        .inNamespace(machine)
        .onAnyPort()
        .with("node.name", name)
        .with("services", "gateway")
        .with("secrets.directory", shared.resolve("secrets"))
        .with("cluster.config", CLUSTER_CONFIG.resolve("tcp-ip.xml"))
        .with("cluster.members", TwoMachines.ADDRESS_ONE + "," + TwoMachines.ADDRESS_TWO)
        .with("cluster.host", host)
        .with("cluster.port", 6701)
        .with("cluster.insecure", true)
        .arguments("-cluster");
  }
}
