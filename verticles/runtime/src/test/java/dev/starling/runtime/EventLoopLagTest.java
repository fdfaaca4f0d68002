package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class EventLoopLagTest {
  private final Vertx vertx = Vertx.vertx();
  private final Context loop = vertx.getOrCreateContext();

  @AfterEach
  void close() {
    vertx.close().await();
  }

  @Test
  void isLateAfterTheLoopWasBlockedAndNotForLong() throws Exception {
    EventLoopLag.Watch lag = onLoop(() -> new EventLoopLag(new SimpleMeterRegistry()).watch(vertx));
    assertThat(lag.isLate()).isFalse();

    onLoop(() -> block(400));

    await().atMost(1, TimeUnit.SECONDS).until(lag::isLate);
    await().atMost(5, TimeUnit.SECONDS).until(() -> !lag.isLate());
  }

  @Test
  void shrinksWhatIsAdmittedHoweverQuickTheCallWas() throws Exception {
    Limits limits = Limits.standard();
    EventLoopLag.Watch lag = onLoop(() -> new EventLoopLag(new SimpleMeterRegistry()).watch(vertx));
    Bulkhead bulkhead = new Bulkhead("lab.echo", limits);
    onLoop(() -> block(400));
    await().atMost(1, TimeUnit.SECONDS).until(lag::isLate);

    long now = System.nanoTime();
    bulkhead.leave(bulkhead.enter(now, 1_000_000), now, lag.isLate());

    assertThat(bulkhead.bound()).isLessThan((int) limits.get(Limit.CONCURRENCY));
  }

  private <T> T onLoop(Callable<T> work) throws Exception {
    CompletableFuture<T> done = new CompletableFuture<>();
    loop.runOnContext(
        v -> {
          try {
            done.complete(work.call());
          } catch (Exception e) {
            done.completeExceptionally(e);
          }
        });
    return done.get(10, TimeUnit.SECONDS);
  }

  private static Object block(long millis) throws InterruptedException {
    Thread.sleep(millis);
    return null;
  }
}
