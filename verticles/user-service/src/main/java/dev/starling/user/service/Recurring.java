package dev.starling.user.service;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does something again and again, never twice at once, and says once that it fails. */
final class Recurring implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Recurring.class);

  private final Vertx vertx;
  private final String failing;
  private final Supplier<Future<Void>> work;
  private final long timer;
  private boolean working;
  private boolean well = true;
  private boolean closed;

  private Recurring(Vertx vertx, long millis, String failing, Supplier<Future<Void>> work) {
    this.vertx = vertx;
    this.failing = failing;
    this.work = work;
    this.timer = vertx.setPeriodic(millis, t -> look());
  }

  /**
   * Begins with it.
   *
   * @param millis from one time to the next
   * @param failing what it means that it fails
   */
  static Recurring every(Vertx vertx, long millis, String failing, Supplier<Future<Void>> work) {
    return new Recurring(vertx, millis, failing, work);
  }

  private synchronized void look() {
    if (!working && !closed) {
      working = true;
      Future.succeededFuture().compose(v -> work.get()).onComplete(done -> ended(done.cause()));
    }
  }

  private synchronized void ended(Throwable failure) {
    working = false;
    if (well && failure != null && !closed) {
      log.warn("{}: {}", failing, failure.getMessage());
    }
    well = failure == null;
  }

  @Override
  public synchronized void close() {
    closed = true;
    vertx.cancelTimer(timer);
  }
}
