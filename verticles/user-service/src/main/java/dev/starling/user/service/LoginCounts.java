package dev.starling.user.service;

import dev.starling.runtime.ServiceException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.List;

/** How log-ins end. */
final class LoginCounts {
  private static final List<String> OUTCOMES =
      List.of("right", "wrong", "second-factor", "throttled", "shed", "failed");

  private final MeterRegistry meters;

  /** Shows all outcomes: Prometheus cannot see that one which it did not know has grown. */
  LoginCounts(MeterRegistry meters) {
    this.meters = meters;
    OUTCOMES.forEach(this::counter);
  }

  private Counter counter(String outcome) {
    return Counter.builder("starling.user.logins")
        .description("Log-ins by outcome")
        .tag("outcome", outcome)
        .register(meters);
  }

  /** One has ended; null for well. */
  void count(Throwable failure) {
    counter(failure == null ? "right" : outcome(ServiceException.of(failure))).increment();
  }

  private static String outcome(ServiceException refusal) {
    if (SecondFactors.isAskedFor(refusal)) {
      return "second-factor";
    }
    if (SecondFactors.isWrongCode(refusal)) {
      return "wrong";
    }
    return switch (refusal.code()) {
      case UNAUTHENTICATED -> "wrong";
      case TOO_MANY_REQUESTS, FORBIDDEN -> "throttled";
      case OVERLOADED -> "shed";
      default -> "failed";
    };
  }
}
