package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.icegreen.greenmail.util.GreenMail;
import com.icegreen.greenmail.util.ServerSetup;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipFile;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two nodes that log all that they and their libraries can, and clients whose secrets, names and
 * control characters are looked for afterwards in everything that can be read.
 */
@Timeout(300)
class CanariesIT {
  private static final String NAME = "canary.of.the.name";
  private static final String PASSWORD = "zqxv lantern mosaic plume";
  private static final String NEXT = "wjkq harbour thimble frost";
  private static final String MAIL = "canary@mail.example";
  private static final String KEY = "canary-of-the-key";
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private static final String TRACE =
      """
      <configuration>
        <appender name="stderr" class="ch.qos.logback.core.ConsoleAppender">
          <target>System.err</target>
          <encoder class="ch.qos.logback.core.encoder.LayoutWrappingEncoder">
            <layout class="dev.starling.launcher.LogLine"/>
          </encoder>
        </appender>
        <root level="TRACE"><appender-ref ref="stderr"/></root>
      </configuration>
      """;

  @TempDir private static Path directory;
  private static Postgres postgres;
  private static GreenMail post;
  private static OtlpReceiver collector;
  private static StarlingProcess users;
  private static StarlingProcess gateway;
  private static Client client;

  /** What is looked for, by a name that a failure may tell. */
  private static final Map<String, String> CANARIES = new LinkedHashMap<>();

  private static final List<HttpResponse<String>> ANSWERS = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    postgres = new Postgres(directory);
    post = new GreenMail(new ServerSetup(0, "127.0.0.1", ServerSetup.PROTOCOL_SMTP));
    post.start();
    collector = new OtlpReceiver();
    String json = "<encoder class=\"dev.starling.launcher.LogJson\"/>";
    users = node("user", TRACE).start();
    gateway = node("gateway", TRACE.replaceFirst("(?s)<encoder.*</encoder>", json)).start();
    client = new Client(gateway.api());
    await().atMost(PATIENCE).until(() -> client.status("/api/users/me") == 401);
  }

  private static StarlingProcess.Builder node(String services, String logging) throws IOException {
    Path trace = Files.writeString(directory.resolve(services + ".xml"), logging);
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("services", services)
        .with("log.level", "trace")
        .with("traces.otlp", collector.url())
        .with("database.url", postgres.url())
        .with("user.mail-server", "smtp://127.0.0.1:" + post.getSmtp().getPort())
        .with("user.mail-from", "accounts@starling.example")
        .jvm("-Dlogback.configurationFile=" + trace, "-Dhazelcast.logging.type=slf4j");
  }

  @AfterAll
  static void stop() {
    gateway.close();
    users.close();
    collector.close();
    post.stop();
    postgres.close();
  }

  private static HttpResponse<String> send(HttpRequest request) throws Exception {
    HttpResponse<String> answer = client.send(request);
    ANSWERS.add(answer);
    return answer;
  }

  private static HttpResponse<String> post(String path, String body) throws Exception {
    return send(
        client
            .request(path)
            .header("Content-Type", "application/json")
            .header("Cookie", "session=canary-of-the-cookie")
            .header("Idempotency-Key", KEY + body.hashCode())
            .header("User-Agent", "canary-of-the-agent")
            .POST(BodyPublishers.ofString(body))
            .build());
  }

  private static HttpResponse<String> as(String token, String method, String path, String body)
      throws Exception {
    return send(
        client
            .request(path)
            .header("Authorization", "Bearer " + token)
            .header("Content-Type", "application/json")
            .method(method, BodyPublishers.ofString(body))
            .build());
  }

  private static String credentials(String password) {
    return new JsonObject().put("username", NAME).put("password", password).encode();
  }

  /** Until the machine is quick enough. */
  private static JsonObject done(Attempt attempt) {
    return await()
        .atMost(PATIENCE)
        .until(
            () -> {
              HttpResponse<String> answer = attempt.send();
              return answer.statusCode() < 300 ? new JsonObject(answer.body()) : null;
            },
            answer -> answer != null);
  }

  private interface Attempt {
    HttpResponse<String> send() throws Exception;
  }

  private static void keep(String what, JsonObject tokens) throws Exception {
    String refresh = tokens.getString("refresh_token").substring(3);
    String access = tokens.getString("access_token");
    byte[] hash = MessageDigest.getInstance("SHA-256").digest(("rt_" + refresh).getBytes(UTF_8));
    CANARIES.put(what + " refresh token", refresh);
    CANARIES.put(what + " refresh token's hash", HexFormat.of().formatHex(hash));
    CANARIES.put(what + " access token", access.substring(access.indexOf('.') + 1));
    CANARIES.put(what + " access token's signature", access.substring(access.lastIndexOf('.') + 1));
  }

  private static void useAllRoutes() throws Exception {
    done(() -> post("/api/users", credentials(PASSWORD)));
    JsonObject first = done(() -> post("/api/login", credentials(PASSWORD)));
    keep("first", first);
    String token = first.getString("access_token");
    done(() -> as(token, "GET", "/api/users/me", ""));
    done(() -> as(token, "GET", "/api/users/me/sessions", ""));
    as(token, "DELETE", "/api/users/me/sessions/7b6f0c39-6f4e-4b8e-9c57-3c0b2a1d9e11", "");
    as(token, "GET", "/api/users/7b6f0c39-6f4e-4b8e-9c57-3c0b2a1d9e11", "");
    JsonObject second = done(() -> post("/api/refresh", refresh(first.getString("refresh_token"))));
    keep("second", second);
    useMail(second.getString("access_token"));
    JsonObject third =
        done(
            () ->
                as(
                    second.getString("access_token"),
                    "PUT",
                    "/api/users/me/password",
                    new JsonObject()
                        .put("currentPassword", PASSWORD)
                        .put("newPassword", NEXT)
                        .encode()));
    keep("third", third);
    post("/api/refresh", refresh(first.getString("refresh_token")));
    as(third.getString("access_token"), "POST", "/api/logout-all", "");
    post("/api/logout", refresh(third.getString("refresh_token")));
    as(third.getString("access_token"), "GET", "/api/users/me", "");
    client.get("/.well-known/jwks.json");
  }

  /** The code of a mail and the secret of one-time passwords are secrets, too. */
  private static void useMail(String token) throws Exception {
    String request = new JsonObject().put("email", MAIL).put("password", PASSWORD).encode();
    await()
        .atMost(PATIENCE)
        .until(() -> as(token, "PUT", "/api/users/me/email", request).statusCode() == 204);
    await().atMost(PATIENCE).until(() -> post.getReceivedMessages().length == 1);
    String mail = String.valueOf(post.getReceivedMessages()[0].getContent());
    String code = mail.lines().filter(line -> line.matches("[\\w-]{43}")).findFirst().orElseThrow();
    CANARIES.put("code of a mail", code);
    as(
        token,
        "POST",
        "/api/users/me/email/verification",
        new JsonObject().put("code", code).encode());
    post("/api/password-reset", new JsonObject().put("email", MAIL).encode());
    JsonObject totp =
        done(
            () ->
                as(
                    token,
                    "POST",
                    "/api/users/me/totp",
                    new JsonObject().put("password", PASSWORD).encode()));
    CANARIES.put("secret of one-time passwords", totp.getString("secret"));
    as(token, "POST", "/api/users/me/totp/confirmation", "{\"code\":\"canary\"}");
  }

  private static void visitPages() throws Exception {
    Visitor visitor = new Visitor(gateway.api());
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                visitor.submit("/account", "username", NAME, "password", NEXT).statusCode() == 303);
    keep(
        "page's",
        new JsonObject()
            .put("refresh_token", visitor.cookies.get("__Host-refresh"))
            .put("access_token", visitor.cookies.get("__Host-access")));
    CANARIES.put("page's device token", visitor.cookies.get("__Host-device"));
    CANARIES.put("page's secret", visitor.cookies.get("__Host-form"));
    assertThat(visitor.get("/account").body()).contains(NAME);
    for (String path : List.of("/account", "/account/register", "/account/password")) {
      String[] wrong = {
        "username", NAME, "password", PASSWORD, "currentPassword", PASSWORD, "newPassword", "canary"
      };
      visitor.submit(path, wrong);
      visitor.send(visitor.form(path, "canary", wrong).build());
      visitor.send(visitor.form(path, "%zz", wrong).build());
      visitor.submit(path, "username", PASSWORD.repeat(1_000));
    }
    visitor.submit("/account/sign-out");
  }

  private static String refresh(String token) {
    return new JsonObject().put("refresh_token", token).encode();
  }

  private static void failOnAllRoutes() throws Exception {
    for (String path : List.of("/api/users", "/api/login", "/api/refresh", "/api/logout")) {
      post(path, credentials(PASSWORD).substring(0, 60));
      post(path, "[\"" + PASSWORD + "\"]");
      post(path, "{\"username\":[\"" + NAME + "\"],\"password\":{\"" + PASSWORD + "\":1}}");
      post(path, "{\"unknown\":\"" + PASSWORD + "\"}");
      post(path, credentials(PASSWORD).replace("{", "{\"email\":\"" + MAIL + "\","));
      post(path, "{\"refresh_token\":[\"rt_" + PASSWORD + "\"]}");
      post(path, "{\"refresh_token\":\"rt_" + "canary-of-a-token".repeat(3) + "\"}");
      post(path, PASSWORD);
    }
    post("/api/users", credentials("canary"));
    post("/api/users", credentials(NAME + " " + NAME));
    post("/api/users", credentials(NEXT));
    post("/api/login", credentials("canary of a wrong one"));
    post("/api/login", credentials(PASSWORD).replace(NAME, MAIL));
    String token = CANARIES.get("first access token");
    as("canary-of-a-token", "GET", "/api/users/me", "");
    as("e30." + token, "GET", "/api/users/me", "");
    as("e30." + token.replace('.', '_'), "PUT", "/api/users/me/password", credentials(NEXT));
  }

  /** What may be in a log at level TRACE and is in no span: addresses, methods, any header. */
  private static void hideInSpans(String token) throws Exception {
    for (String path : List.of("/api/users/spy", "/api/users/me?spy=spy", "/spy", "/account/spy")) {
      send(
          client
              .request(path)
              .header("Authorization", "Bearer " + token)
              .header("tracestate", "spy=spy")
              .header("baggage", "spy=spy")
              .method("SPY", BodyPublishers.noBody())
              .build());
      client.send(client.request(path).header("tracestate", "spy=spy").build());
    }
  }

  private static void failWithoutTheDatabase() throws Exception {
    try (Postgres.Lock lock = postgres.lock("users")) {
      assertThat(lock).isNotNull();
      assertThat(post("/api/login", credentials(NEXT)).statusCode()).isGreaterThanOrEqualTo(500);
      post("/api/users", credentials(NEXT).replace(NAME, NAME + "2"));
    }
    postgres.query("ALTER TABLE users ADD CONSTRAINT full_up CHECK (username = '') NOT VALID");
    post("/api/users", credentials(NEXT).replace(NAME, NAME + "3"));
    postgres.query("ALTER TABLE users DROP CONSTRAINT full_up");
    postgres.query("ALTER TABLE users RENAME COLUMN password_hash TO away");
    post("/api/login", credentials(NEXT));
    postgres.query("ALTER TABLE users RENAME COLUMN away TO password_hash");
    postgres.kill();
    for (String path : List.of("/api/users", "/api/login", "/api/refresh")) {
      post(path, path.equals("/api/refresh") ? refreshing() : credentials(NEXT));
    }
    postgres.restart();
  }

  private static String refreshing() {
    return refresh("rt_" + CANARIES.get("third refresh token"));
  }

  /** By somebody whose name is an address. */
  private static void orderSomething() throws Exception {
    Client operator = new Client(users.operator());
    String token = Files.readString(directory.resolve("data/secrets/operator")).strip();
    HttpResponse<String> answer =
        operator.send(
            operator
                .request("/ops/desired/limits")
                .header("Authorization", "Bearer " + token)
                .header("Content-Type", "application/json")
                .header("Starling-Operator", "somebody@ops.example")
                .PUT(BodyPublishers.ofString("{\"breaker.calls\":21}"))
                .build());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    for (StarlingProcess node : List.of(users, gateway)) {
      await()
          .atMost(PATIENCE)
          .until(
              () ->
                  new Client(node.operator())
                      .get("/ops/events", token)
                      .body()
                      .contains("somebody@ops.example"));
    }
  }

  @Test
  @DisplayName(
      "AU2 TL4 no secret and no name is in a log at any level, an answer, a page, a dump or a bundle")
  void tellsNothing() throws Exception {
    useAllRoutes();
    visitPages();
    CANARIES.put(
        "password hash",
        postgres.query("SELECT password_hash FROM users").get(0).getString(0).substring(40));
    failOnAllRoutes();
    hideInSpans(CANARIES.get("first access token"));
    failWithoutTheDatabase();
    orderSomething();

    CANARIES.put("name", NAME);
    CANARIES.put("password", PASSWORD);
    CANARIES.put("next password", NEXT);
    CANARIES.put("anything of a client's", "canary");
    CANARIES.put("password in base 64", base64(PASSWORD));
    CANARIES.put("name in base 64", base64(NAME));
    for (String secret : List.of("pepper", "key-encryption", "cluster", "operator")) {
      Path file = directory.resolve("data/secrets").resolve(secret);
      CANARIES.put(secret, Files.exists(file) ? Files.readString(file) : "none such secret");
    }
    Map<String, String> all = everythingToRead();
    assertThat(all.get("output of the user node")).contains("TRACE", "DefaultRecordStore");
    assertThat(all.get("output of the gateway"))
        .contains("\"TRACE\",\"logger\":\"io.vertx.ext.web");
    assertThat(all.get("spans"))
        .contains("INSERT INTO users", "user.login", "\"_OTHER\"", "error.type")
        .doesNotContainIgnoringCase("spy");
    all.forEach((where, text) -> assertThat(found(text)).as(where).isEmpty());
    for (HttpResponse<String> answer : ANSWERS) {
      if (answer.statusCode() >= 400) {
        assertThat(found(answer.body() + answer.headers().map())).as(answer.body()).isEmpty();
      }
    }
    for (StarlingProcess node : List.of(users, gateway)) {
      assertThat(found(Files.readString(Path.of("/proc/" + node.pid() + "/cmdline")))).isEmpty();
    }
  }

  private static String base64(String text) {
    return Base64.getEncoder().withoutPadding().encodeToString(text.getBytes(UTF_8));
  }

  private static List<String> found(String text) {
    return CANARIES.entrySet().stream()
        .filter(canary -> text.contains(canary.getValue()))
        .map(canary -> canary.getKey() + ": " + around(text, canary.getValue()))
        .toList();
  }

  private static String around(String text, String canary) {
    int at = text.indexOf(canary);
    return text.substring(Math.max(0, at - 200), Math.min(text.length(), at + 40));
  }

  private static Map<String, String> everythingToRead() throws Exception {
    Map<String, String> all = new LinkedHashMap<>();
    all.put("output of the user node", users.output());
    all.put("output of the gateway", gateway.output());
    all.put(
        "spans",
        collector.spans().stream()
            .map(OtlpReceiver.Received::all)
            .collect(Collectors.joining("\n")));
    for (StarlingProcess node : List.of(users, gateway)) {
      all.put("threads of " + node.pid(), run("jstack", "-l", Long.toString(node.pid())));
      Client operator = new Client(node.operator());
      for (String page :
          List.of(
              "/metrics",
              "/health/live",
              "/health/ready",
              "/ops/instances",
              "/ops/limits",
              "/ops/desired")) {
        String token = Files.readString(directory.resolve("data/secrets/operator")).strip();
        all.put(page + " of " + node.pid(), operator.get(page, token).body());
      }
    }
    all.putAll(bundle(users));
    all.putAll(bundle(gateway));
    try (Stream<Path> logs = Files.list(directory.resolve("postgresql/log"))) {
      for (Path log : logs.toList()) {
        all.put(log.toString(), Files.readString(log));
      }
    }
    return all;
  }

  /** What an operator would attach to an incident. */
  private static Map<String, String> bundle(StarlingProcess node) throws Exception {
    Path file = directory.resolve(node.pid() + ".zip");
    List<String> command =
        List.of(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-cp",
            StarlingProcess.JAR.toString(),
            "dev.starling.cli.Starling",
            "bundle",
            "--output",
            file.toString());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("STARLING_OPERATOR", node.operator().toString());
    builder
        .environment()
        .put("STARLING_TOKEN_FILE", directory.resolve("data/secrets/operator").toString());
    Process process = builder.start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    assertThat(output).doesNotContain("not to be had");
    Map<String, String> files = new LinkedHashMap<>();
    try (ZipFile zip = new ZipFile(file.toFile())) {
      for (ZipEntry entry : zip.stream().toList()) {
        String text = new String(zip.getInputStream(entry).readAllBytes(), UTF_8);
        files.put(entry.getName() + " in the bundle of " + node.pid(), text);
        assertThat(text).as(entry.getName()).doesNotContain("@starling.example", "@ops.example");
      }
    }
    assertThat(files.values())
        .as("what it is looked through for is there")
        .anyMatch(text -> text.contains("\"user.mail-from\",\"value\":\"******\""))
        .anyMatch(text -> text.contains("\"by\":\"operator from 127.0.0.1 (******@******)\""))
        .anyMatch(
            text -> text.contains("\"operation\":\"user.login\"") && text.contains("\"sql\""));
    return files;
  }

  private static String run(String program, String... arguments) throws Exception {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", program).toString());
    command.addAll(List.of(arguments));
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), UTF_8);
    assertThat(process.waitFor()).as(output).isZero();
    return output;
  }

  @Test
  @DisplayName("AU3 nothing that a client sends begins a line of a log or moves a cursor")
  void beginsNoLine() throws Exception {
    String forged = "x\r\n{\"level\":\"ERROR\"}\n12:00:00.000 ERROR forged\u001b[2J\u2028\u0085";
    client.registerOnce(forged);
    client.loginOnce(forged);
    client.send(client.post("/api/login", "{\"" + forged + "\":1}"));
    client.send(client.post("/api/login", new JsonObject().put(forged, 1).encode()));
    client.get("/api/users/%0d%0a12:00:00.000%20ERROR%20forged%1b%5b2J%E2%80%A8");
    client.get("/api/users/me", "forged%0a");
    raw("GET /forged\u001b[2J HTTP/1.1\r\nHost: x\r\n\r\n");
    raw("FOR\u001bGED /forged HTTP/1.1\r\nHost: x\r\n\r\n");
    raw("GET /forged HTTP/1.1\r\nHost: forged\u001b[2J\r\nX-Forged: a\r12:00:00.000 ERROR\r\n\r\n");
    raw("GET /forged HTTP/1.1\r\nHost: x\r\nTraceparent: forged\u009b\u0085\r\n\r\n");
    raw("\u0016\u0003\u0001forged\n12:00:00.000 ERROR forged\n\n");

    assertThat(gateway.output().lines())
        .filteredOn(line -> line.contains("forged") || line.contains("\"level\""))
        .isNotEmpty()
        .allMatch(line -> Instant.parse(new JsonObject(line).getString("time")) != null)
        .noneMatch(line -> new JsonObject(line).getString("level").equals("ERROR"));
    assertThat(users.output().lines())
        .filteredOn(line -> line.contains("forged") || line.contains("\"level\""))
        .allMatch(
            line ->
                line.matches(
                    "\\d\\d:\\d\\d:\\d\\d\\.\\d{3} (TRACE|DEBUG|INFO |WARN ) .*"
                        + "|(Caused by: )?[a-z]+\\.[\\w.$]+: .*"));
    for (StarlingProcess node : List.of(users, gateway)) {
      String output = node.output();
      assertThat(output.replaceAll("[\n\t]", "")).doesNotContainPattern("[\\p{Cc}\u2028\u2029]");
    }
  }

  private static void raw(String bytes) throws IOException {
    URI api = gateway.api();
    try (Socket socket = new Socket(api.getHost(), api.getPort())) {
      socket.setSoTimeout(5_000);
      OutputStream out = socket.getOutputStream();
      out.write(bytes.getBytes(UTF_8));
      out.flush();
      socket.shutdownOutput();
      socket.getInputStream().readAllBytes();
    } catch (java.net.SocketException e) {
      // Hung up on, which is fine.
    }
  }
}
