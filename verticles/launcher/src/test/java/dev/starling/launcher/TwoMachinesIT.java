package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.runtime.Secrets;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Two machines with a cable between them, as network namespaces: nodes that find each other by the
 * files of cluster-config. Needs root, iproute2 and curl.
 */
@Tag("machine")
class TwoMachinesIT {
  private static final Path CLUSTER_CONFIG = Path.of("../../cluster-config").toAbsolutePath();
  private static final String ID = Long.toString(ProcessHandle.current().pid(), 36);
  private static final String ONE = "starling-1-" + ID;
  private static final String TWO = "starling-2-" + ID;

  @TempDir private Path directory;

  @BeforeEach
  void connects() throws Exception {
    String cable = "s1-" + ID;
    String end = "s2-" + ID;
    ip("netns add " + ONE);
    ip("netns add " + TWO);
    ip("link add " + cable + " netns " + ONE + " type veth peer name " + end + " netns " + TWO);
    ip("-n " + ONE + " address add 10.213.0.1/24 dev " + cable);
    ip("-n " + TWO + " address add 10.213.0.2/24 dev " + end);
    for (String link : List.of(ONE + " link set lo", ONE + " link set " + cable)) {
      ip("-n " + link + " up");
    }
    for (String link : List.of(TWO + " link set lo", TWO + " link set " + end)) {
      ip("-n " + link + " up");
    }
  }

  /** The cable goes with its ends. */
  @AfterEach
  void removes() throws Exception {
    String there = ip("netns list");
    for (String namespace : List.of(ONE, TWO)) {
      if (there.contains(namespace)) {
        ip("netns delete " + namespace);
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"multicast.xml", "tcp-ip.xml"})
  void areOneCluster(String file) throws Exception {
    try (StarlingProcess one = node(file, ONE, "10.213.0.1", "all").start();
        StarlingProcess two = node(file, TWO, "10.213.0.2", "gateway").start()) {
      String login = two.api() + "/api/login";
      String user = Client.credentials("ada").encode();

      await().atMost(Duration.ofSeconds(20)).until(() -> post(login, user).equals("401"));
      assertThat(post(two.api() + "/api/users", user)).isEqualTo("201");
      assertThat(post(login, user)).isEqualTo("200");

      assertThat(one.stop()).as(one.output()).isZero();
      await().atMost(Duration.ofSeconds(20)).until(() -> post(login, user).equals("503"));
      assertThat(two.stop()).as(two.output()).isZero();
    }
  }

  private StarlingProcess.Builder node(
      String file, String namespace, String address, String services) {
    Path shared = directory.resolve("secrets");
    Secrets secrets = Secrets.in(shared, true);
    for (String name :
        List.of(
            Secrets.PEPPER,
            Secrets.KEY_ENCRYPTION,
            Secrets.CLUSTER,
            Secrets.DATABASE,
            Secrets.OPERATOR)) {
      secrets.file(name);
    }
    StarlingProcess.Builder node =
        StarlingProcess.in(directory.resolve(address))
            .inNamespace(namespace)
            .onAnyPort()
            .with("services", services)
            .with("secrets.directory", shared)
            .with("cluster.config", CLUSTER_CONFIG.resolve(file))
            .with("cluster.host", address)
            .with("cluster.insecure", true)
            .arguments("-cluster");
    return file.equals("tcp-ip.xml") ? node.with("cluster.members", "10.213.0.1,10.213.0.2") : node;
  }

  /** The status of a request on the second machine. */
  private static String post(String address, String body) throws Exception {
    return run(
        List.of("ip", "netns", "exec", TWO),
        List.of("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "20"),
        List.of("-H", "Content-Type: application/json", "-d", body, address));
  }

  private static String ip(String arguments) throws Exception {
    return run(List.of("ip"), List.of(arguments.split(" ")));
  }

  @SafeVarargs
  private static String run(List<String>... parts) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    for (List<String> part : parts) {
      command.addAll(part);
    }
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(30, TimeUnit.SECONDS)).as(command.toString()).isTrue();
    assertThat(process.exitValue()).as(command + ": " + output).isZero();
    return output;
  }
}
