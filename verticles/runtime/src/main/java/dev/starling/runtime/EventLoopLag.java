package dev.starling.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.LongAccumulator;

/**
 * Tells whether event loops are behind with their work: a timer of one's own then comes late. One
 * for a node, with a watch on each event loop that serves.
 */
final class EventLoopLag {
  /** Milliseconds between two ticks, and of lateness that counts as lag. */
  private static final long TICK = 100;

  private static final long LAG = 200;

  private final Timer late;

  /** Nanoseconds by which a tick has been late at most since it was last asked. */
  private final LongAccumulator worst = new LongAccumulator(Math::max, 0);

  EventLoopLag(MeterRegistry meters) {
    this.late =
        Timer.builder("starling.event.loop.lag")
            .description("By which a tick of 100 ms came late")
            .serviceLevelObjectives(
                Duration.ofMillis(10),
                Duration.ofMillis(50),
                Duration.ofMillis(100),
                Duration.ofMillis(200),
                Duration.ofMillis(500),
                Duration.ofSeconds(1),
                Duration.ofSeconds(5))
            .register(meters);
  }

  /** Of the event loop of this context, until the verticle ends. */
  Watch watch(Vertx vertx) {
    Watch watch = new Watch();
    vertx.setPeriodic(TICK, t -> watch.tick());
    return watch;
  }

  /** Milliseconds by which the latest was late since this was last asked, by one asker. */
  long worst() {
    return TimeUnit.NANOSECONDS.toMillis(worst.getThenReset());
  }

  /** Of one event loop. */
  final class Watch {
    private long ticked = System.nanoTime();
    private volatile long lagged;

    private void tick() {
      long now = System.nanoTime();
      long nanos = Math.max(0, now - ticked - TICK * 1_000_000);
      if (nanos > LAG * 1_000_000) {
        lagged = now;
      }
      late.record(nanos, TimeUnit.NANOSECONDS);
      worst.accumulate(nanos);
      ticked = now;
    }

    /** Whether it was late a moment ago; on any thread. */
    boolean isLate() {
      return lagged != 0 && System.nanoTime() - lagged < LAG * 1_000_000;
    }
  }
}
