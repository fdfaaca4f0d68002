package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.runtime.Breaker.State;
import dev.starling.runtime.Breaker.Wish;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** One breaker on a real Vert.x, whose instance answers pings as the test says. */
class BreakerIT {
  /** No call of a test takes half as long. */
  private static final long LONG = 600_000;

  /** Less than half of the time that {@link #lateCall} takes. */
  private static final long SHORT = 2;

  private static final Map<Limit, Long> LIMITS =
      Map.of(Limit.BREAKER_WAIT, 500L, Limit.BREAKER_LONGEST_WAIT, 1_000L);

  private final Vertx vertx = Vertx.vertx();
  private final List<Long> pings = new ArrayList<>();
  private final AtomicInteger recovered = new AtomicInteger();
  private volatile Supplier<Future<?>> ping = Future::succeededFuture;
  private volatile boolean spared;
  private Breaker breaker = breaker(LIMITS);

  @AfterEach
  void stop() {
    await(vertx.close());
  }

  @Test
  void opensAtAShareOfFailuresAmongEnoughCalls() {
    for (int i = 0; i < 4; i++) {
      call(null);
      call(ErrorCode.INTERNAL);
    }
    call(null);
    assertThat(breaker.isClosed()).isTrue();
    call(ErrorCode.UNAVAILABLE);

    assertThat(breaker.isClosed()).isFalse();
    Breaker.Status status = breaker.status();
    assertThat(status.state()).isEqualTo(State.OPEN);
    assertThat(status.reason()).isEqualTo("5 of 10 calls failed");
    assertThat(status.window()).isEqualTo(new Window.Totals(10, 5, 0));
    assertThat(status.probeIn()).isBetween(0L, 500L);
  }

  @Test
  void opensSoonThoughAllWentWellUntilNow() {
    for (int i = 0; i < 1_000; i++) {
      call(null);
    }
    await()
        .pollInterval(10, TimeUnit.MILLISECONDS)
        .until(
            () -> {
              call(null);
              call(ErrorCode.INTERNAL);
              return !breaker.isClosed();
            });

    assertThat(breaker.status().window().failedPercent()).isLessThan(40);
  }

  @Test
  void staysClosedBelowTheShare() {
    for (int i = 0; i < 30; i++) {
      call(null);
      call(null);
      call(null);
      call(ErrorCode.INTERNAL);
    }

    assertThat(breaker.isClosed()).isTrue();
    assertThat(breaker.status().reason()).isNull();
  }

  /** As many calls as are needed to judge it, once a second, and none of what is open. */
  @Test
  void asksForCallsWhenItBeginsToFail() {
    assertThat(breaker.takesInquiry()).as("of one that is well").isFalse();
    call(ErrorCode.NOT_FOUND);
    assertThat(breaker.takesInquiry()).as("of callers' errors").isFalse();

    call(ErrorCode.INTERNAL);
    for (int i = 0; i < 10; i++) {
      assertThat(breaker.takesInquiry()).isTrue();
      call(null);
    }
    assertThat(breaker.takesInquiry()).isFalse();
    call(ErrorCode.INTERNAL);
    assertThat(breaker.takesInquiry()).as("within a second").isFalse();
    await()
        .pollInterval(100, TimeUnit.MILLISECONDS)
        .until(
            () -> {
              for (int i = 0; i < 4; i++) {
                call(null);
              }
              call(ErrorCode.INTERNAL);
              return breaker.takesInquiry();
            });
    for (int i = 0; i < 40; i++) {
      call(ErrorCode.INTERNAL);
    }
    assertThat(breaker.isClosed()).isFalse();
    assertThat(breaker.takesInquiry()).isFalse();
  }

  @ParameterizedTest
  @EnumSource(
      mode = EnumSource.Mode.EXCLUDE,
      names = {"INTERNAL", "UNAVAILABLE", "TIMED_OUT"})
  void staysClosedWhateverCallersDoWrongAndWhateverIsRefused(ErrorCode code) {
    for (int i = 0; i < 40; i++) {
      call(code);
    }

    assertThat(breaker.isClosed()).isTrue();
  }

  @Test
  void takesARefusalForNoAnswer() {
    for (int i = 0; i < 40; i++) {
      call(ErrorCode.NOT_STARTED);
      call(ErrorCode.OVERLOADED);
    }
    assertThat(breaker.status().window().calls()).isZero();
    call(ErrorCode.NOT_FOUND);
    assertThat(breaker.status().window()).isEqualTo(new Window.Totals(1, 0, 0));
  }

  @Test
  void opensAfterThreeTimeoutsInARow() {
    lateCall(ErrorCode.TIMED_OUT);
    lateCall(ErrorCode.TIMED_OUT);
    call(null);
    lateCall(ErrorCode.TIMED_OUT);
    lateCall(ErrorCode.TIMED_OUT);
    assertThat(breaker.isClosed()).isTrue();
    lateCall(ErrorCode.TIMED_OUT);

    assertThat(breaker.isClosed()).isFalse();
    assertThat(breaker.status().reason()).isEqualTo("3 calls in a row were not answered in time");
  }

  @Test
  void opensAtATimeoutWhenAPingIsNotAnsweredEither() {
    ping = () -> Promise.promise().future();
    lateCall(ErrorCode.TIMED_OUT);
    assertThat(breaker.isClosed()).isTrue();

    await().until(() -> !breaker.isClosed());
    assertThat(breaker.status().reason()).startsWith("no call and no ping was answered for ");
    assertThat(pings).hasSize(1);
  }

  @Test
  void takesARefusalForNoSignOfLifeEither() {
    ping = () -> Promise.promise().future();
    Promise<Void> pending = Promise.promise();
    Future<Void> late = breaker.call(SHORT, pending::future);
    await(vertx.timer(SHORT * 2));
    call(ErrorCode.OVERLOADED);
    pending.fail(new ServiceException(ErrorCode.TIMED_OUT, "No"));
    assertThat(end(late)).isEqualTo(ErrorCode.TIMED_OUT);
    call(ErrorCode.OVERLOADED);

    await().until(() -> !breaker.isClosed());
  }

  @Test
  void asksAgainAfterAPingThatCouldNotBeSent() {
    ping =
        () -> {
          throw new IllegalStateException("closed");
        };
    lateCall(ErrorCode.TIMED_OUT);
    await().until(() -> !breaker.isClosed());
  }

  @Test
  void staysClosedAtATimeoutWhenAPingIsAnswered() {
    lateCall(ErrorCode.TIMED_OUT);
    await().until(() -> pings.size() == 1);
    lateCall(ErrorCode.TIMED_OUT);
    await().until(() -> pings.size() == 2);

    assertThat(breaker.isClosed()).isTrue();
  }

  @Test
  void staysClosedAtATimeoutWhenAnotherCallIsAnsweredMeanwhile() {
    Promise<Void> pinged = Promise.promise();
    ping = pinged::future;
    Promise<Void> pending = Promise.promise();
    Future<Void> late = breaker.call(SHORT, pending::future);
    await(vertx.timer(SHORT * 2));
    call(null);
    pending.fail(new ServiceException(ErrorCode.TIMED_OUT, "No"));
    assertThat(end(late)).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(pings).isEmpty();

    lateCall(ErrorCode.TIMED_OUT);
    assertThat(pings).hasSize(1);
    call(ErrorCode.NOT_FOUND);
    pinged.fail("away");
    ping = () -> Promise.promise().future();
    await() // Only when one ping is over another is sent.
        .until(
            () -> {
              call(null);
              lateCall(ErrorCode.TIMED_OUT);
              return pings.size() > 1;
            });
    assertThat(breaker.isClosed()).as("answered while the ping was not").isTrue();
  }

  @Test
  void leavesTimeoutsOfCallersWhoDoNotWaitOutOfTheCount() {
    for (int i = 0; i < 40; i++) {
      call(ErrorCode.TIMED_OUT);
    }

    assertThat(breaker.isClosed()).isTrue();
    assertThat(breaker.status().window().calls()).isZero();
  }

  @Test
  void opensWhenMostCallsAreSlow() {
    for (int i = 0; i < 2; i++) {
      call(null);
    }
    for (int i = 0; i < 7; i++) {
      lateCall(null);
    }
    assertThat(breaker.isClosed()).isTrue();
    lateCall(null);

    assertThat(breaker.status().reason()).isEqualTo("8 of 10 calls were slow");
  }

  @Test
  void callsNobodyWhileItIsOpen() {
    ping = () -> Future.failedFuture("away");
    open();
    AtomicInteger called = new AtomicInteger();
    await().until(() -> call(ErrorCode.INTERNAL) == ErrorCode.NOT_STARTED);

    ErrorCode code = end(breaker.call(LONG, () -> Future.succeededFuture(called.addAndGet(1))));
    assertThat(code).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(called).hasValue(0);
  }

  @Test
  void letsAFewCallsTryAnInstanceThatHasAnsweredAPing() {
    assertThat(breaker.takesTrial()).isFalse();
    open();
    assertThat(breaker.takesTrial()).isFalse();
    awaitState(State.HALF_OPEN);

    for (int i = 0; i < 5; i++) {
      assertThat(breaker.takesTrial()).isTrue();
    }
    assertThat(breaker.takesTrial()).isFalse();
    assertThat(breaker.isClosed()).isFalse();
    assertThat(pings).hasSize(1);
  }

  @Test
  void closesWhenAllTrialsHaveSucceeded() {
    open();
    awaitState(State.HALF_OPEN);
    for (int i = 0; i < 5; i++) {
      assertThat(breaker.takesTrial()).isTrue();
    }
    for (int i = 0; i < 4; i++) {
      call(null);
    }
    assertThat(breaker.isClosed()).isFalse();
    call(ErrorCode.NOT_FOUND);

    assertThat(breaker.isClosed()).isTrue();
    assertThat(recovered).hasValue(1);
    assertThat(breaker.status().window().calls()).isZero();
  }

  @Test
  void opensForLongerWhenATrialFails() {
    open();
    for (int i = 0; i < 3; i++) {
      awaitState(State.HALF_OPEN);
      assertThat(breaker.takesTrial()).isTrue();
      call(ErrorCode.INTERNAL);
      assertThat(breaker.status().state()).isEqualTo(State.OPEN);
      assertThat(breaker.status().probeIn()).isLessThanOrEqualTo(1_000);
    }
    awaitState(State.HALF_OPEN);

    assertThat(gap(0)).isGreaterThanOrEqualTo(1_000);
    assertThat(gap(1)).isGreaterThanOrEqualTo(1_000);
    assertThat(breaker.status().reason()).isEqualTo("a trial call failed");
  }

  @ParameterizedTest
  @EnumSource(names = {"TIMED_OUT", "NOT_STARTED"})
  void goesOnAskingHoweverAPingFails(ErrorCode code) {
    ping = () -> Future.failedFuture(new ServiceException(code, "No"));
    open();
    await().until(() -> pings.size() == 2);
    assertThat(gap(0)).isGreaterThanOrEqualTo(1_000);

    ping = Future::succeededFuture;
    awaitState(State.HALF_OPEN);
  }

  @Test
  void closesOnThePingAloneWhenNobodyCalls() {
    open();

    awaitState(State.CLOSED);
    assertThat(pings).hasSize(1);
    assertThat(recovered).hasValue(1);
  }

  @Test
  void closesOnTheTrialsThatThereWere() {
    open();
    awaitState(State.HALF_OPEN);
    assertThat(breaker.takesTrial()).isTrue();
    call(null);

    awaitState(State.CLOSED);
  }

  @Test
  void waitsForATrialThatIsUnderWay() {
    open();
    awaitState(State.HALF_OPEN);
    Promise<Void> trial = Promise.promise();
    assertThat(breaker.takesTrial()).isTrue();
    assertThat(breaker.takesTrial()).isTrue();
    Future<Void> tried = breaker.call(LONG, trial::future);
    call(null);
    awaitAnotherToClose();
    assertThat(breaker.status().state()).isEqualTo(State.HALF_OPEN);

    trial.fail("broken");
    end(tried);
    assertThat(breaker.status().state()).isEqualTo(State.OPEN);
  }

  @Test
  void givesATrialBackThatWasRefused() {
    open();
    awaitState(State.HALF_OPEN);
    assertThat(breaker.takesTrial()).isTrue(); // Under way for as long as the test.
    for (int i = 0; i < 20; i++) {
      assertThat(breaker.takesTrial()).isTrue();
      call(ErrorCode.OVERLOADED);
      assertThat(breaker.takesTrial()).isTrue();
      call(ErrorCode.TIMED_OUT);
    }

    assertThat(breaker.status().state()).isEqualTo(State.HALF_OPEN);
  }

  @Test
  void learnsNothingFromCallsOfBeforeItOpened() {
    List<Promise<Void>> before = new ArrayList<>();
    List<Future<Void>> ends = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      Promise<Void> promise = Promise.promise();
      before.add(promise);
      ends.add(breaker.call(LONG, promise::future));
    }
    open();
    awaitState(State.HALF_OPEN);
    assertThat(breaker.takesTrial()).isTrue(); // Under way for as long as the test.

    before.subList(0, 5).forEach(Promise::complete);
    ends.subList(0, 5).forEach(BreakerIT::end);
    assertThat(breaker.status().state()).isEqualTo(State.HALF_OPEN);
    before.subList(5, 10).forEach(p -> p.fail("broken"));
    ends.subList(5, 10).forEach(BreakerIT::end);
    assertThat(breaker.status().state()).isEqualTo(State.HALF_OPEN);
  }

  @Test
  void recoversWhenACallOfBeforeEndsAsItIsProbed() {
    Promise<Void> before = Promise.promise();
    Future<Void> end = breaker.call(LONG, before::future);
    Promise<Void> answer = Promise.promise();
    ping = answer::future;
    open();
    await().until(() -> pings.size() == 1);
    before.complete();
    end(end);
    answer.fail("away");
    ping = Future::succeededFuture;

    awaitState(State.CLOSED);
    assertThat(call(null)).isNull();
  }

  @Test
  void staysClosedWhenTheInstanceCannotBeDoneWithout() {
    spared = true;
    for (int i = 0; i < 40; i++) {
      call(ErrorCode.INTERNAL);
    }
    assertThat(breaker.isClosed()).isTrue();
    assertThat(breaker.status().reason()).isNull();

    spared = false;
    call(ErrorCode.INTERNAL);
    assertThat(breaker.status().reason()).isEqualTo("41 of 41 calls failed");
  }

  @Test
  void closesAfterAFailedTrialWhenTheInstanceCannotBeDoneWithout() {
    open();
    awaitState(State.HALF_OPEN);
    for (int i = 0; i < 5; i++) {
      assertThat(breaker.takesTrial()).isTrue();
    }
    spared = true;
    call(ErrorCode.INTERNAL);

    assertThat(breaker.isClosed()).isTrue();
  }

  @Test
  void isOpenAsLongAsAnOperatorWants() {
    spared = true;
    breaker.wish(Wish.OPEN);
    assertThat(breaker.status().state()).isEqualTo(State.OPEN);
    assertThat(breaker.status().wish()).isEqualTo(Wish.OPEN);
    assertThat(breaker.status().reason()).isEqualTo("an operator opened it");
    awaitAnotherToClose();
    breaker.wish(Wish.OPEN);
    assertThat(pings).isEmpty();
    assertThat(breaker.status().state()).isEqualTo(State.OPEN);

    breaker.wish(Wish.AUTOMATIC);
    awaitState(State.CLOSED);
    assertThat(pings).hasSize(1);
  }

  @Test
  void isClosedAsLongAsAnOperatorWants() {
    ping = () -> Future.failedFuture("away");
    open();
    breaker.wish(Wish.CLOSED);
    awaitState(State.CLOSED);
    for (int i = 0; i < 40; i++) {
      assertThat(call(ErrorCode.INTERNAL)).isEqualTo(ErrorCode.INTERNAL);
    }
    assertThat(breaker.isClosed()).isTrue();

    breaker.wish(Wish.AUTOMATIC);
    call(ErrorCode.INTERNAL);
    assertThat(breaker.isClosed()).isFalse();
  }

  @Test
  void closesAtOnceForAnOperatorWhileItIsHalfOpen() {
    open();
    awaitState(State.HALF_OPEN);
    for (int i = 0; i < 5; i++) {
      assertThat(breaker.takesTrial()).isTrue();
    }
    breaker.wish(Wish.CLOSED);

    assertThat(breaker.isClosed()).isTrue();
  }

  @Test
  void opensForAnOperatorWhileItIsHalfOpen() {
    open();
    awaitState(State.HALF_OPEN);
    breaker.wish(Wish.OPEN);

    assertThat(breaker.status().state()).isEqualTo(State.OPEN);
    assertThat(breaker.takesTrial()).isFalse();
  }

  @Test
  void recoversWhenAnOperatorHadOpenedItAsItWasProbed() {
    Promise<Void> answer = Promise.promise();
    ping = answer::future;
    open();
    await().until(() -> pings.size() == 1);
    breaker.wish(Wish.OPEN);
    answer.complete();
    awaitAnotherToClose();
    assertThat(breaker.status().state()).isEqualTo(State.OPEN);
    ping = Future::succeededFuture;
    breaker.wish(Wish.AUTOMATIC);

    awaitState(State.CLOSED);
  }

  @Test
  void probesNowWhenItIsReset() {
    breaker = breaker(Map.of(Limit.BREAKER_WAIT, 600_000L));
    open();
    assertThat(breaker.status().probeIn()).isGreaterThan(500_000);
    breaker.reset();

    awaitState(State.CLOSED);
  }

  @Test
  void opensForTheShortestTimeAgainOnceItWasClosed() {
    open();
    awaitState(State.HALF_OPEN);
    assertThat(breaker.takesTrial()).isTrue();
    call(ErrorCode.INTERNAL);
    awaitState(State.CLOSED);
    open();

    assertThat(breaker.status().probeIn()).isLessThanOrEqualTo(500);
  }

  private Breaker breaker(Map<Limit, Long> limits) {
    return new Breaker(
        "lab on node",
        vertx,
        vertx.getOrCreateContext(),
        Limits.of(limits),
        this::eject,
        this::ping,
        (state, why) -> recovered.addAndGet(state == State.CLOSED ? 1 : 0));
  }

  private boolean eject(Runnable open) {
    if (!spared) {
      open.run();
    }
    return !spared;
  }

  private Future<?> ping() {
    pings.add(System.nanoTime());
    return ping.get();
  }

  /** Milliseconds between one ping and the next. */
  private long gap(int first) {
    return TimeUnit.NANOSECONDS.toMillis(pings.get(first + 1) - pings.get(first));
  }

  private void open() {
    for (int i = 0; i < 10; i++) {
      call(ErrorCode.INTERNAL);
    }
    assertThat(breaker.status().state()).isEqualTo(State.OPEN);
  }

  private void awaitState(State state) {
    await().pollInterval(5, TimeUnit.MILLISECONDS).until(() -> breaker.status().state() == state);
  }

  /** Longer than this one would have taken for the same. */
  private void awaitAnotherToClose() {
    Breaker another =
        new Breaker(
            "other on node",
            vertx,
            vertx.getOrCreateContext(),
            Limits.of(LIMITS),
            this::eject,
            Future::succeededFuture,
            (state, why) -> {});
    another.wish(Wish.OPEN);
    another.wish(Wish.AUTOMATIC);
    await().until(another::isClosed);
  }

  private ErrorCode call(ErrorCode code) {
    return end(breaker.call(LONG, () -> outcome(code)));
  }

  private ErrorCode lateCall(ErrorCode code) {
    return end(breaker.call(SHORT, () -> vertx.timer(SHORT * 2).compose(v -> outcome(code))));
  }

  private static Future<Void> outcome(ErrorCode code) {
    return code == null
        ? Future.succeededFuture()
        : Future.failedFuture(new ServiceException(code, "No"));
  }

  /** How a call ended; null for well. */
  private static ErrorCode end(Future<?> call) {
    await(call.<Void>mapEmpty().otherwiseEmpty());
    return call.succeeded() ? null : ServiceException.of(call.cause()).code();
  }
}
