package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationTest {
  private static final String CANARY = "c4n4ry";

  @Test
  void defaultsHoldWithoutAnyLayer() throws Exception {
    Configuration configuration = environment(Map.of());

    assertThat(configuration.integer("http.port")).isEqualTo(8080);
    assertThat(configuration.flag("http.insecure")).isFalse();
    assertThat(configuration.bytes("http.body-limit")).isEqualTo(16 * 1024);
    assertThat(configuration.duration("user.refresh-token-idle")).isEqualTo(Duration.ofDays(7));
    assertThat(configuration.list("services")).containsExactly("all");
    assertThat(configuration.list("http.cors")).isEmpty();
    assertThat(configuration.text("node.name")).isEmpty();
    assertThat(configuration.text("database.url")).isEmpty();
    assertThat(configuration.path("data.directory"))
        .isEqualTo(Path.of(System.getProperty("user.home"), ".starling"));
    assertThat(configuration.section("greeting")).isEmpty();
    assertThat(configuration.isConfigured("http.port")).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          node.name                   | node-1.rack_2           | node-1.rack_2
          log.level                   | debug                   | debug
          http.port                   | 0                       | 0
          http.port                   | 65535                   | 65535
          http.port                   | ' 8081 '                | 8081
          user.password-minimum-length| 64                      | 64
          http.insecure               | true                    | true
          cluster.insecure            | false                   | false
          user.hash-wait              | 500ms                   | PT0.5S
          user.access-token-lifetime  | 900s                    | PT15M
          user.key-lifetime           | 30d                     | PT720H
          drain.timeout               | 2m                      | PT2M
          drain.timeout               | 0s                      | PT0S
          user.session-lifetime       | 36h                     | PT36H
          user.session-lifetime       | 365d                    | PT8760H
          http.body-limit             | 1024                    | 1024
          http.body-limit             | 2KiB                    | 2048
          http.body-limit             | 64MiB                   | 67108864
          services                    | all                     | [all]
          services                    | user, gateway           | [user, gateway]
          http.cors                   | https://a.example:8443  | [https://a.example:8443]
          http.cors                   | ''                      | []
          gateway.routes              | /api/login=user,/a=b    | [/api/login=user, /a=b]
          auth.keys                   | user.keys               | user.keys
          data.directory              | /var/lib/starling       | /var/lib/starling
          http.tls                    | tls                     | tls
          http.tls                    | ''                      | ''
          database.url                | postgres://h/d          | postgres://h/d
          """)
  void aValueIsReadAccordingToItsType(String path, String text, String expected) throws Exception {
    Configuration configuration = environment(Map.of(variable(path), text));

    assertThat(read(configuration, path)).hasToString(expected);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          http.port                   | 65536     | 65536    | a port from 0 to 65535
          http.port                   | -1        | -1       | a port from 0 to 65535
          http.port                   | http      | http     | a port from 0 to 65535
          http.port                   | ''        | nothing  | a port from 0 to 65535
          http.port                   | 99999999999999 | 99999999999999 | a port from 0 to 65535
          user.password-minimum-length| 7         | 7        | a whole number from 8 to 64
          user.password-minimum-length| 65        | 65       | a whole number from 8 to 64
          user.hash-queue             | 0         | 0        | a whole number from 1 to 10000
          database.pool-size          | 1.5       | 1.5      | a whole number from 1 to 1000
          http.insecure               | yes       | yes      | true or false
          http.insecure               | TRUE      | TRUE     | true or false
          http.insecure               | ''        | nothing  | true or false
          drain.timeout               | 10        | 10       | a number with a unit (ms, s, m, h or d)
          drain.timeout               | 10 s      | 10 s     | a number with a unit
          drain.timeout               | -1s       | -1s      | a number with a unit
          drain.timeout               | 5w        | 5w       | a number with a unit
          drain.timeout               | 99999999999s | 99999999999s | a number with a unit
          user.access-token-lifetime  | 0s        | 0s       | from 1s to 900s
          user.access-token-lifetime  | 901s      | 901s     | from 1s to 900s
          http.body-limit             | 16KB      | 16KB     | a size from 1KiB to 64MiB
          http.body-limit             | 1023      | 1023     | a size from 1KiB to 64MiB
          http.body-limit             | 999999999GiB | 999999999GiB | a size from 1KiB to 64MiB
          log.level                   | loud      | loud     | one of trace, debug, info, warn, error
          log.level                   | INFO      | INFO     | one of trace, debug, info, warn, error
          node.name                   | a b       | a b      | letters, digits
          http.host                   | ''        | nothing  | a host name or an address
          services                    | ''        | nothing  | a list of service names
          services                    | user,,a   | user,,a  | a list of service names
          services                    | User      | User     | a list of service names
          gateway.routes              | login     | login    | prefix=service
          http.cors                   | *         | *        | origins such as https://app.example
          auth.keys                   | keys      | keys     | service.operation
          data.directory              | ''        | nothing  | a path
          """)
  void aMistakeNamesThePathTheOriginWhatWasFoundAndWhatIsExpected(
      String path, String text, String found, String expected) {
    String variable = variable(path);

    assertThat(mistakes(Map.of(variable, text), Map.of()))
        .singleElement()
        .asString()
        .startsWith("%s (environment %s): found %s; expected ".formatted(path, variable, found))
        .contains(expected);
  }

  @Test
  void aPathWithAnImpossibleCharacterIsAMistake() {
    assertThat(mistakes(Map.of("STARLING_DATA_DIRECTORY", "a\0b"), Map.of()))
        .containsExactly(
            "data.directory (environment STARLING_DATA_DIRECTORY): found a?b; expected a path");
  }

  @Test
  void tildeIsTheHomeDirectoryOnlyInFront() throws Exception {
    String home = System.getProperty("user.home");

    assertThat(environment(Map.of("STARLING_HTTP_TLS", "~")).text("http.tls")).isEqualTo(home);
    assertThat(environment(Map.of("STARLING_HTTP_TLS", "~/a")).path("http.tls"))
        .isEqualTo(Path.of(home, "a"));
    assertThat(environment(Map.of("STARLING_HTTP_TLS", "/a/~b")).text("http.tls"))
        .isEqualTo("/a/~b");
    assertThat(environment(Map.of("STARLING_HTTP_TLS", "~bob/a")).text("http.tls"))
        .isEqualTo("~bob/a");
  }

  @Test
  void aSystemPropertyIsStrongerThanTheEnvironment() throws Exception {
    Configuration configuration =
        load(
            Map.of("STARLING_HTTP_PORT", "8081", "STARLING_OPERATOR_PORT", "9091"),
            Map.of("starling.http.port", "8082"));

    assertThat(configuration.integer("http.port")).isEqualTo(8082);
    assertThat(configuration.integer("operator.port")).isEqualTo(9091);
    assertThat(configuration.print())
        .contains("http.port = 8082  # system property\n")
        .contains("operator.port = 9091  # environment STARLING_OPERATOR_PORT\n")
        .contains("cluster.port = 0  # default\n");
  }

  @Test
  void unknownNamesComeWithTheNearestKnownOneOfTheirLayerAndNeverWithTheirValue() {
    assertThat(
            mistakes(
                Map.of("STARLING_DATABASE_ULR", CANARY), Map.of("starling.database.ur", CANARY)))
        .containsExactly(
            "STARLING_DATABASE_ULR (environment): no such setting; the nearest is"
                + " STARLING_DATABASE_URL",
            "starling.database.ur (system property): no such setting; the nearest is"
                + " starling.database.url");
  }

  @Test
  void namesOfOthersAreLeftAlone() throws Exception {
    Configuration configuration =
        load(Map.of("HTTP_PORT", "x", "starling_http_port", "x"), Map.of("http.port", "x"));

    assertThat(configuration.integer("http.port")).isEqualTo(8080);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          STARLING_SERVICE_HOST                 | 10.96.0.7
          STARLING_SERVICE_HOST                 | fd00::7
          STARLING_SERVICE_PORT                 | 8080
          STARLING_SERVICE_PORT_HTTP            | 8080
          STARLING_SERVICE_PORT_HTTP_ALT        | 8080
          STARLING_PORT                         | tcp://10.96.0.7:8080
          STARLING_PORT                         | tcp://[fd00::7]:8080
          STARLING_PORT_8080_TCP                | tcp://10.96.0.7:8080
          STARLING_PORT_8080_TCP_PROTO          | tcp
          STARLING_PORT_8080_TCP_PORT           | 8080
          STARLING_PORT_8080_TCP_ADDR           | 10.96.0.7
          STARLING_PORT_5353_UDP                | udp://10.96.0.7:5353
          STARLING_GATEWAY_SERVICE_HOST         | 10.96.0.7
          STARLING_GATEWAY_PORT                 | tcp://10.96.0.7:80
          STARLING_HTTP_SERVICE_PORT            | 80
          STARLING_HTTP_PORT_80_TCP_ADDR        | 10.96.0.7
          """)
  void aLinkToAServiceIsNoSetting(String name, String value) throws Exception {
    assertThat(environment(Map.of(name, value)).print()).isEqualTo(environment(Map.of()).print());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          STARLING_SERVICE_HOST                 | db.example
          STARLING_SERVICE_HOST                 | ''
          STARLING_SERVICE_PORT                 | http
          STARLING_SERVICE_PORT_                | 8080
          STARLING_PORT                         | 8080
          STARLING_PORT                         | tcp://10.96.0.7
          STARLING_PORT                         | http://10.96.0.7:8080
          STARLING_PORT                         | tcp://u:c4n4ry@10.96.0.7:8080
          STARLING_PORT_8080                    | tcp://10.96.0.7:8080
          STARLING_PORT_8080_TCP                | 8080
          STARLING_PORT_8080_TCP_NAME           | tcp
          STARLING_OPERATR_PORT                 | 9090
          STARLING_HOST                         | 10.96.0.7
          """)
  void whatOnlyLooksLikeALinkIsAMistake(String name, String value) {
    assertThat(mistakes(Map.of(name, value), Map.of()))
        .singleElement()
        .asString()
        .startsWith(name + " (environment): no such setting")
        .doesNotContain(CANARY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"http.port", "operator.port", "cluster.port"})
  void aLinkInThePlaceOfASettingIsAMistake(String path) {
    assertThat(mistakes(Map.of(variable(path), "tcp://10.96.0.7:80"), Map.of()))
        .containsExactly(
            "%s (environment %s): found tcp://10.96.0.7:80; expected a port from 0 to 65535"
                .formatted(path, variable(path)));
  }

  @Test
  void everyMistakeOfEveryLayerIsReportedAtOnceOneALine() {
    List<String> mistakes =
        mistakes(
            Map.of("STARLING_HTTP_PORT", "x", "STARLING_DRAIN_TIMEOUT", "1\n2"),
            Map.of("starling.http.port", "8080", "starling.log.level", "x"));

    assertThat(mistakes)
        .extracting(line -> line.substring(0, line.indexOf(' ')))
        .containsExactlyInAnyOrder("http.port", "drain.timeout", "log.level");
    assertThat(mistakes).noneMatch(line -> line.contains("\n"));
  }

  @Test
  void theMessageIsAllMistakes() {
    ConfigurationException e =
        catchThrowableOfType(
            ConfigurationException.class,
            () -> environment(Map.of("STARLING_HTTP_PORT", "x", "STARLING_LOG_LEVEL", "x")));

    assertThat(e.getMessage().lines()).containsExactlyElementsOf(e.mistakes()).hasSize(2);
    assertThat(e).hasNoCause();
  }

  @Test
  void aHugeValueDoesNotDrownTheMessage() {
    assertThat(mistakes(Map.of("STARLING_HTTP_PORT", "9".repeat(100_000)), Map.of()))
        .allSatisfy(line -> assertThat(line).hasSizeLessThan(300));
    assertThat(mistakes(Map.of("STARLING_" + "X".repeat(100_000), "1"), Map.of()))
        .allSatisfy(line -> assertThat(line).hasSizeLessThan(300));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          postgresql://bob:c4n4ry@db.example:5432/star    | postgresql://bob:******@db.example:5432/star
          postgresql://bob:c4n4ry@[::1]:5432/star         | postgresql://bob:******@[::1]:5432/star
          postgresql://bob:c4n@c4n4ry@db.example/star     | postgresql://bob:******@db.example/star
          postgresql://bob:c4n/c4n4ry@db.example/star     | postgresql://bob:******@db.example/star
          postgresql://bob:c4n#?c4n4ry@db.example/star    | postgresql://bob:******@db.example/star
          postgresql://db/star?user=bob&password=c4n4ry   | postgresql://db/star?******
          postgresql://bob:x@db/star?password=c4n4ry      | postgresql://bob:******@db/star?******
          postgresql://bob:c4n4ry@a:1,b:2/star            | ******
          postgresql://bob:c4n4ry                         | ******
          postgresql://bob:c4n4ry/star                    | ******
          postgresql:// bob:c4n4ry @db                    | ******
          postgresql://db:5432/star                       | postgresql://db:5432/star
          postgresql://bob@db/star                        | postgresql://bob@db/star
          """)
  void thePasswordInADatabaseUrlIsNeverPrinted(String url, String printed) throws Exception {
    Configuration configuration = environment(Map.of("STARLING_DATABASE_URL", url));

    assertThat(configuration.text("database.url")).isEqualTo(url);
    assertThat(configuration.print())
        .contains("database.url = " + printed + "  # environment STARLING_DATABASE_URL\n")
        .doesNotContain(CANARY);
    assertThat(configuration.shown().encode())
        .contains("\"value\":\"" + printed + "\",\"origin\":\"environment STARLING_DATABASE_URL\"")
        .doesNotContain(CANARY);
    assertThat(configuration.toString()).doesNotContain(CANARY);
  }

  @Test
  @DisplayName("TL4 a password on the command line is refused, and not told")
  void refusesASecretOnTheCommandLine() throws Exception {
    assertThat(
            mistakes(
                Map.of(), Map.of("starling.database.url", "postgresql://bob:c4n4ry@db.example/d")))
        .containsExactly(
            "database.url (system property): everybody on this machine can read a command line;"
                + " use STARLING_DATABASE_URL_FILE");
    assertThat(
            load(Map.of(), Map.of("starling.database.url", "postgresql://bob@db.example/d"))
                .text("database.url"))
        .isEqualTo("postgresql://bob@db.example/d");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "jdbc:postgresql://bob:c4n4ry@db/star",
        "mysql://bob:c4n4ry@db/star",
        "c4n4ry",
        "bob:c4n4ry@db",
      })
  void aRefusedSecretIsNotInTheMessage(String url) {
    assertThat(mistakes(Map.of("STARLING_DATABASE_URL", url), Map.of()))
        .singleElement()
        .asString()
        .contains("******", "expected postgresql://user:password@host:port/database")
        .doesNotContain(CANARY);
  }

  @ParameterizedTest
  @ValueSource(strings = {"postgresql://bob:c4n4ry@db/star", "bob:c4n4ry@db star"})
  void aSecretInTheWrongPlaceIsNotInTheMessageEither(String secret) {
    assertThat(
            mistakes(Map.of("STARLING_HTTP_PORT", secret, "STARLING_HTTP_CORS", secret), Map.of()))
        .hasSize(2)
        .noneMatch(line -> line.contains(CANARY));
  }

  @Test
  void onlyWhatSomebodySetIsConfigured() throws Exception {
    Configuration configuration =
        load(
            Map.of("STARLING_HTTP_PORT", "8080", "STARLING_SECRETS_DIRECTORY", ""),
            Map.of("starling.operator.port", "9090", "starling.http.cors", ""));

    assertThat(configuration.isConfigured("http.port")).isTrue();
    assertThat(configuration.isConfigured("operator.port")).isTrue();
    assertThat(configuration.isConfigured("cluster.port")).isFalse();
    assertThat(configuration.isConfigured("secrets.directory")).isFalse();
    assertThat(configuration.isConfigured("http.cors")).isFalse();
  }

  @Test
  void askingForAnUndeclaredPathOrAnotherTypeIsAProgrammingError() throws Exception {
    Configuration configuration = environment(Map.of());

    assertThatIllegalArgumentException()
        .isThrownBy(() -> configuration.integer("http.prot"))
        .withMessage("http.prot: no such setting");
    assertThatIllegalArgumentException().isThrownBy(() -> configuration.text("http.prot"));
    assertThatIllegalArgumentException().isThrownBy(() -> configuration.isConfigured("http.prot"));
    assertThatIllegalArgumentException().isThrownBy(() -> configuration.text("http.port"));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> configuration.path("secrets.directory"))
        .withMessage("secrets.directory: the setting is empty or no Path");
  }

  @Test
  void printsEverySettingOnceInTheOrderOfTheDeclaration() throws Exception {
    assertThat(environment(Map.of()).print().lines())
        .extracting(line -> line.substring(0, line.indexOf(' ')))
        .containsExactlyElementsOf(Settings.ALL.stream().map(Setting::path).toList());
  }

  @Test
  void propertiesThatAreNoTextAreLeftAlone() throws Exception {
    Properties properties = new Properties();
    properties.put("starling.http.port", 1);

    assertThat(Configuration.load(Optional.empty(), Map.of(), properties).integer("http.port"))
        .isEqualTo(8080);
  }

  private static Object read(Configuration configuration, String path) {
    Class<?> type = Settings.by(Setting::path).get(path).type().java();
    if (type == Integer.class) {
      return configuration.integer(path);
    } else if (type == Boolean.class) {
      return configuration.flag(path);
    } else if (type == Duration.class) {
      return configuration.duration(path);
    } else if (type == Long.class) {
      return configuration.bytes(path);
    } else if (type == List.class) {
      return configuration.list(path);
    }
    return configuration.text(path);
  }

  private static String variable(String path) {
    return Settings.by(Setting::path).get(path).environmentVariable();
  }

  private static List<String> mistakes(
      Map<String, String> environment, Map<String, String> properties) {
    ConfigurationException e =
        catchThrowableOfType(ConfigurationException.class, () -> load(environment, properties));
    assertThat(e).isNotNull();
    return e.mistakes();
  }

  private static Configuration environment(Map<String, String> environment)
      throws ConfigurationException {
    return load(environment, Map.of());
  }

  @Test
  void leavesTheVariablesOfTheCommandLineAlone() throws Exception {
    Map<String, String> ofOperators =
        Map.of("STARLING_OPERATOR", "http://127.0.0.1:9090", "STARLING_TOKEN_FILE", "/run/token");
    assertThat(load(ofOperators, Map.of()).integer("operator.port")).isEqualTo(9090);
  }

  private static Configuration load(Map<String, String> environment, Map<String, String> properties)
      throws ConfigurationException {
    Properties system = new Properties();
    system.putAll(new HashMap<>(properties));
    return Configuration.load(Optional.empty(), environment, system);
  }
}
