package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** A user of the API, who registers once and logs in whenever the token has become old. */
final class Account {
  private static final long TOKEN_MILLIS = 120_000;
  private static final HttpClient HTTP =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  private static final AtomicInteger NETWORKS = new AtomicInteger();

  private final URI api;
  private final JsonObject credentials;
  private final String id;
  private String token;
  private long since;

  private Account(URI api, JsonObject credentials) {
    this.api = api;
    this.credentials = credentials;
    this.id = post("/api/users").getString("id");
  }

  static Account register(URI api, String name) {
    return new Account(api, credentials(name));
  }

  static JsonObject credentials(String name) {
    return new JsonObject().put("username", name).put("password", "correct horse battery");
  }

  /** Begins another session. */
  JsonObject login() {
    return post("/api/login");
  }

  String id() {
    return id;
  }

  JsonObject credentials() {
    return credentials;
  }

  Map<String, String> authorization() {
    long now = System.nanoTime() / 1_000_000;
    if (token == null || now - since > TOKEN_MILLIS) {
      token = login().getString("access_token");
      since = now;
    }
    return Map.of("Authorization", "Bearer " + token);
  }

  private JsonObject post(String path) {
    try {
      HttpResponse<String> answer = HTTP.send(request(path), BodyHandlers.ofString());
      if (answer.statusCode() >= 300) {
        throw new LabException(path + ": " + answer.statusCode() + " " + answer.body());
      }
      return new JsonObject(answer.body());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new LabException("Interrupted");
    }
  }

  /** From a network of its own, where the node believes that. */
  private HttpRequest request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(api.resolve(path))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(credentials.encode()));
    Source.of(NETWORKS.getAndIncrement()).forEach(request::header);
    return request.build();
  }
}
