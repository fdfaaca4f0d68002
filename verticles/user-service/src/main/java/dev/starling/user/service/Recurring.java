package dev.starling.user.service;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Does something again and again, never twice at once, and says once that it fails. */
final class Recurring {
  private static final Logger log = LoggerFactory.getLogger(Recurring.class);

  private final String failing;
  private final Supplier<Future<Void>> work;
  private boolean working;
  private boolean well = true;

  private Recurring(String failing, Supplier<Future<Void>> work) {
    this.failing = failing;
    this.work = work;
  }

  /**
   * Begins with it.
   *
   * @param millis from one time to the next
   * @param failing what it means that it fails
   */
  static void every(Vertx vertx, long millis, String failing, Supplier<Future<Void>> work) {
    Recurring recurring = new Recurring(failing, work);
    vertx.setPeriodic(millis, t -> recurring.look());
  }

  private synchronized void look() {
    if (!working) {
      working = true;
      Future.succeededFuture().compose(v -> work.get()).onComplete(done -> ended(done.cause()));
    }
  }

  private synchronized void ended(Throwable failure) {
    working = false;
    if (well && failure != null) {
      log.warn("{}: {}", failing, failure.getMessage());
    }
    well = failure == null;
  }
}
