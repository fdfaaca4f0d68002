package dev.starling.lab;

import dev.starling.runtime.CrowdVerticle;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Whether a call costs more when the registry holds more records. */
final class Records implements Part {
  private static final List<Integer> SIZES = List.of(10, 100, 1_000, 10_000);
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /**
   * Two reconciliations, and a ping of every node to every instance: then all records are in use.
   */
  private static final Duration SETTLES = Duration.ofSeconds(11);

  private static final int PING_MILLIS = 10;

  @Override
  public String name() {
    return "records";
  }

  @Override
  public String about() {
    return "a call over two JVMs with 10, 100, 1,000 and 10,000 records in the registry";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    Flock flock = new Flock(programs, "records", 3);
    Path directory = programs.directory();
    String echo = ServiceJar.write(directory.resolve("echo.jar"), EchoVerticle.class).toString();
    Path crowd = ServiceJar.write(directory.resolve("crowd.jar"), CrowdVerticle.class);
    List<NodeProcess> nodes = new ArrayList<>();
    nodes.add(programs.node("gateway", flock.settings("gateway"), "-cluster"));
    nodes.add(
        programs.node("service", flock.settings("echo"), "-cluster", "-services", echo).awaitUp());
    programs.node("crowd", crowd, flock.settings("crowd"), "-cluster").awaitUp();
    Visit visit = Visit.get(nodes.get(0).awaitApi().resolve("/echo/hello"));
    Programs.awaitAnswer(visit, 0);
    List<Findings.Point> points = new ArrayList<>();
    for (int size : SIZES) {
      grow(nodes.get(0), size);
      points.add(Growing.measure(size, 1, vertx, visit, nodes, pace));
    }
    findings.growths().add(new Findings.Growth("CPU time of a call by records", "records", points));
  }

  /** The services themselves have a record each; the gateway may not know the crowd's yet. */
  private static void grow(NodeProcess gateway, int records) throws Exception {
    int crowd = records - 2;
    HttpRequest request =
        HttpRequest.newBuilder(gateway.awaitApi().resolve(CrowdVerticle.PATH))
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(new JsonObject().put("records", crowd).encode()))
            .build();
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    HttpResponse<String> answer;
    do {
      if (System.nanoTime() > deadline) {
        throw new LabException("There are not " + records + " records yet");
      }
      Thread.sleep(200);
      answer = HttpClient.newHttpClient().send(request, BodyHandlers.ofString());
    } while (answer.statusCode() != 200
        || new JsonObject(answer.body()).getInteger("records") < crowd);
    Thread.sleep(SETTLES.toMillis() + (long) PING_MILLIS * records);
  }
}
