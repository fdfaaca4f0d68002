package dev.starling.user.service;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * What nobody waits for and what may take long, on a connection of its own, which is no part of
 * what calls share, one at a time.
 *
 * <p>All fail with {@link dev.starling.runtime.ErrorCode#UNAVAILABLE} when the database is away.
 */
final class Jobs implements AutoCloseable {
  private static final String NAME = "starling-jobs";
  private static final int QUEUE = 16;
  private static final int WAIT_MILLIS = 5_000;
  private static final long LOCK_WAIT_MILLIS = 30_000;

  private static final long FORGETTING = 0x666f_7267_6574L; // "forget"
  private static final int FORGOTTEN_AT_ONCE = 1_000;

  private final Vertx vertx;
  private final DatabaseRoles roles;
  private final Pool pool;

  /** As the owner of the tables; empty where the service makes them too. */
  private final Optional<Pool> migrations;

  private final Set<Recurring> recurring = ConcurrentHashMap.newKeySet();

  Jobs(Vertx vertx, DatabaseRoles roles) {
    this.vertx = vertx;
    this.roles = roles;
    this.pool = pool(roles.service());
    this.migrations = roles.owner().map(this::pool);
  }

  private Pool pool(PgConnectOptions role) {
    return Database.pool(
        vertx,
        Database.connect(role, NAME, 0, LOCK_WAIT_MILLIS),
        new PoolOptions()
            .setMaxSize(1)
            .setMaxWaitQueueSize(QUEUE)
            .setConnectionTimeout(WAIT_MILLIS)
            .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS)
            .setIdleTimeout(1));
  }

  /** Does one. */
  <T> Future<T> run(Function<SqlConnection, Future<T>> work) {
    return run(pool, work);
  }

  private <T> Future<T> run(Pool pool, Function<SqlConnection, Future<T>> work) {
    return pool.withConnection(
            connection -> {
              connection.exceptionHandler(Database::lost);
              return work.apply(connection);
            })
        .recover(this::notDone);
  }

  private <T> Future<T> notDone(Throwable failure) {
    Optional<String> distrust = roles.trust().flatMap(DatabaseTrust::refusal);
    if (distrust.isPresent()) {
      return Future.failedFuture(
          new IllegalStateException("The database's certificate is refused: " + distrust.get()));
    }
    if (Outage.is(failure)) {
      return Outage.unreachable(failure);
    }
    return Future.failedFuture(
        failure instanceof PgException
            ? new IllegalStateException("The database refuses: " + failure.getMessage())
            : failure);
  }

  /** Does one in a transaction, which is rolled back when the work fails. */
  <T> Future<T> transaction(Function<Database.Statements, Future<T>> work) {
    return run(
        connection ->
            Database.inTransaction(
                connection,
                () ->
                    work.apply(
                        (sql, parameters) ->
                            connection.preparedQuery(sql).execute(Tuple.from(parameters)))));
  }

  /**
   * Does one again and again until the service stops.
   *
   * @param millis from one time to the next
   * @param failing what it means that it fails, for the log
   */
  void every(long millis, String failing, Supplier<Future<Void>> work) {
    recurring.add(Recurring.every(vertx, millis, failing, work));
  }

  /** Does one, portion by portion, until one says that nothing is left; however many it takes. */
  static Future<Void> portions(Supplier<Future<Boolean>> portion) {
    Promise<Void> done = Promise.promise();
    next(portion, done);
    return done.future();
  }

  private static void next(Supplier<Future<Boolean>> portion, Promise<Void> done) {
    portion
        .get()
        .onFailure(done::fail)
        .onSuccess(
            more -> {
              if (more) {
                next(portion, done);
              } else {
                done.complete();
              }
            });
  }

  /**
   * Brings the tables to the version of this code, as their owner, who then lets the service change
   * their rows.
   */
  Future<Void> migrate() {
    return migrations
        .map(
            ofOwner ->
                run(
                    ofOwner,
                    connection ->
                        Migrations.of(vertx, connection).runFor(roles.service().getUser())))
        .orElseGet(() -> run(connection -> Migrations.of(vertx, connection).run()));
  }

  /**
   * Removes all rows that are old, in portions, so that nobody waits for them for long; none while
   * another node is at it. What somebody works on stays until the next time.
   *
   * @param key the primary key, of one column
   * @param old a condition of SQL, in which {@code $1} is the first parameter
   */
  Future<Void> forget(String table, String key, String old, Object... parameters) {
    return forgetBy("DELETE FROM %s USING old".formatted(table), table, key, old, parameters);
  }

  /** The same, of one column of these rows. */
  Future<Void> forgetColumn(
      String column, String table, String key, String old, Object... parameters) {
    String change = "UPDATE %s SET %s = NULL FROM old".formatted(table, column);
    return forgetBy(change, table, key, old, parameters);
  }

  private Future<Void> forgetBy(
      String change, String table, String key, String old, Object... parameters) {
    String statement =
        """
        WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock(%1$d) AS ours),
        old AS (
          SELECT %3$s FROM %2$s, turn WHERE ours AND (%4$s)
          LIMIT %5$d FOR UPDATE OF %2$s SKIP LOCKED)
        %6$s WHERE %2$s.%3$s = old.%3$s"""
            .formatted(FORGETTING, table, key, old, FORGOTTEN_AT_ONCE, change);
    return portions(
        () ->
            run(connection ->
                    connection
                        .preparedQuery(statement)
                        .execute(Tuple.from(parameters))
                        .map(RowSet::rowCount))
                .map(forgotten -> forgotten == FORGOTTEN_AT_ONCE));
  }

  /** Nothing is begun any more; what is under way ends, and its failure is not told. */
  @Override
  public void close() {
    recurring.forEach(Recurring::close);
    pool.close();
    migrations.ifPresent(Pool::close);
  }
}
