package dev.starling.gateway;

import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;

/**
 * Ends a connection on which no request arrives in time.
 *
 * <p>The server's own idle time begins anew with each byte, so that a byte now and then would hold
 * a connection for ever, and ends calls that take longer. Here only a whole header counts, and the
 * time begins when all that was asked has been answered. A request touches no timer: the timer of
 * its connection looks when the last one was there.
 */
final class Arrival {
  /** Milliseconds until it sees that a limit has been lowered. */
  private static final long LOOK_EVERY = 10_000;

  private final Vertx vertx;
  private final HttpConnection connection;
  private final Limits limits;
  private int unanswered;
  private boolean any;
  private long last = System.nanoTime();
  private long timer;

  /** Begins to wait for the first request. */
  Arrival(Vertx vertx, HttpConnection connection, Limits limits) {
    this.vertx = vertx;
    this.connection = connection;
    this.limits = limits;
    look();
  }

  /** The header of a request is there. */
  void begun() {
    any = true;
    unanswered++;
  }

  /** A request has been answered, or needs no answer any more. */
  void answered() {
    unanswered--;
    last = System.nanoTime();
  }

  /** Ends the connection, unless something else that was asked is still to be answered. */
  void endWhenAnswered() {
    if (unanswered == 0) {
      connection.shutdown();
    }
  }

  private void look() {
    long left = left();
    if (left > 0) {
      timer = vertx.setTimer(Math.min(left, LOOK_EVERY), t -> look());
    } else {
      connection.close();
    }
  }

  private long left() {
    long time = limits.get(any ? Limit.HTTP_IDLE : Limit.HTTP_HEADER);
    return unanswered > 0 ? time : time - (System.nanoTime() - last) / 1_000_000;
  }

  /** The connection has ended. */
  void end() {
    vertx.cancelTimer(timer);
  }
}
