package dev.starling.console;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.NodeReport;
import dev.starling.runtime.Telemetry;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.util.Base64;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.zip.DataFormatException;
import org.HdrHistogram.Histogram;

/**
 * Calls of the whole flock, put together from the reports of all nodes that were there since this
 * one began to listen: histograms are merged, and what a node has counted stays when it has left.
 */
final class Statistics {
  /** Operations of which there are series; names come from contracts, but of any release. */
  private static final int MOST = 1_000;

  /** Nodes of which there are series, those that have left in the last quarter of an hour too. */
  private static final int MOST_NODES = 200;

  /** Calls of an operation of which the share of failures means something. */
  private static final int ENOUGH = 5;

  /** How calls end that fail by our fault, not the caller's. */
  private static final Set<String> OURS =
      Stream.of(ErrorCode.values())
          .filter(ErrorCode::isOurs)
          .map(ErrorCode::kind)
          .collect(Collectors.toUnmodifiableSet());

  private final Map<String, OperationSeries> series = new TreeMap<>();

  /** How each node did, by its id. */
  private final Map<String, NodeSeries> nodes = new TreeMap<>();

  private final Lags lags = new Lags();

  /** What each node has called lately, by service. */
  private final Map<String, Map<String, Lately>> traffic = new HashMap<>();

  /** Counts since the start of each node, those that have left meanwhile included. */
  private final Map<Key, long[]> totals = new HashMap<>();

  /** What each node had counted when it last reported, also if it has left: it may come back. */
  private final Map<String, Map<Key, long[]>> counted =
      new LinkedHashMap<>(16, 0.75f, true) {
        @Override
        protected boolean removeEldestEntry(Map.Entry<String, Map<Key, long[]>> eldest) {
          return size() > MOST;
        }
      };

  /**
   * Whose counts.
   *
   * @param made whether on the side of the caller
   */
  record Key(boolean made, String service, String operation, String outcome) {}

  /** Takes in a report. */
  synchronized void hear(NodeReport report) {
    if (nodes.size() < MOST_NODES || nodes.containsKey(report.node())) {
      nodes.computeIfAbsent(report.node(), id -> new NodeSeries(report.name())).hear(report);
    }
    Map<Key, long[]> before = counted.computeIfAbsent(report.node(), id -> new HashMap<>());
    lags.hear(report);
    for (NodeReport.Operations calls : report.calls()) {
      count(true, calls, before);
      Histogram latest = calls.latest() == null ? null : read(calls.latest());
      if (latest != null) {
        traffic(report.node(), calls.service()).add(latest, calls.failed());
        series(calls).ifPresent(of -> of.add(latest, calls.failed()));
      }
    }
    report.operations().forEach(done -> count(false, done, before));
  }

  private Optional<OperationSeries> series(NodeReport.Operations calls) {
    String name = calls.service() + "." + calls.operation();
    return Optional.ofNullable(
        series.size() < MOST
            ? series.computeIfAbsent(name, n -> new OperationSeries())
            : series.get(name));
  }

  private Lately traffic(String node, String service) {
    return traffic
        .computeIfAbsent(node, n -> new TreeMap<>())
        .computeIfAbsent(service, s -> new Lately());
  }

  /** Null for one of a release that writes it otherwise; its counts are there all the same. */
  private static Histogram read(String latest) {
    try {
      ByteBuffer bytes = ByteBuffer.wrap(Base64.getDecoder().decode(latest));
      return Histogram.decodeFromCompressedByteBuffer(bytes, 0);
    } catch (DataFormatException | RuntimeException e) {
      return null;
    }
  }

  private void count(boolean made, NodeReport.Operations operation, Map<Key, long[]> before) {
    operation
        .outcomes()
        .forEach(
            (outcome, counts) -> {
              if (counts.length != Telemetry.COUNTS) {
                return; // a release with other buckets
              }
              Key key = new Key(made, operation.service(), operation.operation(), outcome);
              long[] last = before.put(key, counts);
              long[] total = totals.computeIfAbsent(key, k -> new long[counts.length]);
              for (int i = 0; i < counts.length; i++) {
                total[i] += counts[i] - (last == null ? 0 : last[i]);
              }
            });
  }

  /** A second is over. */
  synchronized void tick() {
    nodes.values().forEach(NodeSeries::tick);
    nodes.values().removeIf(NodeSeries::isSilent);
    series.values().forEach(OperationSeries::tick);
    series.values().removeIf(OperationSeries::isSilent);
    traffic.values().forEach(services -> services.values().forEach(Lately::tick));
    traffic.values().forEach(services -> services.values().removeIf(Lately::isSilent));
    traffic.values().removeIf(Map::isEmpty);
  }

  /** The last ten seconds of an operation; null when nobody has called it lately. */
  synchronized JsonObject lately(String operation) {
    OperationSeries of = series.get(operation);
    return of == null ? null : of.lately();
  }

  /** Whether event loops of a node are behind, again and again. */
  synchronized boolean isBehind(String node) {
    return lags.isBehind(node);
  }

  /**
   * Calls of the last ten seconds that many of failed by our fault.
   *
   * @param calls all calls of these operations
   * @param failed those that failed so
   * @param operations names, without that of the service
   * @param codes how they failed, the most frequent first
   */
  record Failing(long calls, long failed, List<String> operations, List<String> codes) {}

  /** Of each service whose calls fail, the operations of which at least half do. */
  synchronized Map<String, Failing> failing() {
    Map<String, Failing> failing = new TreeMap<>();
    series.forEach(
        (name, of) -> {
          Map<String, Long> faults = new HashMap<>(of.failures());
          faults.keySet().removeIf(code -> !OURS.contains(code));
          long failed = faults.values().stream().mapToLong(Long::longValue).sum();
          if (of.calls() >= ENOUGH && 2 * failed >= of.calls()) {
            int dot = name.indexOf('.');
            List<String> codes =
                faults.keySet().stream()
                    .sorted(Comparator.comparing(faults::get).reversed())
                    .toList();
            failing.merge(
                name.substring(0, dot),
                new Failing(of.calls(), failed, List.of(name.substring(dot + 1)), codes),
                Statistics::sum);
          }
        });
    return failing;
  }

  private static Failing sum(Failing one, Failing other) {
    return new Failing(
        one.calls() + other.calls(),
        one.failed() + other.failed(),
        Stream.concat(one.operations().stream(), other.operations().stream()).toList(),
        Stream.concat(one.codes().stream(), other.codes().stream()).distinct().toList());
  }

  /**
   * The last ten seconds of what a node has called, by service; what it did not call is not there.
   */
  synchronized JsonArray callsOf(String node) {
    JsonArray calls = new JsonArray();
    traffic
        .getOrDefault(node, Map.of())
        .forEach(
            (service, lately) ->
                calls.add(new JsonObject().put("service", service).put("lately", lately.json())));
    return calls;
  }

  /** The last seconds of each operation that was called in the last quarter of an hour. */
  JsonObject all(int seconds) {
    Map<String, OperationSeries.Values> values = new TreeMap<>();
    synchronized (this) {
      series.forEach((name, of) -> values.put(name, of.values(seconds)));
    }
    JsonObject all = new JsonObject();
    values.forEach((name, of) -> all.put(name, of.json()));
    return all;
  }

  /** The last seconds of each node that was there in the last quarter of an hour. */
  synchronized JsonArray load() {
    JsonArray load = new JsonArray();
    nodes.forEach((id, of) -> load.add(of.json().put("id", id)));
    return load;
  }

  /** Counts by bucket, all of them, and the sum in microseconds; see the runtime's report. */
  synchronized Map<Key, long[]> totals() {
    Map<Key, long[]> copy = new HashMap<>();
    totals.forEach((key, counts) -> copy.put(key, counts.clone()));
    return copy;
  }
}
