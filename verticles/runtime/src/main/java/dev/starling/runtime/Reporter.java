package dev.starling.runtime;

import com.sun.management.UnixOperatingSystemMXBean;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Tag;
import java.lang.management.ManagementFactory;
import java.lang.management.MemoryUsage;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Gathers what this node says of itself. */
final class Reporter {
  /** Breakers in a report: the worst first. */
  private static final int MOST_BREAKERS = 200;

  private final Node node;
  private final MeterRegistry meters;
  private final Journal journal;
  private final NodeMeters own;
  private final Instant started = Instant.now().truncatedTo(ChronoUnit.MILLIS);
  private volatile List<Health.Check> checks = List.of();
  private volatile boolean checking;
  private long sequence;

  Reporter(Node node, MeterRegistry meters, Journal journal) {
    this.node = node;
    this.meters = meters;
    this.journal = journal;
    this.own = new NodeMeters(node, meters);
  }

  /** Health is asked beside the reports, which do not wait for it. */
  private void check() {
    if (!checking) {
      checking = true;
      node.health()
          .readiness()
          .onSuccess(found -> checks = found)
          .onComplete(done -> checking = false);
    }
  }

  /** The next report. */
  NodeReport next(boolean stopping, String operator, String gateway, List<String> hears) {
    check();
    own.refresh();
    MemoryUsage heap = ManagementFactory.getMemoryMXBean().getHeapMemoryUsage();
    return new NodeReport(
        node.membership().self(),
        node.options().name(),
        Node.version(),
        operator,
        gateway,
        started,
        Instant.now().truncatedTo(ChronoUnit.MILLIS),
        ++sequence,
        stopping,
        node.drain().isOn(),
        node.isFenced(),
        node.membership().nodes().size(),
        heap.getUsed(),
        heap.getMax(),
        cpu(),
        node.lag().worst(),
        checks,
        operations(node.telemetry().calls()),
        operations(node.telemetry().operations()),
        judgements(),
        values(),
        journal.own(),
        surroundings(hears));
  }

  private NodeReport.Surroundings surroundings(List<String> hears) {
    UnixOperatingSystemMXBean unix =
        ManagementFactory.getOperatingSystemMXBean() instanceof UnixOperatingSystemMXBean system
            ? system
            : null;
    return new NodeReport.Surroundings(
        Runtime.version().toString(),
        unix == null ? 0 : unix.getOpenFileDescriptorCount(),
        unix == null ? 0 : unix.getMaxFileDescriptorCount(),
        node.membership().place(),
        hears);
  }

  private static double cpu() {
    return ManagementFactory.getOperatingSystemMXBean()
            instanceof com.sun.management.OperatingSystemMXBean system
        ? Math.max(0, system.getProcessCpuLoad())
        : 0;
  }

  private static List<NodeReport.Operations> operations(Collection<OperationMeter> meters) {
    return meters.stream().map(OperationMeter::report).toList();
  }

  private List<NodeReport.Judgement> judgements() {
    return node.directory().instances().stream()
        .filter(
            i -> i.calls() > 0 || !i.breaker().equals("closed") || !i.wish().equals("automatic"))
        .sorted(Comparator.comparing(i -> i.breaker().equals("closed")))
        .limit(MOST_BREAKERS)
        .map(
            i ->
                new NodeReport.Judgement(
                    i.announcement().name(),
                    i.breaker(),
                    i.wish(),
                    i.calls(),
                    i.failed(),
                    i.slow(),
                    i.reason(),
                    i.probeIn(),
                    i.trail()))
        .toList();
  }

  private Map<String, Double> values() {
    Map<String, Double> values = new HashMap<>();
    for (Meter meter : meters.getMeters()) {
      boolean ofAnInstance = meter.getId().getTag("node") != null; // Judgements tell the same.
      if (meter.getId().getName().startsWith("starling.")
          && !ofAnInstance
          && (meter instanceof Gauge || meter instanceof Counter)) {
        double value = meter.measure().iterator().next().getValue();
        if (Double.isFinite(value)) {
          values.put(name(meter.getId()), value);
        }
      }
    }
    return values;
  }

  private static String name(Meter.Id id) {
    StringBuilder name = new StringBuilder(id.getName());
    String before = "{";
    for (Tag tag : id.getTags()) {
      name.append(before).append(tag.getKey()).append('=').append(tag.getValue());
      before = ",";
    }
    return id.getTags().isEmpty() ? name.toString() : name.append('}').toString();
  }
}
