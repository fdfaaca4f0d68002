package dev.starling.lab;

import io.vertx.core.Vertx;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What a call costs that does nothing: through gateway and bus, in one JVM and over two. */
final class Calls implements Part {
  private static final String PATH = "/echo/hello";

  @Override
  public String name() {
    return "calls";
  }

  @Override
  public String about() {
    return "a call that does nothing, beside bare HTTP, local bus and clustered bus";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    String echo =
        ServiceJar.write(programs.directory().resolve("echo.jar"), EchoVerticle.class).toString();
    Served.Maker served = new Served.Maker(vertx, List.of(), api -> Visit.get(api.resolve(PATH)));
    Subject http = served.by("bare HTTP", programs.bare("http", BareHttp.class, Map.of()));
    Subject local =
        served.by(
            "bare HTTP + local bus",
            programs.bare("bus", BareBus.class, Map.of(), "service", "gateway"));

    Flock bare = new Flock(programs, "bare", 2);
    NodeProcess bareService = bare(programs, "service", bare.hazelcast()).awaitUp();
    Subject clustered =
        served.by("bare clustered bus", bare(programs, "gateway", bare.hazelcast()), bareService);

    Map<String, String> both = Map.of("services", "echo,gateway");
    Subject alone = served.by("Starling, one JVM", programs.node("alone", both, "-services", echo));

    Subject two = two("Starling, two JVMs", programs.project(), programs, echo, served);

    List<Subject> subjects = new ArrayList<>(List.of(http, local, clustered, alone, two));
    Optional<Project> earlier = programs.project().earlier();
    Optional<Subject> aloneBefore = Optional.empty();
    Optional<Subject> twoBefore = Optional.empty();
    if (earlier.isPresent()) {
      NodeProcess node = programs.node(earlier.get(), "earlier", both, "-services", echo);
      aloneBefore = Optional.of(served.by("the version before, one JVM", node));
      twoBefore =
          Optional.of(two("the version before, two JVMs", earlier.get(), programs, echo, served));
    }
    aloneBefore.ifPresent(subjects::add);
    twoBefore.ifPresent(subjects::add);
    SideBySide calls = SideBySide.measure(name(), pace, findings, subjects);
    findings.ratios().add(calls.cpu("one JVM / bare HTTP + local bus", alone, local, 1.4));
    findings.ratios().add(calls.cpu("two JVMs / bare clustered bus", two, clustered, 1.2));
    aloneBefore.ifPresent(
        before ->
            findings.ratios().add(calls.cpu("one JVM / the version before", alone, before, 1.02)));
    twoBefore.ifPresent(
        before ->
            findings.ratios().add(calls.cpu("two JVMs / the version before", two, before, 1.02)));
  }

  private static Subject two(
      String name, Project of, Programs programs, String echo, Served.Maker served)
      throws Exception {
    String role = of == programs.project() ? "" : "-before";
    Flock flock = new Flock(programs, "calls" + role, 2);
    NodeProcess service =
        programs
            .node(of, "service" + role, flock.settings("echo"), "-cluster", "-services", echo)
            .awaitUp();
    NodeProcess gateway =
        programs.node(of, "gateway" + role, flock.settings("gateway"), "-cluster");
    return served.by(name, gateway, service);
  }

  private static NodeProcess bare(Programs programs, String role, Path hazelcast)
      throws IOException {
    return programs.bare("bare-" + role, BareBus.class, Map.of(), role, hazelcast.toString());
  }
}
