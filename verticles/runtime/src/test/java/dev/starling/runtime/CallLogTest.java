package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class CallLogTest {
  private static final OperationSpec ECHO = OperationSpec.named("lab", "echo", 1_000);
  private static final long QUICK = 1_000_000;

  private final CallLog log = new CallLog("n1", Limits.of(Map.of(Limit.SLOW_CALL, 100L)));

  private void end(String trace, long nanos, Throwable failure) {
    Call call = Call.begin(trace, null, 1_000);
    call.step("sql", System.nanoTime(), null);
    log.ended(true, ECHO, call, call.steps(), nanos, failure);
  }

  private KeptCall only(String trace) {
    List<KeptCall> found = log.find(c -> c.trace().equals(trace), 10);
    assertThat(found).hasSize(1);
    return found.get(0);
  }

  @Test
  void keepsTheStepsOfCallsThatWereSlowOrFailed() {
    end("quick", QUICK, null);
    end("slow", 101_000_000, null);
    end("fault", QUICK, new ServiceException(ErrorCode.UNAVAILABLE, "away"));
    end("refused", QUICK, new ServiceException(ErrorCode.OVERLOADED, "full"));
    end("wrong", QUICK, new ServiceException(ErrorCode.INVALID, "no"));

    assertThat(only("quick").steps()).isEmpty();
    assertThat(only("wrong").steps()).isEmpty();
    assertThat(only("refused").steps()).isEmpty();
    assertThat(only("wrong").outcome()).isEqualTo("invalid");
    for (String trace : List.of("slow", "fault")) {
      assertThat(only(trace).steps()).extracting(KeptCall.Step::name).containsExactly("sql");
    }
    assertThat(only("slow").micros()).isEqualTo(101_000);
  }

  @Test
  void keepsTheStepsOfCallsThatSomebodyWatches() {
    Call call = Call.begin("watched", null, 1_000).watched();
    call.step("sql", System.nanoTime(), new ServiceException(ErrorCode.CONFLICT, "taken"));
    log.ended(false, ECHO, call, call.steps(), QUICK, null);

    assertThat(only("watched").steps().get(0).outcome()).isEqualTo("conflict");
  }

  @Test
  void keepsThemLongerThanOthersInMemoryOfAFixedSize() {
    end("slow", 101_000_000, null);
    for (int i = 0; i < 100_000; i++) {
      end("quick", QUICK, null);
    }
    assertThat(only("slow").steps()).hasSize(1);
    assertThat(log.find(c -> true, Integer.MAX_VALUE)).hasSize(1_025);

    for (int i = 0; i < 100_000; i++) {
      end("slower", 102_000_000, null);
    }
    assertThat(log.find(c -> c.trace().equals("slow"), 10)).isEmpty();
    assertThat(log.find(c -> true, 7)).hasSize(7);
  }

  @Test
  void keepsNoMoreStepsThanOneCanRead() {
    Call call = Call.begin("many", null, 1_000).watched();
    for (int i = 0; i < 1_000; i++) {
      call.step("sql", System.nanoTime(), null);
    }
    log.ended(true, ECHO, call, call.steps(), QUICK, null);

    assertThat(only("many").steps()).hasSize(50);
  }
}
