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

    Flock flock = new Flock(programs, "calls", 2);
    NodeProcess service =
        programs.node("service", flock.settings("echo"), "-cluster", "-services", echo).awaitUp();
    Subject two =
        served.by(
            "Starling, two JVMs",
            programs.node("gateway", flock.settings("gateway"), "-cluster"),
            service);

    List<Subject> subjects = new ArrayList<>(List.of(http, local, clustered, alone, two));
    Optional<Subject> before = Optional.empty();
    if (programs.project().earlier().isPresent()) {
      Project earlier = programs.project().earlier().get();
      NodeProcess node = programs.node(earlier, "earlier", both, "-services", echo);
      before = Optional.of(served.by("the version before, one JVM", node));
    }
    before.ifPresent(subjects::add);
    SideBySide calls = SideBySide.measure(name(), pace, findings, subjects);
    findings.ratios().add(calls.cpu("one JVM / bare HTTP + local bus", alone, local, 1.4));
    findings.ratios().add(calls.cpu("two JVMs / bare clustered bus", two, clustered, 1.2));
    before.ifPresent(
        subject ->
            findings.ratios().add(calls.cpu("one JVM / the version before", alone, subject, 1.02)));
  }

  private static NodeProcess bare(Programs programs, String role, Path hazelcast)
      throws IOException {
    return programs.bare("bare-" + role, BareBus.class, Map.of(), role, hazelcast.toString());
  }
}
