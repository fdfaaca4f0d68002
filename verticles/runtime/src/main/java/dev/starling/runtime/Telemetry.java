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
    OperationMeter known = calls.get(operation.address());
    return (known != null
            ? known
            : calls.computeIfAbsent(operation.address(), a -> call(operation)))
        .start(trace);
  }

  /** Starts the clock of a callee. */
  Completable<Object> handled(OperationSpec operation, String trace) {
    OperationMeter known = operations.get(operation.address());
    return (known != null
            ? known
            : operations.computeIfAbsent(
                operation.address(),
                a -> new OperationMeter(meters, "starling.operations", operation)))
        .start(trace);
  }

  /** What alerts and dashboards count is there before it happens. */
  private OperationMeter call(OperationSpec operation) {
    retries(operation.service());
    for (Breaker.State state : Breaker.State.values()) {
      transitions(operation.service(), state);
    }
    return new OperationMeter(meters, "starling.calls", operation).shown();
  }

  /** An attempt is followed by another. */
  void retried(OperationSpec operation) {
    retries(operation.service()).increment();
  }

  private Counter retries(String service) {
    return retries.computeIfAbsent(
        service,
        s ->
            Counter.builder("starling.calls.retried")
                .description("Attempts that followed another")
                .tag("service", s)
                .register(meters));
  }

  /** A breaker of this node has changed its state. */
  void broke(String service, Breaker.State to) {
    transitions(service, to).increment();
  }

  private Counter transitions(String service, Breaker.State to) {
    return Counter.builder("starling.breaker.transitions")
        .description("Changes of breakers of this node, by where to")
        .tags("service", service, "to", to.text())
        .register(meters);
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
