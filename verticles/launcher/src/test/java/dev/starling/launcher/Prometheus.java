package dev.starling.launcher;

import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * Debian's Prometheus with what is in {@code conf/prometheus}, in times that a test can wait for:
 * it reads the nodes every 3 s, ranges are 15 to 30 s, and what is wrong for a second is told.
 */
final class Prometheus implements AutoCloseable {
  static final Path CONF = Path.of("../../conf/prometheus");

  /** Seconds for which a registry that was not read is none too old. */
  static final int STALE = 7;

  private static final String AGE = "starling_directory_age_seconds > ";
  private static final Pattern RANGE = Pattern.compile("\\[(\\d+[mh])]");
  private static final Pattern FOR = Pattern.compile("\\bfor: (?!0s)\\S+");
  private static final Map<String, String> SHORTER =
      Map.of("5m", "15s", "30m", "20s", "1h", "20s", "6h", "30s");

  private final Process process;
  private final Path configuration;
  private final Path log;
  private final Client client;

  private Prometheus(Process process, Path configuration, Path log, URI address) {
    this.process = process;
    this.configuration = configuration;
    this.log = log;
    this.client = new Client(address);
  }

  /** Starts one that reads all of these operator ports, and the flock from the first. */
  static Prometheus start(Path directory, List<URI> operators) throws IOException {
    Files.createDirectories(directory);
    Path configuration =
        Files.writeString(directory.resolve("prometheus.yml"), configuration(operators));
    Files.writeString(
        directory.resolve("alerts.yml"),
        shorter(Files.readString(CONF.resolve("alerts.yml")).replace(AGE + 30, AGE + STALE)));
    Path log = directory.resolve("log");
    String address = "127.0.0.1:" + freePort();
    Process process =
        new ProcessBuilder(
                "prometheus",
                "--config.file=" + configuration,
                "--storage.tsdb.path=" + directory.resolve("data"),
                "--web.listen-address=" + address,
                "--enable-feature=exemplar-storage",
                "--log.level=warn")
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    Prometheus started =
        new Prometheus(process, configuration, log, URI.create("http://" + address));
    try {
      await()
          .atMost(Duration.ofSeconds(30))
          .failFast(() -> !process.isAlive())
          .until(() -> started.client.status("/-/ready") == 200);
    } catch (RuntimeException | Error e) {
      started.close();
      throw new AssertionError(started.log(), e);
    }
    return started;
  }

  /** From now on it reads these. */
  void watch(List<URI> operators) throws IOException, InterruptedException {
    Files.writeString(configuration, configuration(operators));
    new ProcessBuilder("kill", "-HUP", Long.toString(process.pid())).start().waitFor();
  }

  private static String configuration(List<URI> operators) throws IOException {
    List<String> targets = operators.stream().map(o -> '"' + o.getAuthority() + '"').toList();
    return Files.readString(CONF.resolve("prometheus.yml"))
        .replace("scrape_interval: 15s", "scrape_interval: 3s")
        .replace("evaluation_interval: 15s", "evaluation_interval: 1s")
        .replace("[\"127.0.0.1:9090\", \"127.0.0.1:9091\"]", targets.toString())
        .replace("[\"127.0.0.1:9090\"]", targets.subList(0, 1).toString());
  }

  /** A rule or query as the head of alerts.yml says that a test shortens it. */
  static String shorter(String text) {
    return FOR.matcher(RANGE.matcher(text).replaceAll(Prometheus::shorter)).replaceAll("for: 1s");
  }

  private static String shorter(MatchResult range) {
    return Matcher.quoteReplacement("[" + SHORTER.get(range.group(1)) + "]");
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  /** What a query finds now: labels and a value each. */
  List<JsonObject> query(String expression) throws IOException, InterruptedException {
    return list(
        ask("/api/v1/query?query=" + encode(expression), JsonObject.class).getJsonArray("result"));
  }

  /** Traces of calls that the buckets of a query name, of the last minutes. */
  List<String> traces(String expression) throws IOException, InterruptedException {
    long now = System.currentTimeMillis() / 1_000;
    String range = "&start=" + (now - 600) + "&end=" + (now + 60);
    String path = "/api/v1/query_exemplars?query=" + encode(expression) + range;
    return list(ask(path, JsonArray.class)).stream()
        .flatMap(series -> list(series.getJsonArray("exemplars")).stream())
        .map(exemplar -> exemplar.getJsonObject("labels").getString("trace_id"))
        .toList();
  }

  /** Alerts that fire now, whole. */
  List<JsonObject> alerts() throws IOException, InterruptedException {
    return list(ask("/api/v1/alerts", JsonObject.class).getJsonArray("alerts")).stream()
        .filter(alert -> alert.getString("state").equals("firing"))
        .toList();
  }

  /** The names of those. */
  Set<String> firing() throws IOException, InterruptedException {
    return alerts().stream()
        .map(alert -> alert.getJsonObject("labels").getString("alertname"))
        .collect(Collectors.toCollection(TreeSet::new));
  }

  /** What it says of each port that it reads. */
  List<JsonObject> targets() throws IOException, InterruptedException {
    return list(ask("/api/v1/targets", JsonObject.class).getJsonArray("activeTargets"));
  }

  private <T> T ask(String path, Class<T> type) throws IOException, InterruptedException {
    JsonObject answer = new JsonObject(client.get(path).body());
    if (!answer.getString("status").equals("success")) {
      throw new AssertionError(answer.encode());
    }
    return type.cast(answer.getValue("data"));
  }

  private static String encode(String text) {
    return URLEncoder.encode(text, StandardCharsets.UTF_8);
  }

  private static List<JsonObject> list(JsonArray array) {
    return array.stream().map(JsonObject.class::cast).toList();
  }

  String log() throws IOException {
    return Files.readString(log);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
