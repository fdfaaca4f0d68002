package dev.starling.launcher;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import org.awaitility.Awaitility;

/**
 * Speaks HTTP to a node as any client does, behind a proxy that tells each request's network: one
 * of its own, so that the throttle stays on and takes none of them for a guesser.
 */
final class Client {
  static final String PASSWORD = "correct horse battery";

  /** Where the requests of tests come from, all of them proxies. */
  static final String PROXIES = "127.0.0.0/8,10.214.0.0/16";

  private static final Duration PATIENCE = Duration.ofSeconds(5);

  private static final AtomicInteger NETWORKS = new AtomicInteger();

  private static final HttpClient HTTP =
      HttpClient.newBuilder()
          .version(HttpClient.Version.HTTP_1_1)
          .connectTimeout(Duration.ofSeconds(5))
          .build();

  private final URI base;
  private final HttpClient http;

  Client(URI base) {
    this(base, HTTP);
  }

  Client(URI base, HttpClient http) {
    this.base = base;
    this.http = http;
  }

  static JsonObject credentials(String username) {
    return new JsonObject().put("username", username).put("password", PASSWORD);
  }

  HttpRequest.Builder request(String path) {
    int network = NETWORKS.getAndIncrement();
    return HttpRequest.newBuilder(base.resolve(path))
        .timeout(Duration.ofSeconds(20))
        .header("X-Forwarded-For", "10.%d.%d.1".formatted(network >>> 8 & 0xff, network & 0xff));
  }

  HttpRequest post(String path, String body) {
    return request(path)
        .header("Content-Type", "application/json")
        .POST(BodyPublishers.ofString(body))
        .build();
  }

  HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return http.send(request, BodyHandlers.ofString());
  }

  CompletableFuture<HttpResponse<String>> sendLater(HttpRequest request) {
    return http.sendAsync(request, BodyHandlers.ofString());
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(request(path).build());
  }

  HttpResponse<String> get(String path, String token) throws IOException, InterruptedException {
    return send(request(path).header("Authorization", "Bearer " + token).build());
  }

  HttpResponse<String> register(String username) throws IOException, InterruptedException {
    return patiently(registration(username));
  }

  HttpResponse<String> login(String username) throws IOException, InterruptedException {
    return patiently(logIn(username));
  }

  /** Takes a 503 for an answer. */
  HttpResponse<String> registerOnce(String username) throws IOException, InterruptedException {
    return send(registration(username));
  }

  /** Takes a 503 for an answer. */
  HttpResponse<String> loginOnce(String username) throws IOException, InterruptedException {
    return send(logIn(username));
  }

  private HttpRequest registration(String username) {
    return post("/api/users", credentials(username).encode());
  }

  private HttpRequest logIn(String username) {
    return post("/api/login", credentials(username).encode());
  }

  /**
   * Comes again, for some seconds, where it is told to: the first calls of a node that has just
   * started on a busy machine may be refused.
   */
  HttpResponse<String> patiently(HttpRequest request) throws IOException, InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    return Awaitility.await()
        .pollDelay(Duration.ZERO)
        .pollInterval(Duration.ofMillis(200))
        .atMost(Duration.ofMinutes(1))
        .until(() -> send(request), a -> a.statusCode() != 503 || System.nanoTime() - end > 0);
  }

  /** The status of a GET, 0 when nobody answers. */
  int status(String path) {
    try {
      return get(path).statusCode();
    } catch (IOException e) {
      return 0;
    } catch (InterruptedException e) {
      throw new AssertionError(e);
    }
  }
}
