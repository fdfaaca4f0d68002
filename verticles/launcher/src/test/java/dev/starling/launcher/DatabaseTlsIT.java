package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A PostgreSQL that shows certificates, good and bad ones. */
@Timeout(180)
class DatabaseTlsIT extends UserNodes {
  private static final Authority OURS = Authority.create("ours");

  @TempDir private static Path directory;
  private static String ca;

  @BeforeAll
  static void makesCertificates() {
    ca = OURS.certify(directory.resolve("localhost")).resolve("ca.crt").toString();
    Authority.create("other").certify(directory.resolve("other/localhost"));
    OURS.certify(directory.resolve("elsewhere"));
    OURS.certify(directory.resolve("expired/localhost"), Duration.ofDays(-1));
  }

  /** Lets the server show what a directory holds. */
  private void show(String certificate) {
    Path shown = directory.resolve(certificate);
    try {
      Files.setPosixFilePermissions(
          shown.resolve("tls.key"), PosixFilePermissions.fromString("rw-------"));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
    execute("ALTER SYSTEM SET ssl_cert_file = '" + shown.resolve("tls.crt") + "'");
    execute("ALTER SYSTEM SET ssl_key_file = '" + shown.resolve("tls.key") + "'");
    encrypt("on");
  }

  private void encrypt(String state) {
    execute("ALTER SYSTEM SET ssl = " + state);
    execute("SELECT pg_reload_conf()");
    await().until(() -> text("SHOW ssl").contains(state));
  }

  private static JsonObject database(String host, String parameters) {
    return new JsonObject().put("url", url().replace("127.0.0.1", host) + parameters);
  }

  private String refusal(JsonObject database) {
    Future<String> started = deploy(node(), config(database));
    Harness.await(started.otherwiseEmpty());
    assertThat(started.failed()).as("refused").isTrue();
    String reason = Terminal.reason(started.cause());
    assertThat(reason).doesNotContain("0123456789abcdef").doesNotContain("\n");
    return reason;
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "?sslmode=verify-full", "?sslmode=disable"})
  @DisplayName("TL3 with a CA every connection is encrypted, whatever the URL says")
  void verifies(String parameters) {
    show("localhost");
    Harness node = node();
    Harness.await(deploy(node, config(database("localhost", parameters).put("ca", ca))));
    registerAda(node);

    assertThat(
            text(
                "SELECT DISTINCT ssl::text FROM pg_stat_ssl JOIN pg_stat_activity USING (pid)"
                    + " WHERE application_name = 'starling-user'"))
        .containsExactly("true");
  }

  @ParameterizedTest
  @CsvSource({
    "other/localhost, unable to find valid certification path",
    "elsewhere, No name matching localhost found",
    "expired/localhost, CertificateExpiredException",
  })
  @DisplayName("TL3 another CA, another name and an expired certificate are refused at the start")
  void refuses(String certificate, String reason) {
    show(certificate);

    assertThat(refusal(database("localhost", "").put("ca", ca))).contains(reason);
    assertThat(
            refusal(
                database("localhost", "?sslmode=verify-full")
                    .put("migration-url", url().replace("127.0.0.1", "localhost"))
                    .put("ca", ca)))
        .contains(reason);
  }

  @Test
  @DisplayName("TL3 a certificate for a name is none for an address")
  void comparesTheAddress() {
    show("localhost");

    assertThat(refusal(database("127.0.0.1", "").put("ca", ca)))
        .contains("No subject alternative names");
  }

  @Test
  @DisplayName("TL3 a database without TLS is refused where a CA is set")
  void refusesADatabaseWithoutTls() {
    encrypt("off");

    assertThat(refusal(database("localhost", "").put("ca", ca))).contains("does not handle SSL");
  }

  @ParameterizedTest
  @CsvSource({
    "db.example, '', database.url is not loopback",
    "10.0.0.1, '', database.url is not loopback",
    "db.example, ?sslmode=disable, database.url is not loopback",
    "db.example, ?sslmode=prefer, database.url is not loopback",
    "db.example, ?sslmode=require, database.url is not loopback",
    "127.0.0.1, ?host=db.example, database.url is not loopback",
    "127.0.0.1, ?hostaddr=10.0.0.1, database.url is not loopback",
    "127.0.0.1.example, '', database.url is not loopback",
    "localhost, ?sslmode=verify-full, database.url has sslmode=verify-full: set database.ca",
    "localhost, ?sslmode=verify-ca, database.url has sslmode=verify-ca: set database.ca",
    "localhost, ?sslmode=perhaps, database.url cannot be read",
    "a@localhost, '', database.url cannot be read",
  })
  @DisplayName("TL3 TL4 what would send the password in clear is refused, and tells no password")
  void refusesToSendThePasswordInClear(String host, String parameters, String reason) {
    assertThat(refusal(database(host, parameters))).startsWith(reason);
    if (host.equals("db.example")) {
      assertThat(
              refusal(
                  database("127.0.0.1", "")
                      .put("migration-url", database(host, parameters).getString("url"))))
          .startsWith(reason.replace("database.url", "database.migration-url"));
    }
  }

  @Test
  @DisplayName("TL3 a CA that is no certificate, or not there, is refused")
  void refusesWhatIsNoCa() throws Exception {
    Path empty = Files.createFile(directory.resolve("empty"));

    assertThat(refusal(database("localhost", "").put("ca", empty.toString())))
        .isEqualTo("database.ca: " + empty + " holds no certificate in PEM");
    assertThat(refusal(database("localhost", "").put("ca", empty + "-none")))
        .isEqualTo("database.ca: " + empty + "-none cannot be read");
  }

  @Test
  @DisplayName("TL3 the node ends in one line when the certificate is another's")
  void endsInOneLine() throws Exception {
    show("elsewhere");
    StarlingProcess refused =
        StarlingProcess.in(directory.resolve("node"))
            .onAnyPort()
            .with("database.url", database("localhost", "").getString("url"))
            .with("database.ca", ca)
            .launch();

    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.output().strip().lines())
        .filteredOn(line -> !line.matches("\\S+ (INFO|WARN) .*"))
        .singleElement()
        .asString()
        .startsWith("starling: ")
        .contains("No name matching localhost found");
  }
}
