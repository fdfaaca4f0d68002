package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.vertx.core.Promise;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a call costs, by observations and times that the test makes up. */
class EndpointTest {
  private static final long MILLISECOND = TimeUnit.MILLISECONDS.toNanos(1);
  private static final long SECOND = TimeUnit.SECONDS.toNanos(1);

  /** When no instance of a test is new any more. */
  private final long now = System.nanoTime() + 60 * SECOND;

  private final Endpoint one = endpoint();
  private final Endpoint other = endpoint();

  @Test
  void costsWhatItsAnswersTake() {
    one.observe(now, 2 * MILLISECOND, null);
    other.observe(now, 6 * MILLISECOND, null);

    assertThat(other.cost(now)).isEqualTo(3 * one.cost(now));
  }

  @Test
  void costsMoreWithEachCallInFlight() {
    one.observe(now, 2 * MILLISECOND, null);
    double idle = one.cost(now);
    Promise<Void> first = send(one);
    send(one);
    assertThat(one.cost(now)).isEqualTo(3 * idle);

    first.complete();
    assertThat(one.cost(now)).isEqualTo(2 * idle);
  }

  @Test
  void getsOneCallAtATimeUntilItHasAnswered() {
    other.observe(now, 100 * MILLISECOND, null);
    assertThat(one.cost(now)).isLessThan(other.cost(now));

    send(one);
    assertThat(one.cost(now)).isGreaterThan(other.cost(now));
  }

  @Test
  void followsASlowAnswerAtOnceAndQuickOnesSlowly() {
    one.observe(now, MILLISECOND, null);
    one.observe(now, 100 * MILLISECOND, null);
    assertThat(one.cost(now)).isEqualTo(100 * MILLISECOND);

    one.observe(now, MILLISECOND, null);
    assertThat(one.cost(now)).isEqualTo(100 * MILLISECOND);

    one.observe(now + 2 * SECOND, MILLISECOND, null);
    double expected = (1 + 99 / Math.E) * MILLISECOND;
    assertThat(one.cost(now + 2 * SECOND)).isCloseTo(expected, within(1.0));
  }

  @Test
  void isTriedAgainHoweverSlowItWas() {
    one.observe(now, SECOND, null);
    other.observe(now, MILLISECOND, null);
    assertThat(one.cost(now)).isGreaterThan(other.cost(now));

    long later = now + 15 * SECOND;
    other.observe(later, MILLISECOND, null);
    assertThat(one.cost(later)).isLessThan(other.cost(later));
  }

  /** Of a hundred calls a second; those that go on show whether it is well again. */
  @ParameterizedTest
  @ValueSource(ints = {1, 2, 10})
  void getsFewCallsWhileItFailsHoweverQuickly(int everyThatFails) {
    one.observe(now, 5 * MILLISECOND, null);
    other.observe(now, 5 * MILLISECOND, null);
    int failed = 0;
    int called = 0;
    for (int i = 1; i <= 10_000; i++) {
      long at = now + i * 10 * MILLISECOND;
      if (one.cost(at) >= other.cost(at)) {
        other.observe(at, 5 * MILLISECOND, null);
      } else if (called++ % everyThatFails == 0) {
        one.observe(at, MILLISECOND / 10, failure(ErrorCode.INTERNAL));
        failed++;
      } else {
        one.observe(at, 5 * MILLISECOND, null);
      }
    }

    assertThat(failed / 100.0).as("failures a second").isBetween(1.0, 4.0);
  }

  /** Fewer calls would put off what its breaker finds. */
  @Test
  void isNoDearerForTheFirstTwoSecondsOfFailing() {
    one.observe(now, 5 * MILLISECOND, null);
    for (int i = 1; i < 40; i++) {
      long at = now + i * 100 * MILLISECOND;
      one.observe(at, MILLISECOND / 10, failure(ErrorCode.INTERNAL));
      if (i <= 20) {
        assertThat(one.cost(at)).as("after %d ms", i * 100).isLessThanOrEqualTo(5 * MILLISECOND);
      }
    }

    assertThat(one.cost(now + 3_900 * MILLISECOND)).isGreaterThan(5 * MILLISECOND);

    long later = now + 20 * SECOND;
    one.observe(later, 5 * MILLISECOND, null);
    one.observe(later, MILLISECOND / 10, failure(ErrorCode.INTERNAL));
    assertThat(one.cost(later)).as("anew").isLessThanOrEqualTo(5 * MILLISECOND);
  }

  /** As the only instance, or one of the half that stays in use. */
  @Test
  void isAsGoodAsOthersSoonAfterHoweverManyFailures() {
    one.observe(now, 5 * MILLISECOND, null);
    for (int i = 1; i <= 10_000; i++) {
      one.observe(now + i * MILLISECOND, MILLISECOND, failure(ErrorCode.UNAVAILABLE));
    }
    other.observe(now + 10 * SECOND, 5 * MILLISECOND, null);
    assertThat(one.cost(now + 10 * SECOND)).isGreaterThan(other.cost(now + 10 * SECOND));

    long later = now + 25 * SECOND;
    one.observe(later, 5 * MILLISECOND, null);
    assertThat(one.cost(later)).isLessThan(10 * MILLISECOND);
  }

  @Test
  void isNoBargainWhenItsFirstAnswerIsAFailure() {
    one.observe(now, MILLISECOND, failure(ErrorCode.INTERNAL));
    other.observe(now, 100 * MILLISECOND, null);

    assertThat(one.cost(now)).isGreaterThan(other.cost(now));
  }

  @ParameterizedTest
  @EnumSource(names = {"NOT_STARTED", "OVERLOADED"})
  void comesLastForAWhileAfterARefusal(ErrorCode code) {
    one.observe(now, MILLISECOND, null);
    one.observe(now, MILLISECOND, failure(code));
    other.observe(now, 100 * MILLISECOND, null);

    assertThat(one.cost(now)).isGreaterThan(other.cost(now));
    assertThat(one.cost(now + 15 * SECOND)).isLessThan(MILLISECOND);
  }

  @Test
  void isAsQuickAsItSaysThatACallerIsWrong() {
    one.observe(now, 100 * MILLISECOND, null);
    for (int i = 1; i <= 20; i++) {
      one.observe(now + i * SECOND, MILLISECOND, failure(ErrorCode.NOT_FOUND));
    }

    assertThat(one.cost(now + 20 * SECOND)).isLessThan(2 * MILLISECOND);
  }

  @Test
  void comesToItsShareFromATenth() {
    long begin = System.nanoTime();
    one.observe(begin, MILLISECOND, null);
    double whole = one.cost(begin) / 10;
    long half = begin + 5 * SECOND;
    one.observe(half, MILLISECOND, null);
    assertThat(one.cost(half)).isBetween(1.5 * whole, 2.01 * whole);
    long over = begin + 11 * SECOND;
    one.observe(over, MILLISECOND, null);
    assertThat(one.cost(over)).isCloseTo(whole, within(whole / 10));
  }

  @Test
  void beginsAnewWithItsInstance() {
    one.observe(now, 100 * MILLISECOND, null);
    assertThat(one.cost(now)).isPositive();
    one.instance().begin();

    assertThat(one.cost(now)).isZero();
  }

  private static Endpoint endpoint() {
    Announcement announcement = new Announcement("lab", "node", "node", "lab@node", "1", "hash");
    return new Instance(announcement, false, Limits.of(Map.of()), i -> null).endpoint("echo");
  }

  private static Promise<Void> send(Endpoint endpoint) {
    Promise<Void> answer = Promise.promise();
    endpoint.instance().send(answer::future);
    return answer;
  }

  private static ServiceException failure(ErrorCode code) {
    return new ServiceException(code, "No");
  }
}
