package dev.starling.launcher;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Vertx;

/** Tells whether the cluster would lose entries of its maps if this node were lost now. */
final class Partitions {
  /** Milliseconds from one look to the next; after a node has left, copies are made for seconds. */
  private static final long EVERY = 3_000;

  private final Cluster cluster;
  private volatile double safe = Double.NaN;
  private volatile boolean looking;

  Partitions(Cluster cluster, MeterRegistry meters) {
    this.cluster = cluster;
    Gauge.builder("starling.partitions.safe", this, p -> p.safe)
        .description("Whether what this node keeps of cluster maps is on another node too")
        .strongReference(true)
        .register(meters);
  }

  void watch(Vertx vertx) {
    vertx.setPeriodic(EVERY, t -> look(vertx));
  }

  private void look(Vertx vertx) {
    if (!looking) {
      looking = true;
      vertx
          .executeBlocking(() -> cluster.isSafe() ? 1.0 : 0.0, false)
          .onComplete((now, failure) -> safe = failure == null ? now : Double.NaN)
          .onComplete(done -> looking = false);
    }
  }
}
