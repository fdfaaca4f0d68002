package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * The pool of connections to PostgreSQL, shared by all event loops of a node, with a bound on
 * everything that can wait, and failures told as callers need them.
 *
 * <p>Statement and lock time-outs are set on the connection: the client has none of its own, and a
 * statement whose caller gave up would still be committed.
 */
final class Database {
  private static final String POOL = "starling-user";

  private final Pool pool;

  /**
   * Opens the pool; no connection is made yet.
   *
   * @param config {@code url}, {@code password}, {@code pool-size}, {@code pool-queue}
   */
  Database(Vertx vertx, JsonObject config) {
    PgConnectOptions connect = PgConnectOptions.fromUri(config.getString("url"));
    if (config.containsKey("password")) {
      connect.setPassword(config.getString("password"));
    }
    connect
        .setCachePreparedStatements(true)
        .addProperty("application_name", "starling-user")
        .addProperty("statement_timeout", "600")
        .addProperty("lock_timeout", "400")
        .addProperty("idle_in_transaction_session_timeout", "5000");
    pool =
        PgBuilder.pool()
            .with(
                new PoolOptions()
                    .setShared(true)
                    .setName(POOL)
                    .setMaxSize(config.getInteger("pool-size"))
                    .setMaxWaitQueueSize(config.getInteger("pool-queue"))
                    .setConnectionTimeout(1)
                    .setConnectionTimeoutUnit(TimeUnit.SECONDS)
                    .setIdleTimeout(60)
                    .setMaxLifetime(30)
                    .setMaxLifetimeUnit(TimeUnit.MINUTES))
            .with(
                new NetClientOptions()
                    .setConnectTimeout(1000)
                    .setTcpKeepAlive(true)
                    .setTcpUserTimeout(5000))
            .connectingTo(connect)
            .using(vertx)
            .build();
  }

  Future<RowSet<Row>> query(String sql, Object... parameters) {
    return pool.preparedQuery(sql)
        .execute(Tuple.from(List.of(parameters)))
        .recover(Database::failed);
  }

  /** Runs several statements on one connection, outside a transaction. */
  <T> Future<T> onOneConnection(Function<SqlConnection, Future<T>> work) {
    return pool.withConnection(work).recover(Database::failed);
  }

  <T> Future<T> inTransaction(Function<SqlConnection, Future<T>> work) {
    return pool.withTransaction(work).recover(Database::failed);
  }

  Future<Void> ping() {
    return query("SELECT 1").mapEmpty();
  }

  Future<Void> close() {
    return pool.close();
  }

  /** What a caller may know: nothing of SQL, but whether trying again makes sense. */
  private static <T> Future<T> failed(Throwable failure) {
    if (failure instanceof ServiceException) {
      return Future.failedFuture(failure);
    }
    if (failure instanceof PgException pg && !isOutage(pg.getSqlState())) {
      return Future.failedFuture(failure);
    }
    return Future.failedFuture(
        new ServiceException(
            ErrorCode.UNAVAILABLE, "The database cannot be used now", List.of(), failure));
  }

  /**
   * SQLSTATE classes of a server that is away or too busy: 08 connection, 53 resources, 57 operator
   * intervention (which includes the statement time-out), 55P03 lock not available.
   */
  private static boolean isOutage(String state) {
    return state.startsWith("08")
        || state.startsWith("53")
        || state.startsWith("57")
        || state.equals("55P03");
  }
}
