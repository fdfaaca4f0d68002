package dev.starling.lab;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;

/** Whether a call costs more when more nodes could answer it. */
final class Nodes implements Part {
  private static final List<Integer> SIZES = List.of(1, 2, 4, 7, 10);

  @Override
  public String name() {
    return "nodes";
  }

  @Override
  public String about() {
    return "a call through one gateway to 1, 2, 4, 7 and 10 service nodes";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    int most = SIZES.get(SIZES.size() - 1);
    Flock flock = new Flock(programs, "nodes", 1 + most);
    String echo =
        ServiceJar.write(programs.directory().resolve("echo.jar"), EchoVerticle.class).toString();
    List<NodeProcess> nodes = new ArrayList<>();
    nodes.add(programs.node("gateway", flock.settings("gateway"), "-cluster"));
    Visit visit = Visit.get(nodes.get(0).awaitApi().resolve("/echo/hello"));
    List<Findings.Point> points = new ArrayList<>();
    for (int size : SIZES) {
      while (nodes.size() <= size) {
        String name = "service-" + nodes.size();
        nodes.add(
            programs.node(name, flock.settings("echo"), "-cluster", "-services", echo).awaitUp());
      }
      Programs.awaitAnswer(visit, 0);
      points.add(Growing.measure(size, (size + 1) / 2, vertx, visit, nodes, pace));
    }
    findings
        .growths()
        .add(new Findings.Growth("CPU time of a call by nodes that serve it", "nodes", points));
  }
}
