package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A signal that comes while the node is still starting, at several moments of that. */
class StoppedStartIT {
  @TempDir private Path directory;

  @ParameterizedTest
  @CsvSource({
    "alone, data, secrets",
    "alone, data/postgresql, binaries-*.partial-*",
    "alone, data/postgresql, data.partial-*",
    "alone, data/postgresql/data, postmaster.pid",
    "cluster, data/secrets, cluster",
    "cluster, data/postgresql/data, postmaster.pid",
  })
  void endsWithZeroAndLeavesNothingRunning(String mode, String folder, String file)
      throws Exception {
    try (StarlingProcess starting = node(mode).launch()) {
      await()
          .atMost(Duration.ofSeconds(60))
          .pollInterval(Duration.ofMillis(5))
          .until(() -> !starting.isAlive() || holds(directory.resolve(folder), file));

      assertThat(starting.stop()).as(starting.output()).isZero();
      assertThat(starting.output()).doesNotContain("starling:", "ERROR");
    }
    await().atMost(Duration.ofSeconds(10)).until(() -> programs().isEmpty());
    assertThat(directory.resolve("data/postgresql/data/postmaster.pid")).doesNotExist();
  }

  @Test
  void servesAfterAStartThatWasStopped() throws Exception {
    try (StarlingProcess starting = StarlingProcess.in(directory).onAnyPort().launch()) {
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> holds(directory.resolve("data"), "postgresql"));
      assertThat(starting.stop()).as(starting.output()).isZero();
    }
    try (StarlingProcess node = StarlingProcess.in(directory).onAnyPort().start()) {
      assertThat(new Client(node.api()).register("ada").statusCode()).isEqualTo(201);
    }
  }

  /** The services wait for a database that never answers, as far as the operator's port. */
  @Test
  void endsWithZeroWhileItsServicesAreStarting() throws Exception {
    int port = freePort();
    try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        StarlingProcess starting =
            StarlingProcess.in(directory)
                .onAnyPort()
                .with("operator.port", port)
                .with("database.url", "postgresql://u:p@127.0.0.1:" + silent.getLocalPort() + "/d")
                .launch()) {
      Client operator = new Client(URI.create("http://127.0.0.1:" + port));
      await().atMost(Duration.ofSeconds(60)).until(() -> operator.status("/health/ready") == 503);

      assertThat(starting.stop()).as(starting.output()).isZero();
      assertThat(starting.output()).doesNotContain("starling:");
    }
  }

  private StarlingProcess.Builder node(String mode) throws IOException {
    StarlingProcess.Builder node = StarlingProcess.in(directory).onAnyPort();
    if (mode.equals("alone")) {
      return node;
    }
    int port = freePort();
    return node.inCluster()
        .with("cluster.config", Path.of("../../cluster-config/tcp-ip.xml").toAbsolutePath())
        .with("cluster.host", "127.0.0.1")
        .with("cluster.member-port", port)
        .with("cluster.members", "127.0.0.1:" + port);
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  private static boolean holds(Path folder, String file) throws IOException {
    if (!Files.isDirectory(folder)) {
      return false;
    }
    try (DirectoryStream<Path> found = Files.newDirectoryStream(folder, file)) {
      return found.iterator().hasNext();
    }
  }

  /** Processes of PostgreSQL that run from this directory. */
  private List<Long> programs() {
    return ProcessHandle.allProcesses()
        .filter(p -> p.info().command().filter(c -> c.startsWith(directory + "/")).isPresent())
        .map(ProcessHandle::pid)
        .toList();
  }
}
