package dev.starling.console;

import dev.starling.runtime.Flock;
import dev.starling.runtime.Flock.Member;
import dev.starling.runtime.Node;
import dev.starling.runtime.Telemetry;
import io.prometheus.metrics.expositionformats.ExpositionFormats;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * The flock as Prometheus reads it from one node: buckets of all nodes are added up, never
 * averaged, and what a node had counted stays when it leaves. Names begin with {@code
 * starling_flock_}, so that they can be read beside those of the nodes.
 */
final class ClusterMetrics {
  private static final ExpositionFormats FORMATS = ExpositionFormats.init();

  private ClusterMetrics() {}

  /** All of it in one of the forms of Prometheus. */
  static String of(Node node, Statistics statistics, String type) throws IOException {
    Collection<Member> members = byName(node.flock().members());
    Map<Statistics.Key, long[]> totals = statistics.totals();
    MetricSnapshots all =
        new MetricSnapshots(
            histogram("starling_flock_calls_seconds", "Calls as callers see them", totals, true),
            histogram("starling_flock_operations_seconds", "Calls as done", totals, false),
            gauge(
                "starling_flock_node_up",
                "1 while a node reports, 0 when it does not",
                members,
                m -> m.state() == Flock.State.UP ? 1 : 0),
            gauge(
                "starling_flock_node_ready",
                "1 when a node can do its work",
                members,
                m -> m.state() == Flock.State.UP && m.report().ready() ? 1 : 0),
            gauge(
                "starling_flock_node_age_seconds",
                "Since a node has reported",
                members,
                m -> m.report() == null ? Double.NaN : m.age() / 1_000.0),
            gauge(
                "starling_flock_node_heap_bytes",
                "Heap in use",
                members,
                m -> m.report() == null ? 0 : m.report().heap()),
            gauge(
                "starling_flock_node_lag_seconds",
                "Worst event-loop lag of a second",
                members,
                m -> m.report() == null ? 0 : m.report().lag() / 1_000.0));
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    FORMATS.findWriter(type).write(bytes, all);
    return bytes.toString(StandardCharsets.UTF_8);
  }

  /** Two that have one name are one here: the one that came last. */
  private static Collection<Member> byName(List<Member> members) {
    Map<String, Member> byName = new TreeMap<>();
    members.stream()
        .filter(m -> m.state() != Flock.State.LEFT)
        .sorted(Comparator.comparing(m -> m.report() == null ? Instant.MIN : m.report().started()))
        .forEach(m -> byName.put(m.name(), m));
    return byName.values();
  }

  private static HistogramSnapshot histogram(
      String name, String help, Map<Statistics.Key, long[]> totals, boolean made) {
    HistogramSnapshot.Builder histogram = HistogramSnapshot.builder().name(name).help(help);
    totals.forEach(
        (key, counts) -> {
          if (key.made() == made) {
            histogram.dataPoint(
                HistogramDataPointSnapshot.builder()
                    .labels(
                        Labels.of(
                            "service", key.service(),
                            "operation", key.operation(),
                            "outcome", key.outcome()))
                    .classicHistogramBuckets(buckets(counts))
                    .sum(counts[counts.length - 1] / 1_000_000.0)
                    .build());
          }
        });
    return histogram.build();
  }

  /** Each with those that are in no smaller one, as this library counts them. */
  private static ClassicHistogramBuckets buckets(long[] counts) {
    List<Double> bounds = new ArrayList<>();
    List<Long> within = new ArrayList<>();
    long below = 0;
    for (int i = 0; i < counts.length - 1; i++) {
      boolean last = i == counts.length - 2;
      bounds.add(last ? Double.POSITIVE_INFINITY : Telemetry.bucket(i) / 1_000.0);
      within.add(Math.max(0, counts[i] - below));
      below = counts[i];
    }
    return ClassicHistogramBuckets.of(bounds, within);
  }

  private static GaugeSnapshot gauge(
      String name, String help, Collection<Member> members, ToDoubleFunction<Member> value) {
    GaugeSnapshot.Builder gauge = GaugeSnapshot.builder().name(name).help(help);
    members.forEach(
        m ->
            gauge.dataPoint(
                GaugeDataPointSnapshot.builder()
                    .labels(Labels.of("node", m.name()))
                    .value(value.applyAsDouble(m))
                    .build()));
    return gauge.build();
  }
}
