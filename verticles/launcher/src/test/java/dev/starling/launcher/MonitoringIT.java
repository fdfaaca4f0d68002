package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.core.ConditionFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.yaml.snakeyaml.Yaml;

/**
 * What {@code conf/prometheus} and {@code conf/grafana} ask for is there: promtool reads them, and
 * a Prometheus that watches a real cluster tells of what befalls that. The tests share it, and
 * leave it well.
 */
@Tag("machine")
@Timeout(240)
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MonitoringIT {
  private static final Path ROOT = Path.of("../..");
  private static final Duration SOON = Duration.ofSeconds(90);
  private static final Duration LOOK = Duration.ofMillis(300);

  /** As long as the shortest range of the rules, in which there are a few readings. */
  private static final String INTERVAL = "15s";

  private static final JsonObject FAILING = new JsonObject().put("share", 1).put("error", true);
  private static final JsonObject SLOW = new JsonObject().put("share", 1).put("delay", 700);

  @TempDir private static Path directory;
  private static Authority authority;
  private static Postgres postgres;
  private static StarlingProcess one;
  private static StarlingProcess two;
  private static Orders orders;
  private static Prometheus prometheus;
  private static ExecutorService visitors;

  @BeforeAll
  static void watchACluster() throws Exception {
    authority = Authority.create("ours");
    authority.certify(directory.resolve("one"), Duration.ofDays(2));
    authority.certify(directory.resolve("two"), Duration.ofDays(200));
    postgres = new Postgres(directory);
    one = node("one").launch();
    two = second(0).launch();
    one.awaitUp();
    two.awaitUp();
    orders = new Orders(one, directory);
    prometheus =
        Prometheus.start(directory.resolve("prometheus"), List.of(one.operator(), two.operator()));
    Client client = new Client(one.api());
    patiently().until(() -> Set.of(201, 409).contains(register(client)));
    visitors = Executors.newFixedThreadPool(4);
    for (int i = 0; i < 4; i++) {
      visitors.execute(new Visits(List.of(one.api(), two.api()), i));
    }
  }

  /** A node, or Prometheus, of which a test asks too much may be asked again. */
  private static ConditionFactory patiently() {
    return await().atMost(SOON).pollInterval(LOOK).ignoreExceptionsInstanceOf(IOException.class);
  }

  private static int register(Client client) throws IOException, InterruptedException {
    return client.register("ada").statusCode();
  }

  private static StarlingProcess.Builder node(String name) {
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("node.name", name)
        .with("cluster.tls", directory.resolve(name))
        .with("cluster.minimum-size", 2)
        .with("faults.enabled", true)
        .with("database.url", postgres.url());
  }

  private static StarlingProcess.Builder second(int operatorPort) throws IOException {
    Path jar = BlockingVerticle.jar(directory.resolve("blocking.jar"));
    return node("two").with("operator.port", operatorPort).arguments("-services", jar.toString());
  }

  @AfterAll
  static void stop() {
    visitors.shutdownNow();
    prometheus.close();
    two.close();
    one.close();
    postgres.close();
  }

  /** What users do all the time, whether or not it succeeds. */
  private record Visits(List<URI> nodes, int first) implements Runnable {
    @Override
    public void run() {
      String token = "";
      for (int i = first; !Thread.currentThread().isInterrupted(); i++) {
        Client client = new Client(nodes.get(i % nodes.size()));
        try {
          if (i % 20 < 2) {
            token = logIn(client, token);
          }
          client.get("/api/users/me", token);
          TimeUnit.MILLISECONDS.sleep(300);
        } catch (IOException e) {
          // A node of which a test asks too much: the next request goes to the other.
        } catch (InterruptedException e) {
          return;
        }
      }
    }

    private static String logIn(Client client, String before)
        throws IOException, InterruptedException {
      HttpResponse<String> answer = client.login("ada");
      if (answer.statusCode() != 200) {
        return before;
      }
      JsonObject tokens = new JsonObject(answer.body());
      refresh(client, tokens.getString("refresh_token"));
      return tokens.getString("access_token");
    }
  }

  private static JsonObject refresh(Client client, String token)
      throws IOException, InterruptedException {
    String body = new JsonObject().put("refresh_token", token).encode();
    HttpResponse<String> answer = client.send(client.post("/api/refresh", body));
    return answer.statusCode() == 200 ? new JsonObject(answer.body()) : new JsonObject();
  }

  private static String promtool(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(Prometheus.CONF.toFile())
            .redirectErrorStream(true)
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  @Order(1)
  void promtoolFindsNothingWrongWithConfigurationRulesAndTheirTests() throws Exception {
    promtool("check", "config", "prometheus.yml");
    promtool("check", "rules", "alerts.yml");
    assertThat(promtool("test", "rules", "alerts.test.yml")).contains("SUCCESS");
  }

  @Test
  @Order(2)
  void eachAlertIsTestedBothWaysAndExplained() throws Exception {
    String readme = Files.readString(ROOT.resolve("README.md"));
    List<Map<String, ?>> tests = list(yaml("alerts.test.yml").get("tests"));
    Set<String> names = new TreeSet<>();
    for (Map<String, ?> rule : rules()) {
      String name = (String) rule.get("alert");
      if (name == null) {
        continue;
      }
      names.add(name);
      Map<?, ?> annotations = (Map<?, ?>) rule.get("annotations");
      assertThat(annotations.keySet().stream().map(Object::toString))
          .as(name)
          .containsExactlyInAnyOrder("summary", "description", "runbook");
      assertThat(((Map<?, ?>) rule.get("labels")).get("severity"))
          .as(name)
          .isIn("critical", "warning");
      String anchor = annotations.get("runbook").toString().replace("README.md#", "");
      assertThat(readme)
          .as(name)
          .containsPattern(
              "(?m)^\\| <a id=\"" + anchor + "\"></a>`" + name + "` \\| [^|]+ \\| [^|]+ \\|$");
      List<Boolean> fires =
          tests.stream()
              .flatMap(test -> list(test.get("promql_expr_test")).stream())
              .filter(test -> test.get("expr").toString().contains('"' + name + '"'))
              .map(test -> !((List<?>) test.get("exp_samples")).isEmpty())
              .toList();
      assertThat(fires).as("when %s fires and when it does not", name).contains(true, false);
    }
    assertThat(readme.lines().filter(line -> line.startsWith("| <a id=\"alert-")))
        .hasSameSizeAs(names);
  }

  private static List<Map<String, ?>> rules() throws IOException {
    return list(yaml("alerts.yml").get("groups")).stream()
        .flatMap(group -> list(group.get("rules")).stream())
        .toList();
  }

  private static Map<String, ?> yaml(String file) throws IOException {
    return new Yaml().load(Files.readString(Prometheus.CONF.resolve(file)));
  }

  @SuppressWarnings("unchecked")
  private static List<Map<String, ?>> list(Object value) {
    return (List<Map<String, ?>>) value;
  }

  @Test
  @Order(3)
  void readsTheNodesAndTellsOfACertificateThatEndsSoon() throws Exception {
    patiently()
        .untilAsserted(
            () ->
                assertThat(prometheus.targets())
                    .hasSize(3)
                    .allMatch(t -> t.getString("health").equals("up")));
    Set<String> ends = Set.of("StarlingCertificateEnds", "StarlingCertificateExpires");
    fire(ends, Cause.LASTS);
    authority.certify(directory.resolve("one"));
    resolves(ends);
    patiently().until(() -> !prometheus.traces("starling_calls_seconds_bucket").isEmpty());
    assertThat(prometheus.traces("starling_calls_seconds_bucket"))
        .allMatch(trace -> trace.matches("[0-9a-f]{32}"));
  }

  /** Waits until all of these are told, while something makes them so. */
  private static void fire(Set<String> alerts, Cause cause) {
    Set<String> told = new TreeSet<>();
    long begin = System.nanoTime();
    patiently()
        .untilAsserted(
            () -> {
              cause.happen();
              prometheus.alerts().forEach(alert -> told.add(nameOf(alert)));
              assertThat(told).containsAll(alerts);
            });
    System.out.printf("%s after %.1f s%n", alerts, (System.nanoTime() - begin) / 1e9);
  }

  /** Its name, once what it says of the case has been filled in. */
  private static String nameOf(JsonObject alert) {
    assertThat(alert.getJsonObject("annotations").encode())
        .doesNotContain("<no value>", "{{", "<error");
    return alert.getJsonObject("labels").getString("alertname");
  }

  /** The same, while a fault befalls the user service on both nodes. */
  private static void fire(Set<String> alerts, JsonObject fault) throws Exception {
    orders.want("fault/user@one", fault);
    orders.want("fault/user@two", fault);
    try {
      fire(alerts, Cause.LASTS);
    } finally {
      orders.wantNoLonger("fault/user@one");
      orders.wantNoLonger("fault/user@two");
    }
  }

  private static void resolves(Set<String> alerts) {
    patiently()
        .untilAsserted(() -> assertThat(prometheus.firing()).doesNotContainAnyElementsOf(alerts));
  }

  private interface Cause {
    Cause LASTS = () -> {};

    void happen() throws Exception;
  }

  @Test
  @Order(4)
  void tellsOfGuessedPasswordsStolenTokensAndADrainedNode() throws Exception {
    Set<String> alerts =
        Set.of(
            "StarlingLoginsFail",
            "StarlingTokensReused",
            "StarlingNodeDraining",
            "StarlingNodeNotReady");
    resolves(alerts);
    Client client = new Client(one.api());
    orders.want("drain/two", new JsonObject());
    try {
      fire(
          alerts,
          () -> {
            useTwice(client);
            for (int i = 0; i < 12; i++) {
              client.login("nobody");
            }
          });
    } finally {
      orders.wantNoLonger("drain/two");
    }
    resolves(alerts);
  }

  private static void useTwice(Client client) throws Exception {
    HttpResponse<String> answer = client.login("ada");
    if (answer.statusCode() == 200) {
      String first = new JsonObject(answer.body()).getString("refresh_token");
      String second = refresh(client, first).getString("refresh_token");
      refresh(client, second);
      refresh(client, first);
    }
  }

  @Test
  @Order(5)
  void tellsOfCallsThatFailAndOfBreakersThatOpen() throws Exception {
    Set<String> alerts =
        Set.of(
            "StarlingBreakerOpen",
            "StarlingErrorBudgetBurnsFast",
            "StarlingErrorBudgetBurnsSlowly");
    resolves(alerts);
    fire(alerts, FAILING);
    resolves(alerts);
  }

  @Test
  @Order(6)
  void tellsOfSlowCalls() throws Exception {
    Set<String> alerts = Set.of("StarlingCallsSlow");
    resolves(alerts);
    fire(alerts, SLOW);
    resolves(alerts);
  }

  @Test
  @Order(7)
  void tellsOfADatabaseThatDoesNotAnswer() throws Exception {
    Set<String> alerts = Set.of("StarlingDatabasePoolExhausted", "StarlingDatabaseTimesOut");
    resolves(alerts);
    postgres.freeze();
    try {
      fire(alerts, Cause.LASTS);
    } finally {
      postgres.thaw();
    }
    resolves(alerts);
  }

  @Test
  @Order(8)
  void tellsOfABlockedEventLoop() throws Exception {
    Set<String> alerts = Set.of("StarlingEventLoopBlocked");
    resolves(alerts);
    Client client = new Client(two.api());
    client.sendLater(
        client.post(BlockingVerticle.PATH, new JsonObject().put("millis", 3_000).encode()));
    fire(alerts, Cause.LASTS);
    resolves(alerts);
  }

  @Test
  @Order(9)
  void showsDataInEveryPanelOfTheDashboards() throws Exception {
    List<String> empty = new ArrayList<>();
    int queries = 0;
    try (Stream<Path> files = Files.list(ROOT.resolve("conf/grafana"))) {
      for (Path file : files.sorted().toList()) {
        JsonObject dashboard = new JsonObject(Files.readString(file));
        assertThat(dashboard.getString("uid")).isEqualTo("starling-" + name(file));
        for (Object panel : dashboard.getJsonArray("panels")) {
          for (String query : queries((JsonObject) panel)) {
            queries++;
            if (prometheus.query(query).isEmpty()) {
              empty.add(name(file) + ", " + ((JsonObject) panel).getString("title") + ": " + query);
            }
          }
        }
      }
    }
    assertThat(empty).isEmpty();
    assertThat(queries).isGreaterThan(40);
  }

  private static String name(Path file) {
    return file.getFileName().toString().replace(".json", "");
  }

  private static List<String> queries(JsonObject panel) {
    List<String> queries =
        panel.getJsonArray("targets").stream()
            .map(target -> ((JsonObject) target).getString("expr"))
            .map(query -> Prometheus.shorter(query.replace("$__rate_interval", INTERVAL)))
            .toList();
    assertThat(queries).as(panel.getString("title")).isNotEmpty().noneMatch(q -> q.contains("$"));
    return queries;
  }

  @Test
  @Order(10)
  void tellsOfANodeThatWasKilledAndOfTheOtherThatIsCutOff() throws Exception {
    Set<String> alerts = Set.of("StarlingNodeLost", "StarlingNodeFenced");
    resolves(alerts);
    int port = two.operator().getPort();
    two.kill();
    fire(alerts, Cause.LASTS);
    two = second(port).start();
    patiently().untilAsserted(() -> assertThat(prometheus.firing()).as(prometheus.log()).isEmpty());
  }
}
