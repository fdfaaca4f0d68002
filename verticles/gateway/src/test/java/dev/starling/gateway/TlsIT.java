package dev.starling.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.starling.harness.Harness;
import dev.starling.runtime.CertificateWatch;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.io.DataInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.Key;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLParameters;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** The gateway with a certificate of its own. */
class TlsIT {
  private static final int HEADERS = 1;
  private static final int RST_STREAM = 3;
  private static final int SETTINGS = 4;
  private static final int GO_AWAY = 7;
  private static final int END_STREAM = 1;
  private static final int END_HEADERS = 4;
  private static final int CANCEL = 8;
  private static final int ENHANCE_YOUR_CALM = 11;

  private static final char[] PASSWORD = "password".toCharArray();

  @TempDir private Path directory;

  private final Harness harness = Harness.start(new Shop());
  private final GatewayVerticle gateway = new GatewayVerticle();

  @AfterEach
  void stop() {
    harness.close();
  }

  private void start() {
    harness.deploy(gateway, new JsonObject().put("port", 0).put("tls", tls().toString()));
  }

  @Test
  void speaksHttp2ByAlpn() throws Exception {
    Certificate trusted = install("first");
    start();

    HttpResponse<String> answer = get(trusted, HttpClient.Version.HTTP_2);
    assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("strict-transport-security"))
        .contains("max-age=31536000; includeSubDomains");
    assertThat(get(trusted, HttpClient.Version.HTTP_1_1).version())
        .isEqualTo(HttpClient.Version.HTTP_1_1);
  }

  @Test
  void refusesABodyTooLargeOnHttp2() throws Exception {
    Certificate trusted = install("first");
    start();

    HttpResponse<String> answer =
        client(trusted, HttpClient.Version.HTTP_2)
            .send(
                HttpRequest.newBuilder(URI.create("https://localhost:" + gateway.port() + "/items"))
                    .header("content-type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofString("a".repeat(20_000)))
                    .build(),
                HttpResponse.BodyHandlers.ofString());
    assertThat(answer.statusCode()).isEqualTo(413);
    assertThat(get(trusted, HttpClient.Version.HTTP_2).statusCode()).isEqualTo(200);
  }

  @Test
  @DisplayName("HT4 Default HTTP/2 RST guard, which is kept: ends a flood of calls that are undone")
  void endsAFloodOfCallsThatAreUndone() throws Exception {
    Certificate trusted = install("first");
    start();
    try (SSLSocket socket =
        (SSLSocket)
            trusting(trusted).getSocketFactory().createSocket("localhost", gateway.port())) {
      SSLParameters parameters = socket.getSSLParameters();
      parameters.setApplicationProtocols(new String[] {"h2"});
      socket.setSSLParameters(parameters);
      socket.setSoTimeout(15_000);
      Buffer flood =
          Buffer.buffer("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
              .appendBuffer(frame(SETTINGS, 0, 0, Buffer.buffer()));
      Buffer get =
          Buffer.buffer(new byte[] {(byte) 0x82, (byte) 0x87, 0x41, 1, 'x', 0x44, 7})
              .appendString("/slow/a"); // RFC 7541: GET, https, :authority, :path
      for (int stream = 1; stream < 600; stream += 2) {
        flood
            .appendBuffer(frame(HEADERS, END_STREAM | END_HEADERS, stream, get))
            .appendBuffer(frame(RST_STREAM, 0, stream, Buffer.buffer().appendInt(CANCEL)));
      }
      socket.getOutputStream().write(flood.getBytes());

      assertThat(goAway(new DataInputStream(socket.getInputStream()))).isEqualTo(ENHANCE_YOUR_CALM);
    }
  }

  /** RFC 9113. */
  private static Buffer frame(int type, int flags, int stream, Buffer payload) {
    return Buffer.buffer()
        .appendMedium(payload.length())
        .appendByte((byte) type)
        .appendByte((byte) flags)
        .appendInt(stream)
        .appendBuffer(payload);
  }

  /** Why the server ends the connection, as soon as it says so. */
  private static int goAway(DataInputStream in) throws IOException {
    while (true) {
      int length = in.readUnsignedByte() << 16 | in.readUnsignedShort();
      int type = in.readUnsignedByte();
      in.skipNBytes(5);
      Buffer payload = Buffer.buffer(in.readNBytes(length));
      if (type == GO_AWAY) {
        return payload.getInt(4);
      }
    }
  }

  @Test
  void sendsClientsOfHttp2ElsewhereWhileItsNodeIsDrained() throws Exception {
    Certificate trusted = install("first");
    start();
    Harness.await(harness.node().desired().put("drain/test", Buffer.buffer("{}"), null, "ada"));
    await().until(() -> harness.node().directory().announcements().isEmpty());

    HttpResponse<String> answer = get(trusted, HttpClient.Version.HTTP_2);

    assertThat(answer.version()).isEqualTo(HttpClient.Version.HTTP_2);
    assertThat(answer.statusCode()).isEqualTo(503);
    assertThat(answer.headers().firstValue("connection")).isEmpty();
  }

  @Test
  @DisplayName("TL1 takes a new certificate without a restart")
  void takesANewCertificateWithoutARestart() throws Exception {
    Certificate first = install("first");
    start();
    assertThat(get(first, HttpClient.Version.HTTP_2).statusCode()).isEqualTo(200);

    Certificate second = install("second");
    await().atMost(Duration.ofSeconds(15)).until(() -> presented().equals(second));

    assertThat(get(second, HttpClient.Version.HTTP_2).version())
        .isEqualTo(HttpClient.Version.HTTP_2);
    assertThatThrownBy(() -> get(first, HttpClient.Version.HTTP_2))
        .isInstanceOf(SSLHandshakeException.class);
  }

  @Test
  void keepsItsCertificateWhenTheNewOneIsBroken() throws Exception {
    Certificate first = install("first");
    start();
    ListAppender<ILoggingEvent> logged = new ListAppender<>();
    logged.start();
    ((Logger) LoggerFactory.getLogger(CertificateWatch.class)).addAppender(logged);
    Files.writeString(tls().resolve("tls.crt"), "-----BEGIN CERTIFICATE-----\nbroken\n");
    Certificate third = make("third");
    write("third", "tls.key");
    await().atMost(Duration.ofSeconds(15)).until(() -> List.copyOf(logged.list).size() > 0);
    assertThat(logged.list.get(0).getFormattedMessage()).contains("the new one is not used");
    assertThat(get(first, HttpClient.Version.HTTP_2).statusCode()).isEqualTo(200);
    write("third", "tls.crt");

    await().atMost(Duration.ofSeconds(15)).until(() -> presented().equals(third));
  }

  @Test
  @DisplayName(
      "TL1 Default TLS protocols, which are kept: refuses old ones and plain text, prefers 1.3")
  void refusesOldProtocolsAndPlainText() throws Exception {
    Certificate trusted = install("first");
    start();

    assertThatThrownBy(() -> handshake(trusted, "TLSv1.1"))
        .isInstanceOf(SSLHandshakeException.class);
    assertThat(handshake(trusted, "TLSv1.2")).isEqualTo("TLSv1.2");
    assertThat(handshake(trusted, "TLSv1.3")).isEqualTo("TLSv1.3");
    assertThat(handshake(trusted, "TLSv1.2", "TLSv1.3")).isEqualTo("TLSv1.3");
    try (Line line = new Line(gateway.port())) {
      assertThat(line.send("GET /items/latest HTTP/1.1\r\nhost: x\r\n\r\n").untilClosed())
          .doesNotContain("HTTP/1.1 200");
    }
  }

  @Test
  void doesNotStartWithoutItsCertificate() {
    assertThatThrownBy(this::start)
        .hasMessageContaining("tls.crt")
        .hasMessageContaining("http.tls");
  }

  private Path tls() {
    return directory.resolve("tls");
  }

  private Certificate install(String name) throws Exception {
    Files.createDirectories(tls());
    Certificate made = make(name);
    write(name, "tls.key");
    write(name, "tls.crt");
    return made;
  }

  private Certificate make(String name) throws Exception {
    Path store = directory.resolve(name + ".p12");
    Process keytool =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "keytool").toString(),
                "-genkeypair",
                "-alias",
                name,
                "-keyalg",
                "EC",
                "-groupname",
                "secp256r1",
                "-dname",
                "CN=localhost,OU=" + name,
                "-ext",
                "san=dns:localhost,ip:127.0.0.1",
                "-storetype",
                "PKCS12",
                "-keystore",
                store.toString(),
                "-storepass",
                new String(PASSWORD))
            .redirectErrorStream(true)
            .redirectOutput(directory.resolve("keytool.log").toFile())
            .start();
    assertThat(keytool.waitFor(30, TimeUnit.SECONDS)).isTrue();
    assertThat(keytool.exitValue()).isZero();
    return open(name).getCertificate(name);
  }

  private KeyStore open(String name) throws Exception {
    return KeyStore.getInstance(directory.resolve(name + ".p12").toFile(), PASSWORD);
  }

  private void write(String name, String file) throws Exception {
    KeyStore store = open(name);
    Key key = store.getKey(name, PASSWORD);
    String pem =
        file.equals("tls.key")
            ? pem("PRIVATE KEY", key.getEncoded())
            : pem("CERTIFICATE", store.getCertificate(name).getEncoded());
    Path fresh = Files.writeString(directory.resolve(file + ".new"), pem);
    Files.move(fresh, tls().resolve(file), StandardCopyOption.ATOMIC_MOVE);
  }

  private static String pem(String kind, byte[] bytes) {
    return "-----BEGIN "
        + kind
        + "-----\n"
        + Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(bytes)
        + "\n-----END "
        + kind
        + "-----\n";
  }

  private HttpResponse<String> get(Certificate trusted, HttpClient.Version version)
      throws Exception {
    return client(trusted, version)
        .send(
            HttpRequest.newBuilder(
                    URI.create("https://localhost:" + gateway.port() + "/items/latest"))
                .timeout(Duration.ofSeconds(10))
                .build(),
            HttpResponse.BodyHandlers.ofString());
  }

  private static HttpClient client(Certificate trusted, HttpClient.Version version)
      throws Exception {
    return HttpClient.newBuilder().sslContext(trusting(trusted)).version(version).build();
  }

  private static SSLContext trusting(Certificate trusted) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    store.setCertificateEntry("trusted", trusted);
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private String handshake(Certificate trusted, String... protocols) throws Exception {
    try (SSLSocket socket =
        (SSLSocket)
            trusting(trusted).getSocketFactory().createSocket("localhost", gateway.port())) {
      socket.setEnabledProtocols(protocols);
      socket.startHandshake();
      return socket.getSession().getProtocol();
    }
  }

  /** The certificate that the server shows, whoever trusts it. */
  private X509Certificate presented() throws Exception {
    X509Certificate[] shown = new X509Certificate[1];
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(
        null,
        new javax.net.ssl.TrustManager[] {
          new javax.net.ssl.X509TrustManager() {
            @Override
            public void checkClientTrusted(X509Certificate[] chain, String type) {}

            @Override
            public void checkServerTrusted(X509Certificate[] chain, String type) {
              shown[0] = chain[0];
            }

            @Override
            public X509Certificate[] getAcceptedIssuers() {
              return new X509Certificate[0];
            }
          }
        },
        null);
    try (SSLSocket socket =
        (SSLSocket) context.getSocketFactory().createSocket("localhost", gateway.port())) {
      socket.startHandshake();
    }
    return shown[0];
  }
}
