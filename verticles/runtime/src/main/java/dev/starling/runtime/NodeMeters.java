package dev.starling.runtime;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.MultiGauge;
import io.micrometer.core.instrument.MultiGauge.Row;
import io.micrometer.core.instrument.Tags;
import io.micrometer.core.instrument.TimeGauge;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;

/** What a node counts of itself and of the instances that it knows. */
final class NodeMeters {
  private final ServiceDirectory directory;
  private final MultiGauge breakers;
  private final MultiGauge inFlight;
  private Set<String> shown = Set.of();

  NodeMeters(Node node, MeterRegistry meters) {
    this.directory = node.directory();
    String version = Node.version();
    Gauge.builder("starling.build.info", () -> 1)
        .description("Always 1; the labels say what runs")
        .tags("version", version, "java", Runtime.version().toString())
        .register(meters);
    Gauge.builder("starling.nodes", node, n -> n.membership().nodes().size())
        .description("Nodes of the cluster, this one included, as this one sees it")
        .register(meters);
    Gauge.builder("starling.node.fenced", node, n -> n.isFenced() ? 1 : 0)
        .description("Whether the node takes itself for cut off and changes nothing")
        .register(meters);
    Gauge.builder("starling.cluster.safe", node, n -> n.isSafe() ? 1 : 0)
        .description("Whether what this node holds of cluster maps has its copy on another")
        .register(meters);
    Gauge.builder("starling.node.draining", node, n -> n.drain().isOn() ? 1 : 0)
        .description("Whether an operator has drained the node")
        .register(meters);
    Gauge.builder("starling.directory.instances", directory, d -> d.all().size())
        .description("Instances of services that the node knows")
        .register(meters);
    TimeGauge.builder(
            "starling.directory.age", directory, TimeUnit.MILLISECONDS, ServiceDirectory::age)
        .description("Since the registry was last read")
        .register(meters);
    breakers =
        MultiGauge.builder("starling.breaker.state")
            .description("Of an instance, as this node sees it: 0 closed, 1 half-open, 2 open")
            .register(meters);
    inFlight =
        MultiGauge.builder("starling.calls.in.flight")
            .description("Calls from this node that an instance has not answered yet")
            .register(meters);
  }

  /** Shows the instances that there are now, if they are others than before. */
  void refresh() {
    List<Instance> all = directory.all();
    Set<String> names =
        all.stream().map(i -> i.announcement().name()).collect(Collectors.toUnmodifiableSet());
    if (!names.equals(shown)) {
      shown = names;
      breakers.register(
          names.stream().map(n -> Row.of(tags(n), () -> directory.breaker(n))).toList(), true);
      inFlight.register(
          names.stream().map(n -> Row.of(tags(n), () -> directory.inFlight(n))).toList(), true);
    }
  }

  private static Tags tags(String instance) {
    int at = instance.indexOf('@');
    return Tags.of("service", instance.substring(0, at), "node", instance.substring(at + 1));
  }
}
