package dev.starling.runtime;

import io.vertx.core.Vertx;

/** Tells whether an event loop is behind with its work: a timer of its own then comes late. */
final class EventLoopLag {
  /** Milliseconds between two ticks, and of lateness that counts as lag. */
  private static final long TICK = 100;

  private static final long LAG = 200;

  private long ticked = System.nanoTime();
  private volatile long lagged;

  private EventLoopLag() {}

  /** Of the event loop of this context, until the verticle ends. */
  static EventLoopLag watch(Vertx vertx) {
    EventLoopLag lag = new EventLoopLag();
    vertx.setPeriodic(TICK, t -> lag.tick());
    return lag;
  }

  private void tick() {
    long now = System.nanoTime();
    if (now - ticked > (TICK + LAG) * 1_000_000) {
      lagged = now;
    }
    ticked = now;
  }

  /** Whether it was late a moment ago; on any thread. */
  boolean isLate() {
    return lagged != 0 && System.nanoTime() - lagged < LAG * 1_000_000;
  }
}
