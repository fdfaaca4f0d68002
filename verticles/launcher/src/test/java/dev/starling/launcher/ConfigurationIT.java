package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigurationIT {
  private static final String CANARY = "c4n4ry";
  private static final Path CONF = Path.of("../../conf");

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          ''   | ''   | ''   | 8080 | default
          8081 | ''   | ''   | 8081 | file %s
          8081 | 8082 | ''   | 8082 | environment STARLING_HTTP_PORT
          8081 | 8082 | 8083 | 8083 | system property
          8081 | ''   | 8083 | 8083 | system property
          ''   | 8082 | 8083 | 8083 | system property
          """)
  void theStrongestLayerWinsForEachValue(
      String inFile, String inEnvironment, String inProperties, int port, String origin)
      throws Exception {
    Path file = write(inFile.isEmpty() ? "log: {level: warn}" : "http: {port: " + inFile + "}");
    Properties properties = new Properties();
    if (!inProperties.isEmpty()) {
      properties.setProperty("starling.http.port", inProperties);
    }
    Map<String, String> environment =
        inEnvironment.isEmpty() ? Map.of() : Map.of("STARLING_HTTP_PORT", inEnvironment);

    Configuration configuration = Configuration.load(Optional.of(file), environment, properties);

    assertThat(configuration.integer("http.port")).isEqualTo(port);
    assertThat(configuration.print().lines())
        .contains("http.port = " + port + "  # " + origin.formatted(file));
    assertThat(configuration.isConfigured("http.port")).isEqualTo(!origin.equals("default"));
  }

  @Test
  void everyTypeIsReadFromAFile() throws Exception {
    Configuration configuration =
        load(
            """
            node: {name: "7"}
            services: [user, gateway]
            http:
              port: "8081"
              insecure: true
              body-limit: 32KiB
              cors: https://a.example, https://b.example
              tls: ~/tls
            http.max-connections: 7
            user:
              hash-wait: 500ms
            cluster:
              # nothing set
            """);

    assertThat(configuration.text("node.name")).isEqualTo("7");
    assertThat(configuration.list("services")).containsExactly("user", "gateway");
    assertThat(configuration.integer("http.port")).isEqualTo(8081);
    assertThat(configuration.flag("http.insecure")).isTrue();
    assertThat(configuration.bytes("http.body-limit")).isEqualTo(32 * 1024);
    assertThat(configuration.list("http.cors"))
        .containsExactly("https://a.example", "https://b.example");
    assertThat(configuration.path("http.tls"))
        .isEqualTo(Path.of(System.getProperty("user.home"), "tls"));
    assertThat(configuration.integer("http.max-connections")).isEqualTo(7);
    assertThat(configuration.duration("user.hash-wait")).isEqualTo(Duration.ofMillis(500));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          'http: {port: many}'        | 'http.port (file %s): found many; expected a port from 0 to 65535'
          'http: {port: }'            | 'http.port (file %s): found nothing; expected a port from 0 to 65535'
          'http: {port: 1.5}'         | 'http.port (file %s): found 1.5; expected a port from 0 to 65535'
          'http: {port: true}'        | 'http.port (file %s): found true; expected a port from 0 to 65535'
          'http: {port: [1]}'         | 'http.port (file %s): found a list; expected a port from 0 to 65535'
          'http: {port: {a: 1}}'      | 'http.port (file %s): found a mapping; expected a port from 0 to 65535'
          'http: {insecure: 1}'       | 'http.insecure (file %s): found 1; expected true or false'
          'log: {level: off}'         | 'log.level (file %s): found false, which is no text in YAML: put it in quotes; expected one of trace, debug, info, warn, error'
          'auth: {issuer: 007}'       | 'auth.issuer (file %s): found 7, which is no text in YAML: put it in quotes; expected a name without spaces'
          'http: {host: }'            | 'http.host (file %s): found nothing; expected a host name or an address'
          'services: []'              | 'services (file %s): found nothing; expected a list of service names, gateway or all'
          'services: [user, 1]'       | 'services (file %s): found user, 1; expected a list of service names, gateway or all'
          'services: {user: 1}'       | 'services (file %s): found a mapping; expected a list of service names, gateway or all'
          'http: 8080'                | 'http (file %s): expected settings below this name, such as http.host'
          'http: {prot: 1}'           | 'http.prot (file %s): no such setting; the nearest is http.port'
          'htpp: {port: 1}'           | 'htpp.port (file %s): no such setting; the nearest is http.port'
          'htpp: {}'                  | 'htpp (file %s): no such setting; the nearest is http.port'
          'htpp: '                    | 'htpp (file %s): no such setting; the nearest is http.port'
          '{http.port: 1, http: {port: 2}}' | 'http.port (file %s): given twice, nested and with dots'
          'config: blue'              | 'config (file %s): expected service names with their settings below'
          'config: {greeting: blue}'  | 'config.greeting (file %s): expected a mapping of settings'
          'auth: {issuer: 2024-01-01}'| 'auth.issuer (file %s): found a date or a tag; put the value in quotes'
          'config: {a: {b: [!!binary aGk=]}}' | 'config.a.b (file %s): found a date or a tag; put the value in quotes'
          'config: {a: {1: b}}'       | 'config.a.1 (file %s): this key is no text in YAML: put it in quotes'
          'on: 1'                     | 'true (file %s): this key is no text in YAML: put it in quotes'
          '~: 1'                      | 'null (file %s): this key is no text in YAML: put it in quotes'
          """)
  void aMistakeInTheFileIsOneClearLine(String yaml, String mistake) throws Exception {
    Path file = write(yaml);

    assertThat(mistakes(file)).containsExactly(mistake.formatted(file));
  }

  @Test
  void mistakesOfTheFileAndOfTheEnvironmentAreReportedTogether() throws Exception {
    Path file = write("http: {port: x, prot: 1}\nlog: {level: loud}");

    assertThat(mistakes(file, Map.of("STARLING_HTTP_PORT", "8080", "STARLING_DRAIN_TIMEOUT", "1")))
        .extracting(line -> line.substring(0, line.indexOf(' ')))
        .containsExactly("http.port", "http.prot", "log.level", "drain.timeout");
  }

  @Test
  void aFileThatCannotBeReadDoesNotHideTheMistakesOfTheOtherLayers() {
    Path missing = directory.resolve("missing.yaml");

    assertThat(mistakes(missing, Map.of("STARLING_HTTP_PORT", "x")))
        .containsExactly(
            missing + ": no such file; looked for " + missing,
            "http.port (environment STARLING_HTTP_PORT): found x; expected a port from 0 to 65535");
  }

  @Test
  void aDirectoryIsRefused() {
    assertThat(mistakes(directory))
        .containsExactly(directory + ": this is a directory; expected a YAML file");
  }

  @Test
  void aLinkThatEndsNowhereIsRefused() throws IOException {
    Path link = directory.resolve("loop.yaml");
    Files.createSymbolicLink(link, link);

    assertThat(mistakes(link))
        .singleElement()
        .asString()
        .startsWith(link + ": the file cannot be read (");
  }

  @Test
  void aDeviceIsRefused() {
    assertThat(mistakes(Path.of("/dev/zero")))
        .containsExactly("/dev/zero: this is no regular file; expected a YAML file");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          'http: {port: 1}\\nhttp: {port: 2}' | , line 2, column 1: found duplicate key http
          '{tag: 1, tag: 2}'             | , line 1, column 10: found duplicate key tag
          'http: {port: 1, port: 2}'     | , line 1, column 17: found duplicate key port
          'config: {a: {b: 1, b: 2}}'    | , line 1, column 20: found duplicate key b
          'http:\\n\\tport: 1'           | , line 2, column 1: found character '\\t(TAB)' that cannot start any token
          'http: {port: 1'               | , line 1, column 15: expected ',' or '}'
          'a: b: c'                      | , line 1, column 5: mapping values are not allowed here
          '--- {}\\n--- {}'              | , line 2, column 1: but found another document
          '- http'                       | : the file holds no settings; expected lines such as 'name: value'
          '8080'                         | : the file holds no settings; expected lines such as 'name: value'
          'just text'                    | : the file holds no settings; expected lines such as 'name: value'
          'a: \\0'                       | : control character at position 3
          'a: &x {}\\nb: *x'             | : Number of aliases for non-scalar nodes exceeds the specified max=0
          'config: &x {a: *x}'           | : Number of aliases for non-scalar nodes exceeds the specified max=0
          'a: !!java.net.URL [x]'        | , line 1, column 4: found a tag (!...) or an undefined alias (*...); put
          'a: !!javax.script.ScriptEngineManager {}' | , line 1, column 4: found a tag (!...) or an undefined alias (*...); put
          'a: *c4n4ry'                   | , line 1, column 4: found a tag (!...) or an undefined alias (*...); put
          'a: !c4n4ry x'                 | , line 1, column 4: found a tag (!...) or an undefined alias (*...); put
          'a: !!int c4n4ry'              | : the file is not valid YAML
          """)
  void whatIsNoStrictYamlIsOneClearLine(String yaml, String mistake) throws Exception {
    Path file = write(yaml.replace("\\n", "\n").replace("\\t", "\t").replace("\\0", "\0"));

    assertThat(mistakes(file))
        .singleElement()
        .asString()
        .startsWith(file + mistake)
        .doesNotContain("\n", CANARY);
  }

  @Test
  void bytesThatAreNoTextAreRefused() throws IOException {
    Path file = directory.resolve("garbage.yaml");
    Files.write(file, new byte[] {(byte) 0xCA, (byte) 0xFE, (byte) 0xBA, (byte) 0xBE, 0, 1, 2});

    assertThat(mistakes(file)).containsExactly(file + ": the file is not UTF-8 text");
  }

  @Test
  void aHugeFileIsRefusedAndAFullOneIsRead() throws Exception {
    String filling = "#".repeat(ConfigurationFile.MAX_BYTES - "\nhttp.port: 1".length());

    assertThat(load(filling + "\nhttp.port: 1").integer("http.port")).isEqualTo(1);
    Path file = write(filling + "#\nhttp.port: 1");
    assertThat(mistakes(file)).containsExactly(file + ": the file is larger than 256 KiB");
  }

  @ParameterizedTest
  @MethodSource("deepNestings")
  void deepNestingIsRefused(String yaml) throws Exception {
    Path file = write(yaml);

    assertThat(mistakes(file)).containsExactly(file + ": Nesting Depth exceeded max 20");
  }

  static List<String> deepNestings() {
    return List.of(
        "[".repeat(100_000), "{a: ".repeat(50_000), "- ".repeat(100_000), "? ".repeat(50_000));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "# nothing\n", "---\n", "{}", "\uFEFF# with a mark\n", "~"})
  void aFileWithoutSettingsIsNoMistake(String yaml) throws Exception {
    assertThat(load(yaml).print()).isEqualTo(load("{}").print()).doesNotContain("# file");
  }

  @Test
  void theSectionOfAServiceIsItsOwn() throws Exception {
    Configuration configuration =
        load("config: {greeting: {colour: blue, sizes: [1, {a: b}], deep: {at: 1.5}}, user: {}}");

    assertThat(configuration.section("greeting"))
        .isEqualTo(
            new JsonObject()
                .put("colour", "blue")
                .put("sizes", new JsonArray().add(1).add(new JsonObject().put("a", "b")))
                .put("deep", new JsonObject().put("at", 1.5)));
    assertThat(configuration.section("user")).isEmpty();
    assertThat(configuration.section("other")).isEmpty();
    configuration.section("greeting").put("colour", "red");
    assertThat(configuration.section("greeting").getString("colour")).isEqualTo("blue");
  }

  @Test
  @DisplayName("TL4 a password in a file that others can read is refused, and not told")
  void refusesASecretInAFileThatOthersCanRead() throws Exception {
    Path file = write("database: {url: 'postgresql://bob:c4n4ry@db/star'}");
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));

    assertThat(mistakes(file))
        .containsExactly(
            "database.url (file "
                + file
                + "): others can read the file; chmod 600 it or use STARLING_DATABASE_URL_FILE");
    assertThat(load("database: {url: 'postgresql://bob@db/star'}").text("database.url"))
        .isEqualTo("postgresql://bob@db/star");
  }

  @Test
  @DisplayName("TL4 a secret comes from a file that a variable names, and is not printed")
  void readsASecretFromAFile() throws Exception {
    Path secret =
        Files.writeString(directory.resolve("secret"), "postgresql://bob:c4n4ry@db/star\n");
    Files.setPosixFilePermissions(secret, PosixFilePermissions.fromString("r--------"));
    Path yaml = write("database: {url: 'postgresql://bob@other/star'}");
    Configuration configuration =
        load(yaml, Map.of("STARLING_DATABASE_URL_FILE", secret.toString()));

    assertThat(configuration.text("database.url")).isEqualTo("postgresql://bob:c4n4ry@db/star");
    assertThat(configuration.print())
        .contains("database.url = postgresql://bob:******@db/star  # STARLING_DATABASE_URL_FILE ")
        .doesNotContain(CANARY);
  }

  @Test
  @DisplayName("TL4 a file for a secret that others can read, or that is missing, is refused")
  void refusesAnOpenFileForASecret() throws Exception {
    Path open = Files.writeString(directory.resolve("open"), "postgresql://bob:c4n4ry@db/star");
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));
    Path yaml = write("log: {level: warn}");
    String variable = "STARLING_DATABASE_MIGRATION_URL_FILE";
    String prefix = "database.migration-url (" + variable + " ";

    assertThat(mistakes(yaml, Map.of(variable, open.toString())))
        .containsExactly(prefix + open + "): others can read the file; chmod 600 it");
    assertThat(mistakes(yaml, Map.of(variable, open + "-none")))
        .containsExactly(prefix + open + "-none): the file cannot be read");
    assertThat(
            mistakes(
                yaml,
                Map.of(
                    variable,
                    open.toString(),
                    "STARLING_DATABASE_MIGRATION_URL",
                    "postgresql://db/star")))
        .containsExactly(prefix + open + "): given by STARLING_DATABASE_MIGRATION_URL too");
    assertThat(mistakes(yaml, Map.of("STARLING_HTTP_PORT_FILE", open.toString())))
        .singleElement()
        .asString()
        .startsWith("STARLING_HTTP_PORT_FILE (environment): no such setting");
  }

  @Test
  void noSecretOfTheFileIsPrinted() throws Exception {
    Path file =
        write(
            """
            database: {url: "postgresql://bob:c4n4ry@db:5432/star"}
            config: {mail: {password: c4n4ry, deep: {key: c4n4ry}, hosts: [c4n4ry]}}
            """);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));

    assertThat(load(file, Map.of()).print())
        .contains("database.url = postgresql://bob:******@db:5432/star  # file " + file + "\n")
        .contains("config.mail.password = ******  # file " + file + "\n")
        .doesNotContain(CANARY);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "database: c4n4ry",
        "database: {url: c4n4ry}",
        "database: {url: [c4n4ry]}",
        "database: {url: {a: c4n4ry}}",
        "database: {pasword: c4n4ry}",
        "config: c4n4ry",
        "config: {mail: c4n4ry}",
        "config: {mail: {password: \"c4n4ry}}",
        "config: {mail: {password: *c4n4ry}}",
        "config: {mail: {password: !c4n4ry}}",
        "config: {mail: {password: !c4n4ry!x}}",
        "config: {mail: {password: @c4n4ry}}",
        "config: {mail: {password: c4n4ry, password: c4n4ry}}",
        "config: {mail: {password: c4n4ry}}\nhttp: {port: x}",
        "c4n4ry",
      })
  void noSecretOfTheFileIsInAMessage(String yaml) throws Exception {
    assertThat(mistakes(write(yaml))).isNotEmpty().noneMatch(line -> line.contains(CANARY));
  }

  @Test
  void theThreadsThatReadAreGoneAfterwards() throws Exception {
    Set<Thread> before = Thread.getAllStackTraces().keySet();
    load("http: {port: 1}");

    await()
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(thread -> !before.contains(thread))
                    .extracting(Thread::getName)
                    .noneMatch(name -> name.startsWith("vert.x-")));
  }

  @Test
  void allInOneIsTheDefaultWrittenDown() throws Exception {
    Path file = CONF.resolve("all-in-one.yaml");

    assertThat(load(file, Map.of()).print().replace("file " + file, "default"))
        .isEqualTo(load("{}").print());
    assertThat(load(file, Map.of()).isConfigured("http.port")).isFalse();
  }

  @Test
  void theGatewayNodeRunsTheGatewayOnly() throws Exception {
    Configuration configuration = load(CONF.resolve("gateway.yaml"), Map.of());

    assertThat(configuration.list("services")).containsExactly("gateway");
    assertThat(configuration.list("gateway.routes")).containsExactly("/api/login=user");
  }

  @Test
  void theUserServiceNodeRunsTheUserServiceOnly() throws Exception {
    assertThat(load(CONF.resolve("user-service.yaml"), Map.of()).list("services"))
        .containsExactly("user");
  }

  @Test
  void productionTakesItsDatabaseFromTheEnvironment() throws Exception {
    String url = "postgresql://bob:c4n4ry@db/star";
    Configuration configuration =
        load(CONF.resolve("production.yaml"), Map.of("STARLING_DATABASE_URL", url));

    assertThat(configuration.text("database.url")).isEqualTo(url);
    assertThat(configuration.text("http.host")).isEqualTo("0.0.0.0");
    assertThat(configuration.isConfigured("http.tls")).isTrue();
    assertThat(configuration.flag("http.insecure")).isFalse();
    assertThat(configuration.isConfigured("cluster.tls")).isTrue();
    assertThat(configuration.flag("cluster.insecure")).isFalse();
    assertThat(configuration.path("cluster.config"))
        .isEqualTo(Path.of("cluster-config/tcp-ip.xml"));
  }

  @Test
  void everyFileInConfIsTested() throws IOException {
    try (var files = Files.list(CONF)) {
      assertThat(files.filter(Files::isRegularFile).map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder(
              "all-in-one.yaml", "gateway.yaml", "user-service.yaml", "production.yaml");
    }
  }

  private Configuration load(String yaml) throws Exception {
    return load(write(yaml), Map.of());
  }

  private static Configuration load(Path file, Map<String, String> environment)
      throws ConfigurationException {
    return Configuration.load(Optional.of(file), environment, new Properties());
  }

  private static List<String> mistakes(Path file) {
    return mistakes(file, Map.of());
  }

  private static List<String> mistakes(Path file, Map<String, String> environment) {
    ConfigurationException e =
        catchThrowableOfType(ConfigurationException.class, () -> load(file, environment));
    assertThat(e).isNotNull().hasNoCause();
    return e.mistakes();
  }

  private Path write(String yaml) throws IOException {
    return Files.writeString(directory.resolve("conf.yaml"), yaml, UTF_8);
  }
}
