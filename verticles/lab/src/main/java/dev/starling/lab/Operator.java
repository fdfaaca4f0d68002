package dev.starling.lab;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/** The operator port of a node, as an operator's tools use it. */
record Operator(URI base) {
  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();

  /** What lets an operator act; it never shows itself. */
  static final class Token {
    private final String value;

    private Token(String value) {
      this.value = value;
    }

    /** The token of the nodes of a data directory; of no use when they made none. */
    static Token in(Path data) throws IOException {
      Path file = data.resolve("secrets/operator");
      return new Token(Files.exists(file) ? Files.readString(file).strip() : "none");
    }
  }

  static Operator of(NodeProcess node) {
    return new Operator(node.operator());
  }

  boolean isReady() throws InterruptedException {
    return send(get("/health/ready")).filter(r -> r.statusCode() == 200).isPresent();
  }

  /** What the node says of its own readiness, or that it says nothing. */
  String readiness() throws InterruptedException {
    return send(get("/health/ready")).map(HttpResponse::body).orElse("no answer");
  }

  /** All meters of the node now. */
  Metrics metrics() throws InterruptedException {
    return new Metrics(send(get("/metrics")).map(HttpResponse::body).orElse(""));
  }

  /** The instances as this node sees them; empty when it does not say. */
  Optional<List<JsonObject>> instances(Token token) throws InterruptedException {
    return send(authorized("/ops/instances", token).GET().build())
        .filter(response -> response.statusCode() == 200)
        .map(response -> new JsonObject(response.body()).getJsonArray("instances", new JsonArray()))
        .map(all -> all.stream().map(JsonObject.class::cast).toList());
  }

  /** Orders something of all nodes; fails when it is refused. */
  void desire(String key, JsonObject value, Token token) throws InterruptedException {
    expect(
        authorized("/ops/desired/" + key, token)
            .header("Content-Type", "application/json")
            .PUT(BodyPublishers.ofString(value.encode()))
            .build());
  }

  /** Takes an order back. */
  void desireNoLonger(String key, Token token) throws InterruptedException {
    expect(authorized("/ops/desired/" + key, token).DELETE().build());
  }

  private void expect(HttpRequest request) throws InterruptedException {
    Optional<HttpResponse<String>> response = send(request);
    if (response.filter(r -> r.statusCode() / 100 == 2).isEmpty()) {
      throw new LabException(
          "%s %s: %s"
              .formatted(
                  request.method(),
                  request.uri().getPath(),
                  response.map(r -> r.statusCode() + " " + r.body()).orElse("no answer")));
    }
  }

  private HttpRequest get(String path) {
    return HttpRequest.newBuilder(base.resolve(path)).timeout(PATIENCE).build();
  }

  private HttpRequest.Builder authorized(String path, Token token) {
    return HttpRequest.newBuilder(base.resolve(path))
        .timeout(PATIENCE)
        .header("Authorization", "Bearer " + token.value);
  }

  private Optional<HttpResponse<String>> send(HttpRequest request) throws InterruptedException {
    try {
      return Optional.of(HTTP.send(request, BodyHandlers.ofString()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
