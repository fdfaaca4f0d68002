package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.Meter;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class TelemetryTest {
  record Request() {}

  record Reply() {}

  private static final OperationSpec ECHO =
      Operation.query("lab", "echo", Request.class, Reply.class).open().spec();

  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Telemetry telemetry = new Telemetry(meters);

  @Test
  @DisplayName("the first call of an operation shows each failure of ours, before there is one")
  void showsFailuresBeforeTheyHappen() {
    telemetry.called(ECHO, "trace");

    assertThat(outcomes("starling.calls"))
        .containsExactlyInAnyOrder(
            "ok", "internal", "unavailable", "not-started", "overloaded", "timed-out");
    assertThat(meters.get("starling.calls.retried").tag("service", "lab").counter().count())
        .isZero();
    assertThat(meters.find("starling.breaker.transitions").tag("service", "lab").counters())
        .hasSize(Breaker.State.values().length);
  }

  @Test
  @DisplayName("what has not happened is in no report")
  void reportsWhatHappened() {
    telemetry.called(ECHO, "trace").complete(null, new ServiceException(ErrorCode.CONFLICT, ""));

    assertThat(outcomes("starling.calls")).hasSize(7).contains("conflict");
    assertThat(telemetry.calls())
        .singleElement()
        .satisfies(meter -> assertThat(meter.report().outcomes()).containsOnlyKeys("conflict"));
  }

  @Test
  @DisplayName("what is done here shows what happened, and no more")
  void showsWhatWasDone() {
    telemetry.handled(ECHO, "trace").complete("done", null);

    assertThat(outcomes("starling.operations")).containsExactly("ok");
  }

  private List<String> outcomes(String name) {
    return meters.find(name).timers().stream()
        .map(Meter::getId)
        .map(id -> id.getTag("outcome"))
        .toList();
  }
}
