package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
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
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
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
 * leave it well; faults that do not meddle with each other are injected together. The last looks
 * that each alert of the file has been told and has ended, so that a new one needs a fault here.
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

  /**
   * Seconds after which a node that is silent is no member any more: longer than {@link
   * Prometheus#STALE}, so that whoever waits for it cannot read the registry meanwhile.
   */
  private static final int SILENT = 13;

  private static final JsonObject FAILING = new JsonObject().put("share", 1).put("error", true);
  private static final JsonObject SLOW = new JsonObject().put("share", 1).put("delay", 700);

  @TempDir private static Path directory;
  private static Authority authority;
  private static Postgres postgres;
  private static StarlingProcess one;
  private static StarlingProcess two;

  /** Belongs to another cluster by mistake. */
  private static StarlingProcess astray;

  private static Orders orders;
  private static Prometheus prometheus;
  private static final ScheduledExecutorService VISITORS = Executors.newScheduledThreadPool(4);

  /** Alerts that have fired, and those of them that ended. */
  private static final Set<String> TOLD = new TreeSet<>();

  private static final Set<String> ENDED = new TreeSet<>();

  @BeforeAll
  static void watchACluster() throws Exception {
    authority = Authority.create("ours");
    authority.certify(directory.resolve("one"), Duration.ofDays(2));
    authority.certify(directory.resolve("two"), Duration.ofDays(200));
    postgres = new Postgres(directory);
    one = node("one").launch();
    two =
        node("two")
            .arguments(
                "-services", BlockingVerticle.jar(directory.resolve("blocking.jar")).toString())
            .launch();
    astray =
        StarlingProcess.in(directory)
            .onAnyPort()
            .inCluster()
            .with("cluster.name", "astray")
            .with("services", "gateway")
            .launch();
    one.awaitUp();
    two.awaitUp();
    astray.awaitUp();
    orders = new Orders(one, directory);
    prometheus =
        Prometheus.start(
            directory.resolve("prometheus"),
            List.of(one.operator(), two.operator(), astray.operator()));
    Client client = new Client(one.api());
    patiently().until(() -> Set.of(201, 409).contains(register(client)));
    for (int i = 0; i < 4; i++) {
      VISITORS.scheduleWithFixedDelay(
          new Visits(List.of(one.api(), two.api()), i), 0, 300, TimeUnit.MILLISECONDS);
    }
  }

  /** A node, or Prometheus, of which a test asks too much may be asked again. */
  private static ConditionFactory patiently() {
    return await().atMost(SOON).pollInterval(LOOK).ignoreExceptionsInstanceOf(IOException.class);
  }

  private static int register(Client client) throws IOException, InterruptedException {
    return client.register("ada").statusCode();
  }

  private static StarlingProcess.Builder node(String name) throws IOException {
    Path cluster =
        Files.writeString(
            directory.resolve("cluster.xml"),
            Files.readString(ROOT.resolve("cluster-config/cluster.xml"))
                .replace(
                    "max.no.heartbeat.seconds\">8<", "max.no.heartbeat.seconds\">" + SILENT + "<"));
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("node.name", name)
        .with("cluster.config", cluster)
        .with("cluster.tls", directory.resolve(name))
        .with("cluster.minimum-size", 2)
        .with("faults.enabled", true)
        .with("database.url", postgres.url());
  }

  /** Whatever of them has been started. */
  @AfterAll
  static void stop() throws Exception {
    VISITORS.shutdownNow();
    for (AutoCloseable part : new AutoCloseable[] {prometheus, astray, two, one, postgres}) {
      if (part != null) {
        part.close();
      }
    }
  }

  /** What a user does all the time, whether or not it succeeds. */
  private static final class Visits implements Runnable {
    private final List<URI> nodes;
    private int next;
    private String token = "";

    private Visits(List<URI> nodes, int first) {
      this.nodes = nodes;
      this.next = first;
    }

    @Override
    public void run() {
      int i = next++;
      Client client = new Client(nodes.get(i % nodes.size()));
      try {
        if (i % 20 < 2) {
          token = logIn(client, token);
        }
        client.get("/api/users/me", token);
      } catch (IOException e) {
        // A node of which a test asks too much: the next request goes to the other.
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }

    private static String logIn(Client client, String before)
        throws IOException, InterruptedException {
      HttpResponse<String> answer = client.loginOnce("ada");
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

  private static String promtool(String input, String... arguments)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("promtool"));
    command.addAll(List.of(arguments));
    Process process =
        new ProcessBuilder(command)
            .directory(Prometheus.CONF.toFile())
            .redirectErrorStream(true)
            .start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  @Order(1)
  void promtoolFindsNothingWrongWithConfigurationRulesAndTheirTests() throws Exception {
    promtool("", "check", "config", "prometheus.yml");
    promtool("", "check", "rules", "alerts.yml");
    assertThat(promtool("", "test", "rules", "alerts.test.yml")).contains("SUCCESS");
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
  void tellsOfOldCertificatesAndKeysSlowCallsANodeElsewhereAndOneThatIsKilled() throws Exception {
    Set<String> alerts =
        Set.of(
            "StarlingCertificateEnds",
            "StarlingCertificateExpires",
            "StarlingSigningKeyOld",
            "StarlingCallsSlow",
            "StarlingClusterSplit");
    orders.want("fault/user@one", SLOW);
    orders.want("fault/user@two", SLOW);
    postgres.query("UPDATE signing_keys SET active_at = active_at - interval '33 days'");
    try {
      fire(alerts, Cause.LASTS);
    } finally {
      orders.wantNoLonger("fault/user@one");
      orders.wantNoLonger("fault/user@two");
      postgres.query(
          "UPDATE signing_keys SET active_at = active_at + interval '33 days'"
              + " WHERE active_at < now() - interval '32 days'");
    }
    authority.certify(directory.resolve("one"));
    astray.kill();
    fire(Set.of("StarlingNodeLost"), Cause.LASTS);
    prometheus.watch(List.of(one.operator(), two.operator()));
    resolves(alerts, "StarlingNodeLost");
    patiently().until(() -> !prometheus.traces("starling_calls_seconds_bucket").isEmpty());
    assertThat(prometheus.traces("starling_calls_seconds_bucket"))
        .allMatch(trace -> trace.matches("[0-9a-f]{32}"));
    assertThat(prometheus.targets())
        .hasSize(3)
        .allMatch(target -> target.getString("health").equals("up"));
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
    TOLD.addAll(alerts);
    System.out.printf("%s after %.1f s%n", alerts, (System.nanoTime() - begin) / 1e9);
  }

  /** Its name, once what it says of the case has been filled in. */
  private static String nameOf(JsonObject alert) {
    assertThat(alert.getJsonObject("annotations").encode())
        .doesNotContain("<no value>", "{{", "<error");
    return alert.getJsonObject("labels").getString("alertname");
  }

  private static void resolves(Set<String> alerts, String... more) {
    Set<String> all = new TreeSet<>(alerts);
    all.addAll(List.of(more));
    long begin = System.nanoTime();
    patiently()
        .untilAsserted(() -> assertThat(prometheus.firing()).doesNotContainAnyElementsOf(all));
    all.retainAll(TOLD);
    ENDED.addAll(all);
    System.out.printf("%s ended after %.1f s%n", all, (System.nanoTime() - begin) / 1e9);
  }

  private interface Cause {
    Cause LASTS = () -> {};

    void happen() throws Exception;
  }

  @Test
  @Order(4)
  void tellsOfGuessesStolenTokensFullQueuesADrainedNodeAndABlockedEventLoop() throws Exception {
    Set<String> alerts =
        Set.of(
            "StarlingLoginsFail",
            "StarlingTokensReused",
            "StarlingHashesShed",
            "StarlingNodeDraining",
            "StarlingNodeNotReady",
            "StarlingEventLoopBlocked");
    resolves(alerts);
    Client client = new Client(one.api());
    Client other = new Client(two.api());
    other.sendLater(
        other.post(BlockingVerticle.PATH, new JsonObject().put("millis", 3_000).encode()));
    orders.want("limits", new JsonObject().put("user.hash-permits", 1).put("user.hash-queue", 1));
    orders.want("drain/two", new JsonObject());
    try {
      fire(
          alerts,
          () -> {
            useTwice(client);
            for (int i = 0; i < 16; i++) {
              client.loginOnce("nobody");
            }
            Stream.generate(() -> logInLater(client))
                .limit(5)
                .toList()
                .forEach(CompletableFuture::join);
          });
    } finally {
      orders.wantNoLonger("drain/two");
      orders.wantNoLonger("limits");
    }
    resolves(alerts);
  }

  private static CompletableFuture<HttpResponse<String>> logInLater(Client client) {
    return client.sendLater(client.post("/api/login", Client.credentials("ada").encode()));
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
  @SuppressWarnings("try") // what is locked stays so until the end of the block
  void tellsOfALockInTheDatabaseAndThenOfAnInstanceThatFails() throws Exception {
    Set<String> database = Set.of("StarlingDatabasePoolExhausted", "StarlingDatabaseTimesOut");
    Set<String> instance =
        Set.of(
            "StarlingBreakerOpen",
            "StarlingErrorBudgetBurnsFast",
            "StarlingErrorBudgetBurnsSlowly");
    resolves(database);
    resolves(instance);
    Client client = new Client(two.api());
    String token = "Bearer " + new JsonObject(client.login("ada").body()).getString("access_token");
    // Of calls that are slow few are under way at a time: too few for more connections than one.
    orders.want("limits", new JsonObject().put("database.pool-size", 1));
    try (Postgres.Lock users = postgres.lock("users")) {
      fire(
          database,
          () -> {
            for (int i = 0; i < 8; i++) {
              client.sendLater(
                  client.request("/api/users/me").header("Authorization", token).build());
            }
          });
    } finally {
      orders.wantNoLonger("limits");
    }
    orders.want("fault/user@one", FAILING);
    try {
      fire(instance, Cause.LASTS);
    } finally {
      orders.wantNoLonger("fault/user@one");
    }
    resolves(database);
    resolves(instance);
  }

  @Test
  @Order(6)
  void showsDataInEveryPanelOfTheDashboards() throws Exception {
    patiently() // Log-ins of the last seconds are among it.
        .untilAsserted(() -> assertThat(panelsWithoutData()).isEmpty());
    int queries = Dashboard.all().stream().mapToInt(d -> d.queries().size()).sum();
    assertThat(queries).isGreaterThan(40);
  }

  private static List<String> panelsWithoutData() throws Exception {
    List<String> wrong = new ArrayList<>();
    for (Dashboard dashboard : Dashboard.all()) {
      for (Dashboard.Query query : dashboard.queries()) {
        List<JsonObject> found = prometheus.query(Prometheus.shorter(query.within(INTERVAL)));
        wrong.addAll(query.complaints(found));
      }
    }
    return wrong;
  }

  /** What operators are promised to see of a cluster; hedged calls there are none. */
  private static final List<String> METERS =
      List.of(
          "starling_calls_seconds_bucket{outcome='ok'}",
          "starling_calls_seconds_count{outcome='internal'}",
          "starling_operations_seconds_bucket{outcome='ok'}",
          "starling_operations_seconds_count{outcome='overloaded'}",
          "starling_breaker_state",
          "starling_breaker_transitions_total{to='open'}",
          "starling_calls_in_flight",
          "starling_calls_retried_total",
          "starling_directory_instances > 2",
          "starling_directory_age_seconds",
          "starling_event_loop_lag_seconds_bucket",
          "starling_user_database_used",
          "starling_user_database_waiting",
          "starling_user_database_timeouts_total",
          "starling_user_hashes_waiting",
          "starling_user_hashes_shed_total",
          "starling_user_sessions",
          "jvm_memory_used_bytes",
          "jvm_gc_pause_seconds_count",
          "jvm_threads_live_threads",
          "process_cpu_usage",
          "starling_build_info{version!='', java!=''} == 1",
          "starling_flock_calls_seconds_bucket",
          "starling_flock_operations_seconds_bucket");

  @Test
  @Order(7)
  void hasTheMetersThatOperatorsArePromisedByNamesThatPrometheusAsksFor() throws Exception {
    for (String meter : METERS) {
      assertThat(prometheus.query(meter)).as(meter).isNotEmpty();
    }
    for (StarlingProcess node : List.of(one, two)) {
      for (String page : List.of("/metrics", "/metrics/cluster")) {
        String metrics = new Client(node.operator()).get(page).body();
        assertThat(metrics).contains("starling_");
        assertThat(promtool(metrics, "check", "metrics")).as(page).isEmpty();
      }
    }
  }

  @Test
  @Order(8)
  void tellsOfANodeThatStandsStill() throws Exception {
    Set<String> alerts = Set.of("StarlingDirectoryStale", "StarlingNodeFenced", "StarlingNodeLost");
    resolves(alerts);
    two.freeze();
    try {
      fire(alerts, Cause.LASTS);
    } finally {
      two.thaw();
    }
    patiently().untilAsserted(() -> assertThat(prometheus.firing()).as(prometheus.log()).isEmpty());
    resolves(alerts);
  }

  @Test
  @Order(9)
  void hasToldOfEachAlertThatThereIsAndOfItsEnd() throws Exception {
    List<String> all =
        rules().stream().map(rule -> (String) rule.get("alert")).filter(n -> n != null).toList();
    assertThat(all).isNotEmpty();
    assertThat(TOLD).as("alerts that fired").containsExactlyInAnyOrderElementsOf(all);
    assertThat(ENDED).as("alerts that ended").containsExactlyInAnyOrderElementsOf(all);
  }
}
