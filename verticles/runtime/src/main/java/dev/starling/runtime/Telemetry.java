package dev.starling.runtime;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Completable;
import java.util.Collection;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Times every call, where it is made ({@code starling.calls}) and where it is done ({@code
 * starling.operations}), by service, operation and outcome. No label ever names a user.
 */
public final class Telemetry {
  private final MeterRegistry meters;
  private final Map<String, OperationMeter> calls = new ConcurrentHashMap<>();
  private final Map<String, OperationMeter> operations = new ConcurrentHashMap<>();
  private final Map<String, Counter> retries = new ConcurrentHashMap<>();

  Telemetry(MeterRegistry meters) {
    this.meters = meters;
  }

  /** The trace of the call that this thread is recording, for exemplars; null outside of that. */
  public static String currentTrace() {
    return OperationMeter.RECORDED.get();
  }

  /** How many counts a report has for an outcome: each bucket, all, and the sum of times. */
  public static final int COUNTS = OperationMeter.BUCKETS.length + 2;

  /** Milliseconds up to which the calls of a bucket may take, in the order of the reports. */
  public static long bucket(int index) {
    return OperationMeter.BUCKETS[index];
  }

  /** Starts the clock of a caller. */
  Completable<Object> called(OperationSpec operation, String trace) {
    return meter(calls, "starling.calls", operation).start(trace);
  }

  /** Starts the clock of a callee. */
  Completable<Object> handled(OperationSpec operation, String trace) {
    return meter(operations, "starling.operations", operation).start(trace);
  }

  private OperationMeter meter(
      Map<String, OperationMeter> side, String name, OperationSpec operation) {
    OperationMeter known = side.get(operation.address());
    return known != null
        ? known
        : side.computeIfAbsent(
            operation.address(), a -> new OperationMeter(meters, name, operation));
  }

  /** An attempt is followed by another. */
  void retried(OperationSpec operation) {
    retries
        .computeIfAbsent(
            operation.service(),
            service ->
                Counter.builder("starling.calls.retried")
                    .description("Attempts that followed another")
                    .tag("service", service)
                    .register(meters))
        .increment();
  }

  /** A breaker of this node has changed its state. */
  void broke(String service, Breaker.State to) {
    Counter.builder("starling.breaker.transitions")
        .description("Changes of breakers of this node, by where to")
        .tags("service", service, "to", to.text())
        .register(meters)
        .increment();
  }

  /** What this node has called. */
  Collection<OperationMeter> calls() {
    return calls.values();
  }

  /** What this node has done. */
  Collection<OperationMeter> operations() {
    return operations.values();
  }
}
