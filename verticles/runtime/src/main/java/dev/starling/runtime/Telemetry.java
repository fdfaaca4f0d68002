package dev.starling.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Completable;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Times every call, where it is made ({@code starling.calls}) and where it is done ({@code
 * starling.operations}), by service, operation and outcome. No label ever names a user.
 */
final class Telemetry {
  private static final String OK = "ok";

  private final MeterRegistry meters;
  private final Map<Key, Timer> timers = new ConcurrentHashMap<>();

  private record Key(String meter, String service, String operation, String outcome) {}

  Telemetry(MeterRegistry meters) {
    this.meters = meters;
  }

  /** Starts the clock of a caller. */
  Completable<Object> called(OperationSpec operation) {
    return start("starling.calls", operation);
  }

  /** Starts the clock of a callee. */
  Completable<Object> handled(OperationSpec operation) {
    return start("starling.operations", operation);
  }

  private Completable<Object> start(String meter, OperationSpec operation) {
    long begin = System.nanoTime();
    return (result, failure) ->
        timer(meter, operation, failure).record(System.nanoTime() - begin, TimeUnit.NANOSECONDS);
  }

  private Timer timer(String meter, OperationSpec operation, Throwable failure) {
    String outcome = failure == null ? OK : ServiceException.of(failure).code().name();
    return timers.computeIfAbsent(
        new Key(meter, operation.service(), operation.name(), outcome), this::register);
  }

  private Timer register(Key key) {
    return Timer.builder(key.meter())
        .tag("service", key.service())
        .tag("operation", key.operation())
        .tag("outcome", key.outcome())
        .serviceLevelObjectives(
            Duration.ofMillis(1),
            Duration.ofMillis(5),
            Duration.ofMillis(10),
            Duration.ofMillis(25),
            Duration.ofMillis(50),
            Duration.ofMillis(100),
            Duration.ofMillis(250),
            Duration.ofMillis(500),
            Duration.ofSeconds(1),
            Duration.ofMillis(2500),
            Duration.ofSeconds(5))
        .register(meters);
  }
}
