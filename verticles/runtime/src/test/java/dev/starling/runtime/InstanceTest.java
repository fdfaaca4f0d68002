package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What is under way to an instance, and when it ends. */
class InstanceTest {
  private final Vertx vertx = Vertx.vertx();
  private final Instance instance = instance();

  @AfterEach
  void stop() {
    OneNode.await(vertx.close());
  }

  @Test
  void countsWhatIsUnderWay() {
    Promise<String> first = Promise.promise();
    Promise<String> second = Promise.promise();
    Future<String> answered = instance.send(first::future);
    instance.send(second::future);
    assertThat(instance.inFlight()).isEqualTo(2);

    first.complete("a");
    second.fail("broken");
    assertThat(answered.result()).isEqualTo("a");
    assertThat(instance.inFlight()).isZero();
  }

  @Test
  void countsNothingThatCouldNotBeSent() {
    Future<String> failed =
        instance.send(
            () -> {
              throw new IllegalStateException("the bus is closed");
            });

    assertThat(failed.cause()).hasMessage("the bus is closed");
    assertThat(instance.inFlight()).isZero();
  }

  @Test
  void refusesWhatIsMoreThanMayBeUnderWay() {
    AtomicInteger sent = new AtomicInteger();
    for (int i = 0; i < 3; i++) {
      instance.send(
          () -> {
            sent.incrementAndGet();
            return Promise.promise().future();
          });
    }
    assertThat(sent).hasValue(2);

    Future<String> refused = instance.send(() -> Future.succeededFuture("a"));
    assertThat(code(refused)).isEqualTo(ErrorCode.OVERLOADED);
    assertThat(instance.inFlight()).isEqualTo(2);
  }

  @Test
  void endsWhatIsUnderWayWhenItsNodeLeaves() {
    Promise<String> answer = Promise.promise();
    Future<String> pending = instance.send(answer::future);
    instance.lost();
    assertThat(code(pending)).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(instance.inFlight()).isZero();

    answer.complete("late");
    assertThat(code(pending)).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(instance.inFlight()).isZero();
  }

  @Test
  void sendsNothingToANodeThatHasLeft() {
    instance.lost();
    AtomicInteger sent = new AtomicInteger();
    Future<Integer> refused = instance.send(() -> Future.succeededFuture(sent.incrementAndGet()));

    assertThat(code(refused)).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(sent).hasValue(0);
    assertThat(instance.inFlight()).isZero();
  }

  @Test
  void finishesWhatIsUnderWayWhenItIsWithdrawn() {
    Promise<String> answer = Promise.promise();
    Future<String> pending = instance.send(answer::future);
    instance.retire();
    assertThat(pending.isComplete()).isFalse();

    answer.complete("a");
    assertThat(pending.result()).isEqualTo("a");
  }

  private Instance instance() {
    Limits limits = Limits.of(Map.of(Limit.IN_FLIGHT, 2L));
    Announcement announcement = new Announcement("lab", "node", "node", "lab@node", "1", "hash");
    return new Instance(
        announcement,
        false,
        limits,
        i ->
            new Breaker(
                "lab on node",
                vertx,
                vertx.getOrCreateContext(),
                limits,
                open -> false,
                Future::succeededFuture,
                (state, why) -> {}));
  }

  private static ErrorCode code(Future<?> failed) {
    return ServiceException.of(failed.cause()).code();
  }
}
