package dev.starling.lab;

import dev.starling.runtime.CrowdVerticle;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** Whether a call costs more when the registry holds more records. */
final class Records implements Part {
  private static final List<Integer> SIZES = List.of(10, 100, 1_000, 10_000);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

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
      grow(vertx, nodes.get(0), size);
      points.add(Growing.measure(size, 1, vertx, visit, nodes, pace));
    }
    findings.growths().add(new Findings.Growth("CPU time of a call by records", "records", points));
  }

  /** The services themselves have a record each; the gateway may not know the crowd's yet. */
  private static void grow(Vertx vertx, NodeProcess gateway, int records) throws Exception {
    JsonObject body = new JsonObject().put("records", records - 2);
    Visit visit = Visit.post(gateway.awaitApi().resolve(CrowdVerticle.PATH), body::toBuffer);
    long deadline = System.nanoTime() + PATIENCE.toNanos();
    for (boolean grown = false; !grown; ) {
      try (Visitors one = new Visitors(vertx, visit)) {
        one.asSoonAsAnswered(1, Duration.ZERO);
        grown = true;
      } catch (LabException e) {
        if (System.nanoTime() > deadline) {
          throw e;
        }
        Thread.sleep(100);
      }
    }
  }
}
