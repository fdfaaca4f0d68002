package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jose.jwk.JWK;
import com.nimbusds.jose.jwk.JWKSet;
import com.nimbusds.jwt.SignedJWT;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.openapi.contract.OpenAPIContract;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.spec.X509EncodedKeySpec;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

/** One node, started as a user starts it: {@code java -jar starling.jar}. */
class NodeIT {
  @TempDir private static Path directory;
  private static StarlingProcess node;
  private static Client client;

  @BeforeAll
  static void start() throws IOException {
    node = StarlingProcess.in(directory.resolve("a node")).onAnyPort().start();
    client = new Client(node.api());
  }

  @AfterAll
  static void stop() {
    node.close();
  }

  @Test
  @Tag("machine")
  void listensOnOneFreePortWithAllItsCores() throws Exception {
    Set<String> sockets = new HashSet<>();
    try (DirectoryStream<Path> files =
        Files.newDirectoryStream(Path.of("/proc/" + node.pid() + "/fd"))) {
      for (Path file : files) {
        sockets.add(Files.readSymbolicLink(file).toString());
      }
    }
    List<String> listening =
        Stream.concat(Files.lines(Path.of("/proc/net/tcp")), Files.lines(Path.of("/proc/net/tcp6")))
            .map(line -> line.strip().split("\\s+"))
            .filter(f -> f[3].equals("0A") && sockets.contains("socket:[" + f[9] + "]"))
            .map(f -> f[1])
            .toList();

    assertThat(listening).as("ports of the API, administration and operators").hasSize(3);
  }

  @Test
  void registersAndLogsIn() throws Exception {
    HttpResponse<String> registered = client.register("ada");
    assertThat(registered.statusCode()).isEqualTo(201);
    String id = new JsonObject(registered.body()).getString("id");
    assertThat(registered.headers().firstValue("Location")).contains("/api/users/" + id);

    JsonObject tokens = new JsonObject(client.login("ADA").body());
    assertThat(tokens.getString("token_type")).isEqualTo("Bearer");
    assertThat(tokens.getLong("expires_in")).isEqualTo(300);
    assertThat(tokens.getString("refresh_token")).startsWith("rt_");

    String token = tokens.getString("access_token");
    HttpResponse<String> me = client.get("/api/users/me", token);
    assertThat(me.statusCode()).isEqualTo(200);
    assertThat(new JsonObject(me.body()).getString("username")).isEqualTo("ada");
    assertThat(client.get("/api/users/" + id, token).statusCode()).isEqualTo(200);
    assertThat(client.get("/api/users/" + UUID.randomUUID(), token).statusCode()).isEqualTo(404);
    assertThat(client.get("/api/users/" + id).statusCode()).isEqualTo(401);
  }

  @Test
  @DisplayName("ID1 ID4 refuses a taken name in any spelling")
  void refusesATakenNameInAnySpelling() throws Exception {
    assertThat(client.register("grace").statusCode()).isEqualTo(201);
    HttpResponse<String> again = client.register("Grace");
    assertThat(again.statusCode()).isEqualTo(409);
    assertProblem(again, "/username", "unique");
  }

  @Test
  @DisplayName("EN1 tells a wrong password and an unknown name alike")
  void tellsAWrongPasswordAndAnUnknownNameAlike() throws Exception {
    client.register("alan");
    String wrong = new JsonObject().put("username", "alan").put("password", "wrong").encode();
    String unknown = new JsonObject().put("username", "nobody").put("password", "wrong").encode();
    HttpResponse<String> first = client.send(client.post("/api/login", wrong));
    HttpResponse<String> second = client.send(client.post("/api/login", unknown));
    assertThat(first.statusCode()).isEqualTo(401);
    assertThat(withoutInstance(first)).isEqualTo(withoutInstance(second));
    assertThat(first.headers().map().keySet()).isEqualTo(second.headers().map().keySet());
  }

  private static JsonObject withoutInstance(HttpResponse<String> response) {
    JsonObject body = new JsonObject(response.body());
    body.remove("instance");
    return body.put("status-line", response.statusCode());
  }

  static List<BadInput> badInputs() {
    return BadInput.ALL;
  }

  @ParameterizedTest
  @MethodSource("badInputs")
  void answersBadInputWithAProblem(BadInput bad) throws Exception {
    HttpResponse<String> response =
        client.send(
            client
                .request("/api/users")
                .header("Content-Type", "application/json")
                .POST(BodyPublishers.ofByteArray(bad.body()))
                .build());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(bad.status());
    assertProblem(response, bad.pointer(), bad.rule());
  }

  private static void assertProblem(HttpResponse<String> response, String pointer, String rule) {
    assertThat(response.headers().firstValue("Content-Type")).contains("application/problem+json");
    JsonObject problem = new JsonObject(response.body());
    assertThat(problem.getInteger("status")).isEqualTo(response.statusCode());
    assertThat(problem.fieldNames()).contains("type", "title", "detail", "instance");
    if (pointer != null) {
      JsonObject error = problem.getJsonArray("errors").getJsonObject(0);
      assertThat(error.getString("pointer")).isEqualTo(pointer);
      assertThat(error.getString("rule")).isEqualTo(rule);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "POST, /api/users, text/plain, 415",
    "POST, /api/users, application/json;charset=iso-8859-1, 415",
    "POST, /api/users/me, application/json, 405",
    "DELETE, /api/login, application/json, 405",
    "TRACE, /api/login, application/json, 405",
    "GET, /api/users/me/../me, application/json, 401",
    "GET, /api/users/%2e%2e, application/json, 404",
    "GET, /api/users/not-a-uuid, application/json, 401",
    "GET, /nothing, application/json, 404",
    "GET, /.env, application/json, 404",
  })
  void answersWhatItDoesNotServeWithAProblem(String method, String path, String type, int status)
      throws Exception {
    HttpResponse<String> response =
        client.send(
            client
                .request(path)
                .header("Content-Type", type)
                .method(
                    method,
                    method.equals("POST") ? BodyPublishers.ofString("{}") : BodyPublishers.noBody())
                .build());
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertProblem(response, null, null);
    if (status == 405) {
      assertThat(response.headers().firstValue("Allow")).isPresent();
    }
  }

  @Test
  void refusesTokensThatItDidNotIssue() throws Exception {
    for (String token : List.of("x", "a.b.c", "..", "x".repeat(4000), "eyJhbGciOiJub25lIn0.e30.")) {
      HttpResponse<String> response = client.get("/api/users/me", token);
      assertThat(response.statusCode()).as(token).isEqualTo(401);
      assertThat(response.headers().firstValue("WWW-Authenticate"))
          .contains("Bearer error=\"invalid_token\"");
    }
  }

  @Test
  void showsHealthAndMetricsToTheOperator() throws Exception {
    Client operator = new Client(node.operator());
    assertThat(operator.get("/health/live").statusCode()).isEqualTo(200);
    assertThat(operator.get("/health/ready").body()).contains("\"database\"");
    client.register("metric");
    assertThat(operator.get("/metrics").body())
        .contains("starling_operations_seconds_count{operation=\"register\",outcome=\"ok\"")
        .contains("jvm_memory_used_bytes");
    assertThat(client.get("/metrics").statusCode()).isEqualTo(404);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "POST   | /api/refresh           | {}                          | 422 | /refresh_token",
        "POST   | /api/refresh           | {\"refresh_token\":1}         | 400 | /refresh_token",
        "POST   | /api/refresh           | {\"refreshToken\":\"rt_x\"}   | 400 | /refreshToken",
        "POST   | /api/logout            | {}                          | 422 | /refresh_token",
        "POST   | /api/logout            | []                          | 400 |",
        "POST   | /api/refresh           | {\"refresh_token\":\"rt_x\"}  | 401 |",
        "POST   | /api/logout-all        | {}                          | 401 |",
        "PUT    | /api/users/me/password | {}                          | 401 |",
        "GET    | /api/users/me/sessions |                             | 401 |",
        "DELETE | /api/users/me/sessions/x |                           | 401 |"
      })
  void refusesBadRequestsAboutSessions(
      String method, String path, String body, int status, String pointer) throws Exception {
    HttpResponse<String> answer =
        client.send(
            client
                .request(path)
                .header("Content-Type", "application/json")
                .method(
                    method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body))
                .build());
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(status);
    JsonObject problem = new JsonObject(answer.body());
    assertThat(problem.getInteger("status")).isEqualTo(status);
    if (pointer != null) {
      assertThat(problem.getJsonArray("errors").getJsonObject(0).getString("pointer"))
          .isEqualTo(pointer);
    }
  }

  @Test
  void describesItselfAsOpenApi() throws Exception {
    JsonObject openapi = new JsonObject(client.get("/openapi.json").body());
    assertThat(openapi.getString("openapi")).startsWith("3.1");
    assertThat(openapi.getJsonObject("paths").fieldNames())
        .containsExactlyInAnyOrder(
            "/api/users",
            "/api/login",
            "/api/users/me/deletion",
            "/api/refresh",
            "/api/logout",
            "/api/logout-all",
            "/api/users/me",
            "/api/users/me/password",
            "/api/users/me/username",
            "/api/users/me/email",
            "/api/users/me/email/verification",
            "/api/users/me/export",
            "/api/password-reset",
            "/api/password-reset/completion",
            "/api/users/me/totp",
            "/api/users/me/totp/confirmation",
            "/api/users/me/totp/deletion",
            "/api/users/me/sessions",
            "/api/users/me/sessions/{id}",
            "/api/users/{id}",
            "/.well-known/jwks.json");
    Vertx vertx = Vertx.vertx();
    // The validator does not know problem+json, which is as good as any media type.
    String known = openapi.encode().replace("application/problem+json", "application/json");
    OpenAPIContract valid = OpenAPIContract.from(vertx, new JsonObject(known)).await();
    vertx.close().await();
    assertThat(valid.operation("user.register").getAbsoluteOpenAPIPath()).isEqualTo("/api/users");
    JsonObject body =
        openapi
            .getJsonObject("paths")
            .getJsonObject("/api/users")
            .getJsonObject("post")
            .getJsonObject("requestBody")
            .getJsonObject("content")
            .getJsonObject("application/json")
            .getJsonObject("schema");
    assertThat(body.getJsonArray("required")).contains("username", "password");
    assertThat(body.getJsonObject("properties").getJsonObject("password").getInteger("maxLength"))
        .isEqualTo(128);
  }

  @Test
  @DisplayName("AT5 publishes its keys, without their secrets, and tokens verify with them")
  void publishesItsKeysWithoutTheirSecrets() throws Exception {
    client.register("verified");
    String login = client.login("verified").body();
    SignedJWT token = SignedJWT.parse(new JsonObject(login).getString("access_token"));
    HttpResponse<String> keys = client.get("/.well-known/jwks.json");
    assertThat(keys.headers().firstValue("Cache-Control")).contains("public, max-age=300");
    JsonObject key = new JsonObject(keys.body()).getJsonArray("keys").getJsonObject(0);
    assertThat(key.fieldNames()).containsExactlyInAnyOrder("kty", "crv", "x", "kid", "use", "alg");

    JWK parsed = JWKSet.parse(keys.body()).getKeyByKeyId(token.getHeader().getKeyID());
    assertThat(parsed.isPrivate()).isFalse();
    assertThat(parsed.computeThumbprint()).hasToString(parsed.getKeyID());
    byte[] info =
        Buffer.buffer(HexFormat.of().parseHex("302a300506032b6570032100")) // RFC 8410, 4
            .appendBytes(parsed.toOctetKeyPair().getDecodedX())
            .getBytes();
    Signature signature = Signature.getInstance("Ed25519");
    signature.initVerify(
        KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(info)));
    signature.update(token.getSigningInput());
    assertThat(signature.verify(token.getSignature().decode())).isTrue();
  }

  @Test
  @DisplayName("AT5 answers 304 to who has the keys")
  void answersNotModifiedToWhoHasTheKeys() throws Exception {
    String tag = client.get("/.well-known/jwks.json").headers().firstValue("ETag").orElseThrow();
    HttpResponse<String> known =
        client.send(client.request("/.well-known/jwks.json").header("If-None-Match", tag).build());

    assertThat(known.statusCode()).isEqualTo(304);
    assertThat(known.body()).isEmpty();
    assertThat(known.headers().firstValue("ETag")).contains(tag);
    assertThat(known.headers().firstValue("Cache-Control")).contains("public, max-age=300");
  }

  @Test
  void keepsItsDataAndEndsWithZeroOnASignal() throws Exception {
    Path own = directory.resolve("restarted");
    try (StarlingProcess first = StarlingProcess.in(own).onAnyPort().start()) {
      assertThat(new Client(first.api()).register("kept").statusCode()).isEqualTo(201);
      assertThat(first.stop()).as(first.output()).isZero();
      assertThat(first.output()).doesNotContain("WARN", "ERROR", "Exception");
    }
    assertThat(own.resolve("data/postgresql")).isDirectory();
    try (StarlingProcess second = StarlingProcess.in(own).onAnyPort().start()) {
      assertThat(new Client(second.api()).login("kept").statusCode()).isEqualTo(200);
    }
  }

  @Test
  void refusesAConfiguredPortThatIsTaken() throws Exception {
    try (ServerSocket taken = new ServerSocket(0)) {
      StarlingProcess refused =
          StarlingProcess.in(directory.resolve("taken"))
              .with("services", "gateway")
              .with("operator.port", 0)
              .with("http.port", taken.getLocalPort())
              .launch();
      assertThat(refused.exitCode()).isEqualTo(1);
      assertThat(refused.output().strip().lines())
          .filteredOn(line -> !line.contains(" INFO ")) // Where the operator's token is.
          .singleElement()
          .asString()
          .contains("http.port " + taken.getLocalPort());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "http.host, 0.0.0.0, http.tls",
    "http.prot, 1, STARLING_HTTP_PORT",
    "services, usr, usr",
    "cluster.config, /nowhere.xml, /nowhere.xml",
  })
  void refusesToStartInOneLine(String setting, String value, String mentioned) throws Exception {
    StarlingProcess refused =
        StarlingProcess.in(directory.resolve(setting))
            .onAnyPort()
            .with(setting, value)
            .arguments(setting.startsWith("cluster.") ? new String[] {"-cluster"} : new String[0])
            .launch();
    assertThat(refused.exitCode()).isEqualTo(1);
    assertThat(refused.output().strip().lines().toList())
        .singleElement()
        .asString()
        .contains(mentioned)
        .doesNotContain("canary");
  }

  @Test
  void keepsSecretsInFilesThatOnlyItsUserReads() throws Exception {
    Path secrets = directory.resolve("a node/data/secrets");
    try (var files = Files.list(secrets)) {
      assertThat(files.toList())
          .isNotEmpty()
          .allSatisfy(
              file ->
                  assertThat(Files.getPosixFilePermissions(file).toString())
                      .doesNotContain("GROUP", "OTHERS"));
    }
  }
}
