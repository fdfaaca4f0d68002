package dev.starling.launcher;

import static dev.starling.launcher.Authority.YEAR;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import com.hazelcast.config.Config;
import dev.starling.runtime.Certificate;
import dev.starling.runtime.CertificateWatch;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.eventbus.impl.codecs.StringMessageCodec;
import io.vertx.core.http.ClientAuth;
import io.vertx.core.spi.cluster.ClusterManager;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.UUID;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** Who may speak on the event bus when it speaks TLS, and what happens to all others. */
class ClusterTlsIT {
  private static final Path FILE =
      Path.of("../../cluster-config/tcp-ip.xml").toAbsolutePath().normalize();
  private static final Duration PATIENCE = Duration.ofSeconds(20);
  private static final Logger WATCH = (Logger) LoggerFactory.getLogger(CertificateWatch.class);

  private static Authority authority;
  private static Authority foreign;

  @TempDir private Path directory;
  private final List<Vertx> started = new ArrayList<>();
  private final Queue<String> received = new ConcurrentLinkedQueue<>();
  private final ListAppender<ILoggingEvent> logged = new ListAppender<>();
  private final String name = "test-" + UUID.randomUUID();
  private List<Integer> ports;

  @BeforeAll
  static void certifies() {
    ClusterNode.quieten();
    authority = Authority.create("ours");
    foreign = Authority.create("theirs");
  }

  @BeforeEach
  void listens() throws IOException {
    List<ServerSocket> sockets = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      sockets.add(new ServerSocket(0, 1, InetAddress.getLoopbackAddress()));
    }
    ports = sockets.stream().map(ServerSocket::getLocalPort).toList();
    for (ServerSocket socket : sockets) {
      socket.close();
    }
    WATCH.setLevel(Level.INFO);
    logged.start();
    WATCH.addAppender(logged);
  }

  @AfterEach
  void stops() {
    WATCH.detachAppender(logged);
    started.forEach(vertx -> vertx.close().await());
  }

  @Test
  void passesMessagesBothWays() {
    Vertx one = node("one", authority);
    Vertx two = node("two", authority);

    assertThat(ask(one, "two")).isEqualTo("two");
    assertThat(ask(two, "one")).isEqualTo("one");
    assertThat(received).hasSize(2);
  }

  @Test
  @DisplayName("TL2 Default EventBusOptions.clientAuth and trustAll: not with another authority")
  void exchangesNothingWithANodeOfAnotherAuthority() {
    Vertx one = node("one", authority);
    Vertx two = node("two", authority);
    Vertx three = impostor("three", foreign);

    assertUnreachable(one, "three");
    assertUnreachable(three, "one");
    assertThat(ask(one, "two")).isEqualTo("two");
    assertThat(ask(two, "one")).isEqualTo("one");
    assertThat(ask(three, "three")).isEqualTo("three");
  }

  @Test
  void trustsEachAuthorityOfItsFile() throws IOException {
    certificate("one", authority);
    certificate("two", foreign);
    Path one = directory.resolve("one/ca.crt");
    Path two = directory.resolve("two/ca.crt");
    String both = Files.readString(one) + Files.readString(two);
    Files.writeString(one, both);
    Files.writeString(two, both);

    assertThat(ask(node("one"), "one")).isEqualTo("one");
    assertThat(ask(node("two"), "one")).isEqualTo("one");
  }

  @Test
  void refusesANodeWithoutTlsAndOneWithItAmongOthersWithout() {
    node("one", authority);

    assertThatThrownBy(() -> start("two", cluster("two", Optional.empty())))
        .isInstanceOf(ClusterException.class)
        .hasMessage(
            "either this node or node one at 127.0.0.1:%d has no cluster.tls:"
                + " both need it, or neither",
            ports.get(0));
  }

  @Test
  void exchangesNothingWithAPlainMemberWithoutTls() {
    Vertx one = node("one", authority);
    Vertx two = node("two", authority);
    Vertx member =
        start(
            "three",
            new HazelcastClusterManager(config("three")),
            new EventBusOptions().setHost("127.0.0.1"));

    assertUnreachable(member, "one");
    assertUnreachable(one, "three");
    assertThat(ask(one, "two")).isEqualTo("two");
    assertThat(ask(two, "one")).isEqualTo("one");
  }

  @Test
  @DisplayName("TL2 Default EventBusOptions.ssl: takes no message from a connection without TLS")
  void takesNoMessageFromAConnectionWithoutTls() throws Exception {
    Cluster open = cluster("one", Optional.empty());
    start("one", open);
    inject(open.getNodeInfo().port(), "one", "plain");
    await().until(() -> received.contains("one: plain")); // It is a message, on a bus without TLS.
    started.remove(0).close().await();

    Cluster secured = cluster("two", Optional.of(certificate("two", authority)));
    start("two", secured);
    inject(secured.getNodeInfo().port(), "two", "plain");
    Vertx three = node("three", authority);
    assertThat(ask(three, "two")).isEqualTo("two");
    assertThat(received).doesNotContain("two: plain");
  }

  @Test
  @DisplayName("TL2 Default clientAuth: asks for a certificate with its own new one, too")
  void usesNewCertificatesAndANewAuthorityForNewConnections() {
    Vertx one = watching("one", authority);
    Vertx two = watching("two", authority);
    assertThat(ask(one, "two")).isEqualTo("two");

    foreign.certify(directory.resolve("one"));
    foreign.certify(directory.resolve("two"));
    await().atMost(PATIENCE).until(() -> said("the certificate has been replaced") == 2);

    Vertx three = node("three", foreign);
    assertThat(ask(three, "one")).isEqualTo("one"); // its server, and its client for the reply
    assertThat(ask(three, "two")).isEqualTo("two");
    assertThat(ask(one, "two")).isEqualTo("two"); // over the connection there was
    Vertx four = impostor("four", authority);
    assertUnreachable(four, "one");
    assertUnreachable(one, "four");
  }

  @Test
  void goesOnWithItsCertificateWhenTheNewOneIsBroken() throws IOException {
    watching("one", authority);
    Path key = directory.resolve("one/tls.key");
    String whole = Files.readString(key);
    Files.writeString(key, whole.substring(0, 60));
    await().atMost(PATIENCE).until(() -> said("tls.key holds no private key for tls.crt") == 1);

    assertThat(ask(node("two", authority), "one")).isEqualTo("one");
    authority.certify(directory.resolve("one"));
    await().atMost(PATIENCE).until(() -> said("the certificate has been replaced") == 1);
    assertThat(ask(node("three", authority), "one")).isEqualTo("one");
    assertThat(said("tls.key holds no private key for tls.crt")).isEqualTo(1);
  }

  @Test
  void saysWhenACertificateExpiresSoon() {
    authority.certify(directory.resolve("soon"), Duration.ofDays(14).minusMinutes(1));
    authority.certify(directory.resolve("later"), Duration.ofDays(14).plusMinutes(1));
    Vertx vertx = Vertx.vertx();
    started.add(vertx);
    for (String node : List.of("soon", "later")) {
      Certificate certificate = Certificate.ofMember("cluster.tls", directory.resolve(node));
      SimpleMeterRegistry meters = new SimpleMeterRegistry();
      new CertificateWatch(vertx, certificate, meters, changed -> Future.succeededFuture());
      assertThat(
              meters.get("starling.certificate.left").tag("setting", "cluster.tls").gauge().value())
          .isBetween(13.9 * 86_400, 14.1 * 86_400);
    }

    assertThat(logged.list)
        .singleElement()
        .satisfies(
            event ->
                assertThat(event.getFormattedMessage())
                    .startsWith("cluster.tls: the certificate expires in 13 days, on 2"));
  }

  @Test
  void saysInOneLineWhyACertificateCannotBeUsed() throws IOException {
    Path tls = directory.resolve("tls");
    assertRefused("tls.crt does not exist");
    authority.certify(tls, Duration.ofMinutes(-1));
    assertRefused("tls.crt has expired on 2");
    authority.certify(tls, YEAR.plusDays(1));
    assertRefused("tls.crt is not valid before 2");
    authority.certifyServer(tls);
    assertRefused("tls.crt would be refused by the other nodes, see ca.crt: Extended key usage");
    Authority.create("old", Duration.ofMinutes(-1)).certify(tls);
    assertRefused("ca.crt has expired on 2");

    Path other = foreign.certify(directory.resolve("other"));
    authority.certify(tls);
    Files.copy(other.resolve("tls.key"), replaced(tls.resolve("tls.key")));
    assertRefused("tls.key is not the key of tls.crt");
    authority.certify(tls);
    Files.copy(other.resolve("ca.crt"), replaced(tls.resolve("ca.crt")));
    assertRefused("tls.crt would be refused by the other nodes, see ca.crt: ");

    for (String broken : List.of("", "words", "-----BEGIN CERTIFICATE-----\nMIIB", "\0\0\0")) {
      for (String file : List.of("tls.crt", "ca.crt")) {
        authority.certify(tls);
        Files.writeString(tls.resolve(file), broken);
        assertRefused(file + " holds no certificate");
      }
      authority.certify(tls);
      Files.writeString(tls.resolve("tls.key"), broken);
      assertRefused("tls.key holds no private key for tls.crt in PEM");
    }
    for (String file : List.of("tls.crt", "tls.key", "ca.crt")) {
      authority.certify(tls);
      Files.delete(tls.resolve(file));
      assertRefused(file + " does not exist");
      Files.createDirectory(tls.resolve(file));
      assertRefused(file + " cannot be read (IOException)");
      Files.delete(tls.resolve(file));
    }
  }

  private void assertRefused(String reason) {
    Path tls = directory.resolve("tls");
    assertThatThrownBy(() -> Certificate.ofMember("cluster.tls", tls))
        .isInstanceOf(Certificate.Unusable.class)
        .hasMessageStartingWith("cluster.tls: " + tls + "/" + reason)
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(400).doesNotContain("\n"));
  }

  private static Path replaced(Path file) throws IOException {
    Files.delete(file);
    return file;
  }

  private long said(String text) {
    return List.copyOf(logged.list).stream()
        .filter(event -> event.getFormattedMessage().contains(text))
        .count();
  }

  private Certificate certificate(String node, Authority by) {
    return Certificate.ofMember("cluster.tls", by.certify(directory.resolve(node)));
  }

  private Vertx node(String node, Authority by) {
    by.certify(directory.resolve(node));
    return node(node);
  }

  private Vertx node(String node) {
    Certificate certificate = Certificate.ofMember("cluster.tls", directory.resolve(node));
    return start(node, cluster(node, Optional.of(certificate)));
  }

  /** A member that trusts everybody and is only given a certificate of the wrong authority. */
  private Vertx impostor(String node, Authority by) {
    EventBusOptions lax = new EventBusOptions().setHost("127.0.0.1");
    ClusterTls.secure(lax, certificate(node, by));
    lax.setTrustAll(true).setClientAuth(ClientAuth.NONE);
    return start(node, new HazelcastClusterManager(config(node)), lax);
  }

  private Vertx watching(String node, Authority by) {
    Certificate certificate = certificate(node, by);
    Vertx vertx = start(node, cluster(node, Optional.of(certificate)));
    ClusterTls.watch(vertx, certificate, new SimpleMeterRegistry());
    return vertx;
  }

  private Cluster cluster(String node, Optional<Certificate> certificate) {
    return new Cluster(config(node), node, "aa", certificate);
  }

  private Config config(String node) {
    int port = ports.get(List.of("one", "two", "three", "four").indexOf(node));
    return ClusterConfig.read(
        Optional.of(FILE),
        Map.of(
            "STARLING_CLUSTER_NAME",
            name,
            "STARLING_CLUSTER_HOST",
            "127.0.0.1",
            "STARLING_CLUSTER_MEMBERS",
            ports.stream().map(p -> "127.0.0.1:" + p).collect(Collectors.joining(",")),
            "STARLING_CLUSTER_MEMBER_PORT",
            Integer.toString(port)));
  }

  private Vertx start(String node, Cluster cluster) {
    return start(node, cluster, cluster.eventBus("127.0.0.1", 0));
  }

  private Vertx start(String node, ClusterManager cluster, EventBusOptions bus) {
    Vertx vertx =
        Vertx.builder()
            .with(new VertxOptions().setEventBusOptions(bus))
            .withClusterManager(cluster)
            .buildClustered()
            .await();
    started.add(vertx);
    vertx
        .eventBus()
        .<String>consumer(
            node,
            message -> {
              received.add(node + ": " + message.body());
              message.reply(node);
            })
        .completion()
        .await();
    return vertx;
  }

  private static Object ask(Vertx vertx, String node) {
    DeliveryOptions patient = new DeliveryOptions().setSendTimeout(PATIENCE.toMillis());
    return vertx.eventBus().request(node, "?", patient).await().body();
  }

  /** Neither the message arrives nor an answer. */
  private void assertUnreachable(Vertx vertx, String node) {
    int before = received.size();
    DeliveryOptions impatient = new DeliveryOptions().setSendTimeout(2_000);
    assertThatThrownBy(() -> vertx.eventBus().request(node, "?", impatient).await())
        .isInstanceOfSatisfying(
            ReplyException.class, e -> assertThat(e.failureType()).isEqualTo(ReplyFailure.TIMEOUT));
    assertThat(received).hasSize(before);
  }

  /** Writes one message of the bus's protocol, and waits until the other side hangs up or not. */
  private static void inject(int port, String address, String body) throws IOException {
    Buffer message =
        Buffer.buffer()
            .appendByte((byte) 2)
            .appendByte(new StringMessageCodec().systemCodecID())
            .appendByte((byte) 0);
    text(message, address);
    message.appendInt(0);
    text(message, "somebody");
    message.appendInt(4);
    text(message, body);
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(1_000);
      socket
          .getOutputStream()
          .write(Buffer.buffer().appendInt(message.length()).appendBuffer(message).getBytes());
      try {
        socket.getInputStream().read();
      } catch (IOException e) {
        // Hung up on, or kept without an answer.
      }
    }
  }

  private static void text(Buffer message, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    message.appendInt(bytes.length).appendBytes(bytes);
  }
}
