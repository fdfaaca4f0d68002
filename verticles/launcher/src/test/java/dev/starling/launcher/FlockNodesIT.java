package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What any node shows of all others, each a process of the real jar. */
@Timeout(180)
class FlockNodesIT {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir private Path directory;

  private StarlingProcess.Builder node(String name, String services) {
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("node.name", name)
        .with("services", services)
        .with("calls.slow", "1ms");
  }

  private static List<String> texts(List<JsonObject> findings) {
    return findings.stream().map(f -> f.getString("subject") + " " + f.getString("text")).toList();
  }

  private static String sentence(Orders node) throws Exception {
    return node.view("status").getString("sentence");
  }

  @Test
  void showACallOnAllNodesAndWhyOneOfThemHasGone() throws Exception {
    try (StarlingProcess front = node("front", "gateway").start();
        StarlingProcess back = node("back", "user").start()) {
      Orders one = new Orders(front, directory);
      Orders other = new Orders(back, directory);
      String well = "2 nodes, 1 service, all healthy";
      await().atMost(SOON).until(() -> sentence(one).equals(well) && sentence(other).equals(well));

      Client client = new Client(front.api());
      await()
          .atMost(SOON)
          .until(() -> List.of(201, 409).contains(client.register("ada").statusCode()));
      HttpResponse<String> login = client.login("ada");
      assertThat(login.statusCode()).isEqualTo(200);
      String trace = login.headers().firstValue("x-request-id").orElseThrow();

      List<JsonObject> hops = other.list("calls?trace=" + trace);
      assertThat(hops)
          .extracting(h -> h.getString("node") + " " + h.getString("side"))
          .containsExactly("back done", "front made");
      assertThat(steps(hops.get(1))).containsExactly("user@back");
      assertThat(steps(hops.get(0))).contains("sql", "hash");
      assertThat(hops.get(1).getDouble("millis")).isGreaterThan(hops.get(0).getDouble("millis"));

      await()
          .atMost(SOON)
          .untilAsserted(
              () -> assertThat(logins(front)).isEqualTo(logins(back)).isGreaterThanOrEqualTo(1));

      long killed = System.nanoTime();
      back.kill();
      await()
          .pollInterval(Duration.ofMillis(50))
          .atMost(SOON)
          .until(() -> sentence(one).startsWith("back: left, no word from it for "));
      Duration noticed = Duration.ofNanos(System.nanoTime() - killed);
      System.out.printf("A node that was killed is told of after %d ms%n", noticed.toMillis());
      assertThat(
              texts(
                  one.view("status").getJsonArray("findings").stream()
                      .map(JsonObject.class::cast)
                      .toList()))
          .contains("user has no instance");
      assertThat(one.list("nodes"))
          .extracting(n -> n.getString("name") + " " + n.getString("state"))
          .containsExactly("back left", "front up");
      assertThat(texts(one.list("events"))).anyMatch(e -> e.startsWith("back left: no word"));
      assertThat(logins(front)).isGreaterThanOrEqualTo(1);
    }
  }

  private static List<String> steps(JsonObject call) {
    return call.getJsonArray("steps").stream()
        .map(s -> ((JsonObject) s).getString("name"))
        .distinct()
        .toList();
  }

  /** Of the whole flock, as one node tells Prometheus. */
  private static double logins(StarlingProcess node) throws Exception {
    String series =
        "starling_flock_operations_seconds_count{operation=\"login\",outcome=\"ok\",service=\"user\"} ";
    return new Client(node.operator())
        .get("/metrics/cluster")
        .body()
        .lines()
        .filter(line -> line.startsWith(series))
        .mapToDouble(line -> Double.parseDouble(line.substring(series.length())))
        .sum();
  }

  @Test
  void areShownAlsoWhenTwoHaveOneName() throws Exception {
    try (StarlingProcess first = node("twin", "user,gateway").start();
        StarlingProcess second = node("twin", "user,gateway").start()) {
      Orders one = new Orders(first, directory);
      await().atMost(SOON).until(() -> sentence(one).equals("2 nodes, 1 service, all healthy"));
      for (StarlingProcess node : List.of(first, second)) {
        assertThat(new Client(node.operator()).get("/metrics/cluster").body())
            .contains("starling_flock_node_up{node=\"twin\"} 1.0");
      }
    }
  }

  @Test
  void tellApartThatANodeWasStopped() throws Exception {
    try (StarlingProcess first = node("one", "user,gateway").start();
        StarlingProcess second = node("two", "user,gateway").start()) {
      Orders one = new Orders(first, directory);
      await().atMost(SOON).until(() -> sentence(one).equals("2 nodes, 1 service, all healthy"));

      assertThat(second.stop()).isZero();

      await()
          .atMost(SOON)
          .until(() -> texts(one.list("events")).contains("two left: it was stopped"));
      await().atMost(SOON).until(() -> sentence(one).equals("1 node, 1 service, all healthy"));
    }
  }
}
