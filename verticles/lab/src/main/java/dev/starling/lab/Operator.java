package dev.starling.lab;

import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Optional;
import java.util.regex.Pattern;

/** The operator port of a node, as an operator's tools use it. */
record Operator(URI base) {
  private static final Duration PATIENCE = Duration.ofSeconds(2);
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).connectTimeout(PATIENCE).build();

  static Operator of(NodeProcess node) {
    return new Operator(node.operator());
  }

  boolean isReady() throws InterruptedException {
    return get("/health/ready").filter(response -> response.statusCode() == 200).isPresent();
  }

  /** What the node says of its own readiness, or that it says nothing. */
  String readiness() throws InterruptedException {
    return get("/health/ready").map(HttpResponse::body).orElse("no answer");
  }

  /** The sum of a meter's values over all its labels; empty when it is not there. */
  Optional<Double> meter(String name) throws InterruptedException {
    Pattern line =
        Pattern.compile("^" + Pattern.quote(name) + "(?:\\{.*})? (\\S+)$", Pattern.MULTILINE);
    return get("/metrics")
        .map(HttpResponse::body)
        .map(line::matcher)
        .map(matcher -> matcher.results().mapToDouble(r -> Double.parseDouble(r.group(1))))
        .map(values -> values.sum());
  }

  private Optional<HttpResponse<String>> get(String path) throws InterruptedException {
    return send(HttpRequest.newBuilder(base.resolve(path)).timeout(PATIENCE).build());
  }

  private Optional<HttpResponse<String>> send(HttpRequest request) throws InterruptedException {
    try {
      return Optional.of(HTTP.send(request, BodyHandlers.ofString()));
    } catch (IOException e) {
      return Optional.empty();
    }
  }
}
