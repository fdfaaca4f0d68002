package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.hazelcast.config.XmlConfigBuilder;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Processes of the real jar with mutual TLS on the event bus ({@code cluster.tls}). */
class TlsNodesIT {
  private static final int CONNECTIONS = 1_000;
  private static final long HUGE = 256L * 1024 * 1024;

  @TempDir private Path directory;
  private Authority authority;

  @BeforeEach
  void certifies() {
    authority = Authority.create("ours");
  }

  private StarlingProcess.Builder node(String name) {
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("node.name", name)
        .with("cluster.tls", directory.resolve(name));
  }

  private StarlingProcess.Builder certified(String name) {
    authority.certify(directory.resolve(name));
    return node(name);
  }

  @Test
  void aGatewayAndAServiceOnTwoNodesRegisterAndLogIn() throws Exception {
    try (StarlingProcess users = certified("users").with("services", "user").start();
        StarlingProcess gateway = certified("gateway").with("services", "gateway").start()) {
      Client client = new Client(gateway.api());
      await().atMost(Duration.ofSeconds(20)).until(() -> served(client));
      assertThat(client.register("ada").statusCode()).isEqualTo(201);
      assertThat(client.login("ada").statusCode()).isEqualTo(200);

      Authority.create("theirs").certify(directory.resolve("foreign"));
      try (StarlingProcess foreign = node("foreign").with("services", "gateway").start()) {
        assertThat(new Client(foreign.api()).login("ada").statusCode()).isIn(503, 504);
        assertThat(client.login("ada").statusCode()).isEqualTo(200);
        assertThat(foreign.stop()).isZero();
      }
      assertThat(client.login("ada").statusCode()).isEqualTo(200);
      assertThat(users.stop()).isZero();
    }
  }

  private static boolean served(Client client) {
    return client.status("/.well-known/jwks.json") == 200;
  }

  @Test
  void aPlainMemberJoinsWithACertificate() throws Exception {
    try (StarlingProcess node =
        certified("node").with("cluster.name", directory.getFileName()).start()) {
      Path tls = authority.certify(directory.resolve("member"));
      HazelcastClusterManager cluster =
          new HazelcastClusterManager(
              new XmlConfigBuilder("../../cluster-config/cluster.xml")
                  .build()
                  .setClusterName(directory.getFileName().toString()));
      EventBusOptions bus =
          new EventBusOptions()
              .setHost("127.0.0.1")
              .setSsl(true)
              .setTrustAll(false)
              .setClientAuth(ClientAuth.REQUIRED)
              .setKeyCertOptions(
                  new PemKeyCertOptions()
                      .setCertPath(tls.resolve("tls.crt").toString())
                      .setKeyPath(tls.resolve("tls.key").toString()))
              .setTrustOptions(new PemTrustOptions().addCertPath(tls.resolve("ca.crt").toString()));
      Vertx member =
          Vertx.builder()
              .with(new VertxOptions().setEventBusOptions(bus))
              .withClusterManager(cluster)
              .buildClustered()
              .await();
      try {
        JsonObject user =
            member
                .eventBus()
                .<JsonObject>request("user.register", Client.credentials("ada"))
                .await()
                .body();
        assertThat(user.getString("username")).isEqualTo("ada");
        assertThat(new Client(node.api()).login("ada").statusCode()).isEqualTo(200);
      } finally {
        member.close().await();
      }
    }
  }

  @Test
  void refusesToStartWithACertificateThatHasExpired() throws Exception {
    authority.certify(directory.resolve("late"), Duration.ofDays(-1));
    StarlingProcess late = node("late").launch();
    assertThat(late.exitCode()).isEqualTo(1);
    assertThat(late.output().strip().lines())
        .singleElement()
        .asString()
        .startsWith("starling: cluster.tls: " + directory.resolve("late/tls.crt") + " has expired");
  }

  @Test
  @DisplayName("TL2 refuses to leave the loopback without TLS")
  void refusesToLeaveTheLoopbackWithoutTls() throws Exception {
    StarlingProcess open =
        StarlingProcess.in(directory)
            .onAnyPort()
            .inCluster()
            .with("cluster.host", "0.0.0.0")
            .launch();
    assertThat(open.exitCode()).isEqualTo(1);
    assertThat(open.output().strip().lines())
        .singleElement()
        .asString()
        .startsWith("starling: cluster.host is not loopback: set cluster.tls")
        .contains("scripts/certs", "cluster.insecure: true");
  }

  @Test
  void refusesToSendTheOperatorsTokenInClear() throws Exception {
    StarlingProcess open =
        StarlingProcess.in(directory).onAnyPort().with("operator.host", "0.0.0.0").launch();
    assertThat(open.exitCode()).isEqualTo(1);
    assertThat(open.output().strip().lines())
        .singleElement()
        .asString()
        .startsWith("starling: operator.host is not loopback")
        .contains("operator.insecure: true");
  }

  @Test
  @DisplayName("TL2 TL5 survives whatever is sent to the bus")
  void survivesWhateverIsSentToTheBus() throws Exception {
    int port = freePort();
    try (StarlingProcess node =
            certified("node")
                .with("cluster.port", port)
                .jvm("-Xmx96m", "-XX:+ExitOnOutOfMemoryError")
                .start();
        StarlingProcess other = certified("other").with("services", "gateway").start()) {
      Client client = new Client(other.api());
      await().atMost(Duration.ofSeconds(20)).until(() -> served(client));

      assertThat(client.register("ada").statusCode()).isEqualTo(201);

      List<Socket> sockets = new ArrayList<>();
      for (int i = 0; i < CONNECTIONS; i++) {
        sockets.add(new Socket("127.0.0.1", port));
        send(sockets.get(i), nonsense(i));
      }
      for (Socket socket : sockets) {
        assertThat(isHungUpOn(socket)).isTrue();
        socket.close();
      }
      try (Socket socket = new Socket("127.0.0.1", port)) {
        send(socket, HexFormat.of().parseHex("7fffffff"));
        assertThat(writtenBeforeItIsHungUpOn(socket)).isLessThan(HUGE);
      }

      assertThat(node.isAlive()).isTrue();
      assertThat(node.output()).doesNotContain("OutOfMemory", "OutOfDirectMemory");
      await().atMost(Duration.ofSeconds(30)).until(() -> client.login("ada").statusCode() == 200);
    }
  }

  /** Random bytes, frames of the bus that promise 2 GB, HTTP, and TLS that is half or wrong. */
  private static byte[] nonsense(int i) {
    byte[] bytes = new byte[16 * 1024];
    new Random(i).nextBytes(bytes);
    String head =
        switch (i % 6) {
          case 0 -> "";
          case 1 -> "7fffffff0209"; // the length of a frame, version, codec
          case 2 ->
              HexFormat.of().formatHex("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
          case 3 -> "16030340000100ffff"; // a client's greeting of 16 MiB
          case 4 -> "1603034000010000400303"; // a client's greeting, then noise
          default -> "160301ffff"; // a record larger than TLS has
        };
    byte[] known = HexFormat.of().parseHex(head);
    System.arraycopy(known, 0, bytes, 0, known.length);
    return bytes;
  }

  /** All that the other side takes before it hangs up. */
  private static void send(Socket socket, byte[] bytes) {
    try {
      OutputStream out = socket.getOutputStream();
      out.write(bytes);
    } catch (IOException e) {
      // It has hung up already.
    }
  }

  private static boolean isHungUpOn(Socket socket) throws IOException {
    socket.setSoTimeout(30_000);
    try {
      InputStream in = socket.getInputStream();
      while (in.read() >= 0) {} // an alert
      return true;
    } catch (SocketTimeoutException e) {
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  private static long writtenBeforeItIsHungUpOn(Socket socket) {
    byte[] zeros = new byte[64 * 1024];
    long written = 0;
    try {
      for (; written < HUGE; written += zeros.length) {
        socket.getOutputStream().write(zeros);
      }
    } catch (IOException e) {
      // As it should.
    }
    return written;
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }
}
