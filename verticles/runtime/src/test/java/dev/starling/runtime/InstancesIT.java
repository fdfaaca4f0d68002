package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What a node that has just started waits for, on a real Vert.x. */
class InstancesIT {
  private final Vertx vertx = Vertx.vertx();
  private final Instances instances =
      new Instances(
          vertx,
          vertx.getOrCreateContext(),
          Limits.standard(),
          "self",
          new Journal("self", "n1"),
          new Telemetry(new SimpleMeterRegistry()),
          () -> {});

  @AfterEach
  void stop() {
    await(vertx.close());
  }

  /** An instance that does not answer the first pings. */
  private Instance add(String service, String node, int unanswered) {
    String address = Announcement.address(service, node);
    AtomicInteger pings = new AtomicInteger();
    vertx
        .eventBus()
        .consumer(
            address,
            message -> {
              if (pings.getAndIncrement() >= unanswered) {
                message.reply(Buffer.buffer());
              }
            });
    instances.add(new Announcement(service, node, node, address, "1", "c"));
    return instances.all().stream()
        .filter(i -> i.address().equals(address))
        .findFirst()
        .orElseThrow();
  }

  @Test
  void waitsUntilOneOfEachServiceHasAnswered() {
    Instance quick = add("echo", "one", 0);
    Instance slow = add("user", "one", 3); // two come by its being added

    await(instances.reach(i -> true));

    assertThat(quick.isReached()).isTrue();
    assertThat(slow.isReached()).isTrue();
  }

  @Test
  void doesNotWaitForOneOfWhichThereIsAnother() {
    add("user", "one", 0);
    Instance silent = add("user", "two", Integer.MAX_VALUE);
    long begin = System.nanoTime();

    await(instances.reach(i -> true));

    assertThat(silent.isReached()).isFalse();
    assertThat((System.nanoTime() - begin) / 1_000_000).isLessThan(2_500);
  }

  @Test
  void waitsUntilTheContractOfOneIsKnown() {
    Instance instance = add("user", "one", 0);
    AtomicInteger asked = new AtomicInteger();

    await(instances.reach(i -> i == instance && asked.incrementAndGet() > 3));

    assertThat(asked).hasValue(4);
  }

  @Test
  void startsAllTheSameWhenNobodyAnswers() {
    Instance silent = add("user", "one", Integer.MAX_VALUE);

    await(instances.reach(i -> true));

    assertThat(silent.isReached()).isFalse();
  }
}
