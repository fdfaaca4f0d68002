package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.InputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpClient.Version;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The account pages over TLS: that of the gateway, and that of nginx in front of it. */
@Tag("machine")
@Timeout(300)
class AccountTlsIT {
  private static final String STRICT = "max-age=31536000; includeSubDomains";

  @TempDir private static Path directory;
  private static StarlingProcess plain;
  private static StarlingProcess encrypted;
  private static Nginx nginx;
  private static SSLContext trust;
  private static Map<String, URI> addresses;

  @BeforeAll
  static void start() throws Exception {
    Path tls = Authority.create("ours").certifyServer(directory.resolve("tls"));
    trust = trusting(tls.resolve("ca.crt"));
    plain = StarlingProcess.in(directory.resolve("plain")).onAnyPort().start();
    nginx = Nginx.start(directory.resolve("nginx"), tls, plain.api());
    encrypted =
        StarlingProcess.in(directory.resolve("encrypted"))
            .onAnyPort()
            .with("http.tls", tls)
            .start();
    addresses =
        Map.of(
            "nginx",
            nginx.address(),
            "gateway",
            URI.create("https://localhost:" + encrypted.api().getPort()));
    for (String server : addresses.keySet()) {
      Client client = client(server, Version.HTTP_1_1);
      await()
          .atMost(Duration.ofSeconds(60))
          .until(() -> client.register("warm").statusCode() == 409);
      await().atMost(Duration.ofSeconds(60)).until(() -> client.login("warm").statusCode() == 200);
    }
  }

  @AfterAll
  static void stop() {
    for (AutoCloseable each : new AutoCloseable[] {nginx, plain, encrypted}) {
      close(each);
    }
  }

  private static void close(AutoCloseable started) {
    try {
      if (started != null) {
        started.close();
      }
    } catch (Exception e) {
      throw new AssertionError(e);
    }
  }

  private static SSLContext trusting(Path ca) throws Exception {
    KeyStore store = KeyStore.getInstance("PKCS12");
    store.load(null, null);
    try (InputStream file = Files.newInputStream(ca)) {
      store.setCertificateEntry(
          "ca", CertificateFactory.getInstance("X.509").generateCertificate(file));
    }
    TrustManagerFactory trust =
        TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
    trust.init(store);
    SSLContext context = SSLContext.getInstance("TLS");
    context.init(null, trust.getTrustManagers(), null);
    return context;
  }

  private static Client client(String server, Version version) {
    return new Client(
        addresses.get(server), HttpClient.newBuilder().version(version).sslContext(trust).build());
  }

  private static HttpResponse<String> assertGone(HttpResponse<String> answer, String where) {
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(303);
    assertThat(answer.headers().firstValue("Location")).contains(where);
    return answer;
  }

  @ParameterizedTest
  @CsvSource({"nginx, HTTP_1_1", "nginx, HTTP_2", "gateway, HTTP_1_1", "gateway, HTTP_2"})
  @DisplayName("RT12 forms and cookies work over TLS, and no form of another origin does")
  void letsOneHaveAnAccount(String server, Version version) throws Exception {
    String name = server + "." + version.name().toLowerCase();
    Client client = client(server, version);
    Visitor visitor = new Visitor(addresses.get(server), client);
    HttpResponse<String> entrance = visitor.get("/account");
    assertThat(entrance.version()).isEqualTo(version);
    assertThat(entrance.headers().allValues("Strict-Transport-Security")).containsExactly(STRICT);

    HttpResponse<String> registered =
        assertGone(visitor.register(name), "/account?done=registered");
    assertThat(registered.headers().allValues("Set-Cookie"))
        .hasSize(3)
        .allSatisfy(set -> assertThat(set).startsWith("__Host-").contains("Secure", "Path=/;"));
    assertGone(visitor.submit("/account/sign-out"), "/account?done=signed-out");
    assertThat(visitor.get("/account").body()).contains("<h1>Sign in</h1>");

    assertGone(
        visitor.submit("/account", "username", name, "password", Client.PASSWORD), "/account");
    String token = visitor.token();
    String[] change = {"username", "new." + name, "password", Client.PASSWORD};
    for (String origin : List.of("https://evil.example", "null", "https://localhost")) {
      assertThat(
              visitor
                  .send(
                      visitor.form("/account/name", token, change).header("Origin", origin).build())
                  .statusCode())
          .as(origin)
          .isEqualTo(403);
    }
    assertThat(visitor.get("/account").body()).contains("<dd>" + name + "</dd>");
    assertGone(visitor.submit("/account/name", change), "/account?done=name");
    assertThat(visitor.get("/account").body()).contains("<dd>new." + name + "</dd>");
    assertGone(visitor.submit("/account/sign-out"), "/account?done=signed-out");
    assertThat(visitor.cookies).containsOnlyKeys("__Host-form", "__Host-device");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nginx", "gateway"})
  @DisplayName("TH8 the client's address is what the proxy adds, and what stands before is a claim")
  void knowsWhereOneComesFrom(String server) throws Exception {
    Client client = client(server, Version.HTTP_2);
    Visitor visitor = new Visitor(addresses.get(server), client);
    visitor.register("far." + server);
    String claimed = "192.0.2.1, 198.51.100.7";
    HttpRequest signIn =
        HttpRequest.newBuilder(
                visitor
                    .form(
                        "/account",
                        visitor.token(),
                        "username",
                        "far." + server,
                        "password",
                        Client.PASSWORD)
                    .build(),
                (name, value) -> !name.equalsIgnoreCase("x-forwarded-for"))
            .header("X-Forwarded-For", claimed)
            .header("Origin", visitor.origin())
            .build();
    assertGone(visitor.send(signIn), "/account");

    assertThat(visitor.get("/account").body())
        .contains("from 198.51.100.0/24")
        .doesNotContain("192.0.2.0");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nginx", "gateway"})
  @DisplayName("RT12 cookies count that HTTP/2 brings in a field each")
  void joinsTheCookiesOfHttp2(String server) throws Exception {
    Client client = client(server, Version.HTTP_2);
    Visitor visitor = new Visitor(addresses.get(server), client);
    visitor.register("crumbs." + server);
    HttpRequest.Builder crumbs = client.request("/account");
    visitor.cookies.forEach((name, value) -> crumbs.header("Cookie", name + "=" + value));
    HttpResponse<String> page = visitor.send(crumbs.build());

    assertThat(page.version()).isEqualTo(Version.HTTP_2);
    assertThat(page.body()).contains("<dd>crumbs." + server + "</dd>");
  }

  @ParameterizedTest
  @ValueSource(strings = {"nginx", "gateway"})
  @DisplayName("RT12 a real browser keeps the cookies, and says where its forms come from")
  void letsABrowserHaveAnAccount(String server) {
    try (Chromium browser = new Chromium(addresses.get(server)).anew()) {
      String name = "browser." + server;
      browser.open("/account/register").type("username", name).type("password", Client.PASSWORD);
      browser.press("Make the account").shows("Your account has been made.");
      assertThat(
              browser.run("return performance.getEntriesByType('navigation')[0].nextHopProtocol"))
          .isEqualTo("h2");
      assertThat(browser.value("__Host-access")).isNotEmpty();
      browser.press("Sign out").shows("You are signed out.");
      browser.type("username", name).type("password", Client.PASSWORD).press("Sign in");
      browser.shows("Your account").open("/account/name");
      browser.type("username", "new." + name).type("password", Client.PASSWORD);
      browser.press("Change the username").shows("Your username has been changed.");
      browser.press("Sign out").shows("You are signed out.");
    }
  }
}
