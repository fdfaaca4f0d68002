package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.pgclient.PgException;
import java.util.List;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;

/** Tells a database that is away or too busy from one that refuses for good, or that we misuse. */
final class Outage {
  private Outage() {}

  /** Whether the database is away or too busy; else it refuses for good, or we are wrong. */
  static boolean is(Throwable failure) {
    if (failure instanceof PgException refusal) {
      return is(refusal.getSqlState());
    }
    boolean refusal =
        failure instanceof RuntimeException
            || failure instanceof SSLException
            || failure.getClass() == Exception.class; // The client's own: a server without TLS.
    return failure instanceof VertxException || !refusal;
  }

  /**
   * SQLSTATE classes of a server that is away, too busy or about to change: 08 connection, 53
   * resources, 57 operator intervention (which includes the statement time-out), 58 its system;
   * 25006 a standby, 40001 and 40P01 given up for another's sake, 55P03 lock not available.
   */
  private static boolean is(String state) {
    return List.of("08", "53", "57", "58").contains(state.substring(0, 2))
        || List.of("25006", "40001", "40P01", "55P03").contains(state);
  }

  /**
   * Of waiting for a connection (which tells no more than that), a lock, a statement or an answer.
   */
  static boolean isTimeout(Throwable failure) {
    return failure instanceof TimeoutException
        || failure instanceof PgException refusal
            && List.of("57014", "55P03").contains(refusal.getSqlState())
        || failure instanceof ServiceException unreached
            && unreached.code() == ErrorCode.UNAVAILABLE;
  }

  /** The failure of getting a connection, as a caller may know it. */
  static <T> Future<T> unreachable(Throwable failure) {
    return Future.failedFuture(
        failure instanceof ConnectionPoolTooBusyException
            ? new ServiceException(
                ErrorCode.OVERLOADED, "Too many statements wait for the database already")
            : new ServiceException(
                ErrorCode.UNAVAILABLE, "The database cannot be reached", List.of(), failure));
  }

  /** The failure of a statement, as a caller may know it where it is an outage; else as it is. */
  static <T> Future<T> told(Throwable failure) {
    if (!is(failure)) {
      return Future.failedFuture(failure);
    }
    String detail =
        failure instanceof PgException
            ? "The database cannot be used now"
            : "The database did not answer; it may have happened";
    return Future.failedFuture(
        new ServiceException(ErrorCode.UNAVAILABLE, detail, List.of(), failure));
  }
}
