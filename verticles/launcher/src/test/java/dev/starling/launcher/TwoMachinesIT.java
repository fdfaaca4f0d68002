package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.runtime.Secrets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
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

  @TempDir private Path directory;
  private TwoMachines machines;

  @BeforeEach
  void connects() throws Exception {
    machines = TwoMachines.connect();
  }

  @AfterEach
  void removes() throws Exception {
    machines.close();
  }

  @ParameterizedTest
  @ValueSource(strings = {"multicast.xml", "tcp-ip.xml"})
  void areOneCluster(String file) throws Exception {
    try (StarlingProcess one = node(file, machines.one(), TwoMachines.ADDRESS_ONE, "all").start();
        StarlingProcess two =
            node(file, machines.two(), TwoMachines.ADDRESS_TWO, "gateway").start()) {
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
  private String post(String address, String body) throws Exception {
    return TwoMachines.on(
        machines.two(),
        Stream.of(
                List.of("curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", "-m", "20"),
                List.of("-H", "Content-Type: application/json", "-d", body, address))
            .flatMap(List::stream)
            .toList());
  }
}
