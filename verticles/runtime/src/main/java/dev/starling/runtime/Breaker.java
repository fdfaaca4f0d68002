package dev.starling.runtime;

import io.vertx.circuitbreaker.CircuitBreaker;
import io.vertx.circuitbreaker.CircuitBreakerOptions;
import io.vertx.circuitbreaker.OpenCircuitException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps calls away from one instance that fails, by one Vert.x circuit breaker; nothing else
 * touches that.
 *
 * <p>Only faults count, never a caller's error. While it is open the instance is not chosen. After
 * two seconds it is pinged: an answer closes the breaker, so that no caller's request is the probe.
 */
final class Breaker {
  private static final Logger log = LoggerFactory.getLogger(Breaker.class);

  private static final CircuitBreakerOptions OPTIONS =
      new CircuitBreakerOptions()
          .setMaxFailures(5)
          .setFailuresRollingWindow(10_000)
          .setTimeout(-1)
          .setResetTimeout(2_000)
          .setNotificationAddress(null);

  private final CircuitBreaker breaker;
  private volatile boolean closed = true;

  /**
   * Makes a closed breaker.
   *
   * @param ping must end within a bounded time
   */
  Breaker(String name, Vertx vertx, Supplier<Future<?>> ping) {
    breaker =
        CircuitBreaker.create(name, vertx, OPTIONS)
            .<Object>failurePolicy(
                f -> f.failed() && ServiceException.of(f.cause()).code().isFault())
            .openHandler(
                v -> {
                  closed = false;
                  log.warn("{}: breaker open", name);
                })
            .halfOpenHandler(v -> vertx.runOnContext(w -> probe(ping)))
            .closeHandler(
                v -> {
                  closed = true;
                  log.info("{}: breaker closed", name);
                });
  }

  private void probe(Supplier<Future<?>> ping) {
    breaker.execute(() -> ping.get().mapEmpty());
  }

  boolean isClosed() {
    return closed;
  }

  <T> Future<T> call(Supplier<Future<T>> call) {
    return breaker.execute(call).recover(Breaker::refused);
  }

  private static <T> Future<T> refused(Throwable failure) {
    return Future.failedFuture(
        failure instanceof OpenCircuitException
            ? new ServiceException(ErrorCode.NOT_STARTED, "The instance is failing")
            : failure);
  }

  void close() {
    breaker.close();
  }
}
