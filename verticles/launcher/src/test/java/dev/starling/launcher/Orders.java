package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What an operator sees and orders at the operator port of one node. */
final class Orders {
  private final Client client;
  private final String token;

  Orders(StarlingProcess node, Path directory) throws IOException {
    this.client = new Client(node.operator());
    this.token = Files.readString(directory.resolve("data/secrets/operator")).strip();
  }

  private HttpResponse<String> send(HttpRequest.Builder request) throws Exception {
    return client.send(request.header("Authorization", "Bearer " + token).build());
  }

  void want(String key, JsonObject value) throws Exception {
    HttpResponse<String> answer = send(put(key, value));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
  }

  int statusOf(String key, JsonObject value) throws Exception {
    return send(put(key, value)).statusCode();
  }

  private HttpRequest.Builder put(String key, JsonObject value) {
    return client
        .request("/ops/desired/" + key)
        .header("Content-Type", "application/json")
        .PUT(BodyPublishers.ofString(value.encode()));
  }

  void wantNoLonger(String key) throws Exception {
    assertThat(send(client.request("/ops/desired/" + key).DELETE()).statusCode()).isEqualTo(204);
  }

  /** All that a view shows. */
  JsonObject view(String what) throws Exception {
    HttpResponse<String> answer = send(client.request("/ops/" + what));
    assertThat(answer.statusCode()).as(answer.body()).isEqualTo(200);
    return new JsonObject(answer.body());
  }

  /** The entries of a list, each by the member that names it. */
  List<JsonObject> list(String what) throws Exception {
    return view(what).getJsonArray(what.split("\\?")[0]).stream()
        .map(JsonObject.class::cast)
        .toList();
  }

  List<String> desired() throws Exception {
    return list("desired").stream().map(entry -> entry.getString("key")).toList();
  }

  /** The names of the nodes whose instances this one calls. */
  List<String> instances() throws Exception {
    return list("instances").stream().map(i -> i.getString("nodeName")).sorted().toList();
  }

  long limit(String key) throws Exception {
    return list("limits").stream()
        .filter(limit -> limit.getString("key").equals(key))
        .findFirst()
        .orElseThrow()
        .getLong("value");
  }

  boolean isReady() {
    return client.status("/health/ready") == 200;
  }

  double counter(String name) throws Exception {
    return client
        .get("/metrics")
        .body()
        .lines()
        .filter(line -> line.startsWith(name + " "))
        .mapToDouble(line -> Double.parseDouble(line.substring(name.length())))
        .sum();
  }
}
