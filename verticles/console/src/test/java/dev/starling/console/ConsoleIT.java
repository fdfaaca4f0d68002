package dev.starling.console;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.Event;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceVerticle;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The operator's page as it is served, and the stream that it reads. */
@Timeout(60)
class ConsoleIT {
  record Text(String text) {}

  private static final Path PAGE = Path.of("src/main/resources/dev/starling/console/page");
  private static final Operation<Text, Text> ECHO =
      Operation.query("lab", "echo", Text.class, Text.class).open();

  private static final class Lab extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(ECHO, Future::succeededFuture);
    }
  }

  private final Harness harness = Harness.start(new Lab());
  private final HttpClient http =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final List<Stream<?>> open = new ArrayList<>();
  private int port;
  private String deployment;
  private String token;

  @BeforeEach
  void start() throws IOException {
    OperatorVerticle operator = new OperatorVerticle();
    deployment = harness.deploy(operator, new JsonObject().put("port", 0));
    port = operator.port();
    token = Files.readString(harness.node().secrets().file(Secrets.OPERATOR)).strip();
  }

  @AfterEach
  void stop() {
    open.forEach(Stream::close);
    harness.close();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + port + path));
  }

  private HttpResponse<String> get(String path) throws Exception {
    return http.send(request(path).build(), BodyHandlers.ofString());
  }

  private static String header(HttpResponse<?> answer, String name) {
    return answer.headers().firstValue(name).orElse("");
  }

  @Test
  void servesThePageToAnyoneAndNothingInItIsInline() throws Exception {
    HttpResponse<String> page = get("/");
    assertThat(page.statusCode()).isEqualTo(200);
    assertThat(header(page, "content-type")).isEqualTo("text/html; charset=utf-8");
    assertThat(header(page, "cache-control")).isEqualTo("no-store");
    String policy = header(page, "content-security-policy");
    assertThat(policy)
        .contains("default-src 'none'", "script-src 'self'", "style-src 'self'")
        .contains("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'")
        .doesNotContain("unsafe", "http", "*", "data:");
    assertThat(page.body())
        .doesNotContain("{version}", "<style", " style=", " onload=", " onclick=", "//cdn", "http")
        .doesNotContainPattern("<script(?![^>]* src=)");
    assertThat(page.body()).doesNotContain(token);
    HttpResponse<Void> head =
        http.send(
            request("/").method("HEAD", HttpRequest.BodyPublishers.noBody()).build(),
            BodyHandlers.discarding());
    assertThat(head.statusCode()).isEqualTo(200);
  }

  @Test
  void letsBrowsersKeepFilesOfThisReleaseAlone() throws Exception {
    String path = get("/").body().replaceAll("(?s).*src=\"(/console/[^\"]*)app\\.js.*", "$1");
    HttpResponse<String> script = get(path + "app.js");
    assertThat(script.statusCode()).isEqualTo(200);
    assertThat(header(script, "content-type")).isEqualTo("text/javascript; charset=utf-8");
    assertThat(header(script, "cache-control")).contains("immutable");
    HttpResponse<String> other = get("/console/0000000000000000/app.js");
    assertThat(other.statusCode()).isEqualTo(200);
    assertThat(header(other, "cache-control")).isEqualTo("no-store");
    for (String wrong : List.of("index.html", "SHA256SUMS", "..%2FOps.class", "nothing.js")) {
      assertThat(get(path + wrong).statusCode()).as(wrong).isEqualTo(404);
    }
  }

  /** What is there is served, what is served is there, and our own parts need no compiler. */
  @Test
  void servesAllFilesThatAreThere() throws IOException {
    try (Stream<Path> files = Files.list(PAGE)) {
      assertThat(
              files
                  .map(file -> file.getFileName().toString())
                  .filter(name -> name.matches("[a-z]+\\.(html|css|js|svg)")))
          .containsExactlyInAnyOrderElementsOf(ConsolePage.FILES);
    }
    for (String name : ConsolePage.FILES) {
      String text = Files.readString(PAGE.resolve(name));
      assertThat(text).as(name).doesNotContain("eval(", "new Function", "innerHTML =");
    }
  }

  @Test
  void hasTheFilesOfOthersAsTheyWerePublished() throws Exception {
    Map<String, String> sums = new TreeMap<>();
    for (String line : Files.readAllLines(PAGE.resolve("SHA256SUMS"))) {
      sums.put(line.substring(66), line.substring(0, 64));
    }
    assertThat(sums.keySet())
        .containsExactlyInAnyOrder(
            "preact.js", "uplot.js", "uplot.css", "LICENSE.htm", "LICENSE.preact", "LICENSE.uplot");
    for (Map.Entry<String, String> sum : sums.entrySet()) {
      byte[] bytes = Files.readAllBytes(PAGE.resolve(sum.getKey()));
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      assertThat(HexFormat.of().formatHex(hash)).as(sum.getKey()).isEqualTo(sum.getValue());
    }
  }

  /** What comes over a stream, one event after the other. */
  private final class Reading {
    private final BufferedReader lines;
    private final HttpResponse<InputStream> answer;

    private Reading(String last) throws Exception {
      HttpRequest.Builder request = request("/ops/stream").header("Authorization", bearer());
      answer =
          http.send(
              (last == null ? request : request.header("Last-Event-ID", last)).build(),
              BodyHandlers.ofInputStream());
      lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8));
      open.add(Stream.of(lines).onClose(this::close));
    }

    private void close() {
      try {
        answer.body().close();
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }

    /** The next event; null at the end. */
    private Told next() throws IOException {
      String id = lines.readLine();
      if (id == null) {
        return null;
      }
      String event = lines.readLine();
      String data = lines.readLine();
      assertThat(lines.readLine()).isEmpty();
      assertThat(id).startsWith("id: ");
      return new Told(
          id.substring(4), event.substring(7), new JsonObject(data.substring("data: ".length())));
    }
  }

  private record Told(String id, String event, JsonObject data) {
    private List<String> news() {
      return data.getJsonArray("events").stream()
          .map(e -> ((JsonObject) e).getString("text"))
          .toList();
    }
  }

  private String bearer() {
    return "Bearer " + token;
  }

  private void note(String text) {
    harness.node().flock().journal().note(Event.Kind.ORDER, "test", text, "operator");
  }

  @Test
  void streamsASnapshotThenWhatIsNewOnceASecond() throws Exception {
    note("before");
    Reading reading = new Reading(null);
    assertThat(reading.answer.statusCode()).isEqualTo(200);
    assertThat(header(reading.answer, "content-type")).isEqualTo("text/event-stream");
    Told first = reading.next();
    assertThat(first.event()).isEqualTo("snapshot");
    assertThat(first.news()).contains("before");
    assertThat(first.data().fieldNames())
        .containsExactlyInAnyOrder("status", "nodes", "services", "breakers", "events");
    assertThat(first.data().getJsonArray("breakers").getJsonObject(0).getString("instance"))
        .isEqualTo("lab@test");

    note("meanwhile");
    Told second = reading.next();
    while (!second.news().contains("meanwhile")) {
      second = reading.next();
    }
    assertThat(second.event()).isEqualTo("update");
    assertThat(second.news()).doesNotContain("before");
    long begin = System.nanoTime();
    assertThat(reading.next().news()).doesNotContain("meanwhile");
    reading.next();
    assertThat(Duration.ofNanos(System.nanoTime() - begin))
        .isBetween(Duration.ofMillis(500), Duration.ofSeconds(20));
  }

  @Test
  void goesOnWhereAReaderWas() throws Exception {
    Reading before = new Reading(null);
    before.next();
    note("seen");
    Told last = before.next();
    while (!last.news().contains("seen")) {
      last = before.next();
    }
    before.close();

    note("missed");
    Told next = new Reading(last.id()).next();
    assertThat(next.event()).isEqualTo("update");
    assertThat(next.news()).contains("missed").doesNotContain("seen");
    for (String other : List.of("00000000-1", "x", last.id() + "0", last.id() + "-1")) {
      assertThat(new Reading(other).next().event()).as(other).isEqualTo("snapshot");
    }
  }

  @Test
  void streamsToNobodyWithoutTheToken() throws Exception {
    assertThat(get("/ops/stream").statusCode()).isEqualTo(401);
    assertThat(get("/ops/stream?token=" + token).statusCode()).isEqualTo(401);
    HttpRequest foreign =
        request("/ops/stream")
            .header("Authorization", bearer())
            .header("Origin", "http://elsewhere.example")
            .build();
    assertThat(http.send(foreign, BodyHandlers.ofString()).statusCode()).isEqualTo(403);
  }

  @Test
  void streamsToThirtyTwoReaders() throws Exception {
    List<Reading> readers = new ArrayList<>();
    for (int i = 0; i < OpsStream.MOST; i++) {
      readers.add(new Reading(null));
      assertThat(readers.get(i).answer.statusCode()).isEqualTo(200);
    }
    assertThat(new Reading(null).answer.statusCode()).isEqualTo(429);
    readers.get(0).close();
    await().until(() -> new Reading(null).answer.statusCode() == 200);
  }

  @Test
  void letsASlowReaderGo() throws Exception {
    for (int i = 0; i < 1_000; i++) {
      note("x".repeat(6_000)); // More than what the machine keeps for a connection.
    }
    try (Socket slow = new Socket()) {
      slow.setReceiveBufferSize(4_096);
      slow.connect(new InetSocketAddress("127.0.0.1", port));
      OutputStream out = slow.getOutputStream();
      String get =
          "GET /ops/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " + bearer() + "\r\n\r\n";
      out.write(get.getBytes(StandardCharsets.US_ASCII));
      await()
          .atMost(Duration.ofSeconds(40))
          .pollInterval(Duration.ofMillis(100))
          .ignoreExceptions()
          .until(() -> isReset(out));
    }
  }

  private static boolean isReset(OutputStream out) {
    try {
      out.write('\r');
      out.flush();
      return false;
    } catch (IOException e) {
      return true;
    }
  }

  @Test
  void endsStreamsWithThePort() throws Exception {
    Reading reading = new Reading(null);
    reading.next();
    Harness.await(harness.vertx().undeploy(deployment));
    assertThatThrownBy(
            () -> {
              while (reading.next() != null) {
                // what was on the way
              }
              throw new IOException("It has ended");
            })
        .isInstanceOf(IOException.class);
  }

  @Test
  void saysWhoCallsWhat() throws Exception {
    Reading reading = new Reading(null);
    int[] made = {0};
    await()
        .atMost(Duration.ofSeconds(30))
        .pollInterval(Duration.ofMillis(10))
        .ignoreExceptions() // A busy machine may be late for the first.
        .until(() -> harness.call(ECHO, new Text("a")) != null && ++made[0] == 10);
    double calls = 0;
    for (int i = 0; i < 15 && calls < 9.5; i++) {
      JsonObject node = reading.next().data().getJsonArray("nodes").getJsonObject(0);
      calls =
          node.getJsonArray("calls").stream()
              .map(JsonObject.class::cast)
              .filter(each -> each.getString("service").equals("lab"))
              .map(each -> each.getJsonObject("lately"))
              .mapToDouble(each -> each.getDouble("rate") * each.getInteger("seconds"))
              .sum();
    }
    assertThat(calls).isGreaterThan(9.5);
  }
}
