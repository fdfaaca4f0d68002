package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Which instances there are, and which have to be told that their node has left. */
class InstancesTest {
  private final Vertx vertx = Vertx.vertx();
  private final Instances instances =
      new Instances(
          vertx,
          vertx.getOrCreateContext(),
          Limits.standard(),
          "node-1",
          new Journal("node-1", "n1"),
          new Telemetry(new SimpleMeterRegistry()),
          () -> {});

  @AfterEach
  void stop() {
    instances.close();
    OneNode.await(vertx.close());
  }

  @Test
  void endsWhatIsUnderWayToAnInstanceThatWasWithdrawnBeforeItsNodeLeft() {
    Announcement announcement = announcement("node-7", "1");
    instances.add(announcement);
    Future<?> withdrawn = call(announcement);
    instances.remove(announcement.address());
    assertThat(withdrawn.isComplete()).isFalse();

    instances.removeOf("node-7").forEach(Instance::lost);

    assertThat(ServiceException.of(withdrawn.cause()).code()).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(instances.removeOf("node-7")).isEmpty();
  }

  @Test
  void endsWhatIsUnderWayToAnInstanceThatWasReplaced() {
    Announcement before = announcement("node-7", "1");
    instances.add(before);
    Future<?> replaced = call(before);
    instances.add(announcement("node-7", "2"));

    instances.removeOf("node-8").forEach(Instance::lost);
    assertThat(replaced.isComplete()).isFalse();
    instances.removeOf("node-7").forEach(Instance::lost);

    assertThat(replaced.failed()).isTrue();
    assertThat(instances.all()).isEmpty();
  }

  @Test
  void forgetsWhatWasWithdrawnOnceNothingIsUnderWay() {
    for (int i = 0; i < 100; i++) {
      instances.add(announcement("node-" + i, "1"));
      instances.remove(announcement("node-" + i, "1").address());
    }

    assertThat(instances.removeOf("node-98")).isEmpty();
  }

  private Future<?> call(Announcement announcement) {
    Instance instance =
        instances.all().stream()
            .filter(i -> i.announcement().equals(announcement))
            .findFirst()
            .orElseThrow();
    return instance.send(() -> Promise.promise().future());
  }

  private static Announcement announcement(String node, String version) {
    return new Announcement("echo", node, node, Announcement.address("echo", node), version, "c");
  }
}
