package dev.starling.runtime;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import jakarta.validation.constraints.DecimalMax;
import jakarta.validation.constraints.DecimalMin;
import jakarta.validation.constraints.Max;
import jakarta.validation.constraints.Min;
import jakarta.validation.constraints.NotNull;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Supplier;

/**
 * Fails or delays a share of the calls of an instance on this node, to see what the others make of
 * it; off, it costs one volatile read a call.
 */
final class FaultSwitch {
  /** One for all, without a stack trace, since each is logged and nobody has to look for it. */
  private static final ServiceException FAILED =
      new ServiceException(ErrorCode.INTERNAL, "The fault switch has failed this call");

  static {
    FAILED.setStackTrace(new StackTraceElement[0]);
  }

  private final Vertx vertx;
  private volatile Map<String, Fault> faults = Map.of();

  /**
   * What happens to calls.
   *
   * @param share of the calls that it happens to
   * @param error whether they fail
   * @param delay milliseconds that they wait before their handler begins
   */
  record Fault(
      @NotNull @DecimalMin("0") @DecimalMax("1") Double share,
      Boolean error,
      @Min(1) @Max(60_000) Long delay) {
    Fault {
      if (Boolean.TRUE.equals(error) == (delay != null)) {
        throw new IllegalArgumentException("needs either error: true or a delay in milliseconds");
      }
    }
  }

  FaultSwitch(Vertx vertx) {
    this.vertx = vertx;
  }

  /** Does to the instances of a node what is wanted, as long as it is. */
  void follow(DesiredState desired, String nodeName) {
    desired.on(
        DesiredKind.FAULT.prefix(),
        entries -> {
          Map<String, Fault> wanted = new HashMap<>();
          entries.forEach(
              (key, entry) -> {
                String[] instance = DesiredKind.FAULT.name(key).split("@", 2);
                if (instance[1].equals(nodeName)) {
                  wanted.put(instance[0], Codec.reply(entry.value().toBuffer(), Fault.class));
                }
              });
          faults = Map.copyOf(wanted);
        });
  }

  /** Does the work of a call, unless it is to fail; after the delay, if there is one. */
  <T> Future<T> around(String service, Supplier<Future<T>> work) {
    Map<String, Fault> now = faults;
    Fault fault = now.isEmpty() ? null : now.get(service);
    if (fault == null || ThreadLocalRandom.current().nextDouble() >= fault.share()) {
      return work.get();
    }
    if (fault.delay() == null) {
      return Future.failedFuture(FAILED);
    }
    return vertx.timer(fault.delay()).compose(v -> work.get());
  }
}
