package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.ServiceException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.VertxException;
import io.vertx.core.http.ConnectionPoolTooBusyException;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
import javax.net.ssl.SSLException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The connections to PostgreSQL, shared by all event loops of a node, with a bound on everything
 * that can wait, and failures told as callers need them.
 *
 * <p>Statement and lock time-outs are set on the connection: the client has none of its own, and a
 * statement whose caller gave up would still be committed. A database that stands still keeps no
 * time either, so that here the caller is answered all the same; what it had been sent by then, one
 * statement for each connection at most, it may still do later.
 */
final class Database {
  private static final Logger log = LoggerFactory.getLogger(Database.class);
  private static final String POOL = "starling-user";

  /** Names the connection of jobs, which is no part of what calls share. */
  private static final String JOBS = "starling-jobs";

  private static final int JOB_QUEUE = 16;
  private static final int JOB_WAIT_MILLIS = 5_000;
  private static final long JOB_LOCK_WAIT_MILLIS = 30_000;

  private static final long FORGETTING = 0x666f_7267_6574L; // "forget"
  private static final int FORGOTTEN_AT_ONCE = 1_000;

  private static final long WARM_NANOS = 5_000_000_000L;
  private static final long WARM_PAUSE_MILLIS = 50;

  /** In which the transactions of calls have ended. */
  private static final long LEAVE_MILLIS = 10_000;

  /** What the way back to a caller may take: its answer is to be there before it gives up. */
  private static final long WAY_BACK_MILLIS = 50;

  private final Vertx vertx;
  private final DatabaseRoles roles;
  private final Limits limits;
  private final Pool jobs;
  private final AtomicInteger waiting = new AtomicInteger();
  private final AtomicInteger used = new AtomicInteger();
  private final Counter timeouts;
  private int pools;
  private volatile Calls calls;

  /** Those that have connections of their own. */
  private final Set<Context> loops = ConcurrentHashMap.newKeySet();

  /** What the connections are to be like, as far as they have been made. */
  private Bounds wanted;

  /** What calls share; times in milliseconds. */
  private record Bounds(int size, int queue, int connection, long statement, long lock) {
    static Bounds of(Limits limits) {
      return new Bounds(
          (int) limits.get(Limit.DATABASE_CONNECTIONS),
          (int) limits.get(Limit.DATABASE_QUEUE),
          (int) limits.get(Limit.DATABASE_WAIT),
          limits.get(Limit.DATABASE_STATEMENT),
          limits.get(Limit.DATABASE_LOCK));
    }

    /** After this nobody waits any more. */
    long patience() {
      return connection + statement + WAY_BACK_MILLIS;
    }
  }

  private record Calls(Bounds bounds, Pool pool) {}

  /**
   * Prepares the pools; no connection is made yet.
   *
   * @param config what is below {@code database} in the configuration
   * @throws IllegalArgumentException as {@link DatabaseRoles#of}
   */
  Database(Vertx vertx, JsonObject config, Limits limits, MeterRegistry meters) {
    this.vertx = vertx;
    Gauge.builder("starling.user.database.waiting", waiting, AtomicInteger::get).register(meters);
    Gauge.builder("starling.user.database.used", used, AtomicInteger::get).register(meters);
    timeouts = Counter.builder("starling.user.database.timeouts").register(meters);
    this.roles = DatabaseRoles.of(config);
    this.limits = limits;
    wanted = Bounds.of(limits);
    calls = calls(wanted);
    Context owner = vertx.getOrCreateContext();
    limits.onChange(() -> owner.runOnContext(v -> changed()));
    jobs =
        pool(
            vertx,
            connect(roles.service(), JOBS, 0, JOB_LOCK_WAIT_MILLIS),
            new PoolOptions()
                .setMaxSize(1)
                .setMaxWaitQueueSize(JOB_QUEUE)
                .setConnectionTimeout(JOB_WAIT_MILLIS)
                .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS)
                .setIdleTimeout(1));
  }

  private Calls calls(Bounds bounds) {
    return new Calls(
        bounds,
        pool(
            vertx,
            connect(roles.service(), POOL, bounds.statement(), bounds.lock()),
            new PoolOptions()
                .setShared(true)
                .setName(POOL + "-" + ++pools)
                .setMaxSize(bounds.size())
                .setMaxWaitQueueSize(bounds.queue())
                .setConnectionTimeout(bounds.connection())
                .setConnectionTimeoutUnit(TimeUnit.MILLISECONDS)));
  }

  /** Other bounds need other connections, which are made before any call has to wait for them. */
  private void changed() {
    Bounds bounds = Bounds.of(limits);
    if (!bounds.equals(wanted)) {
      wanted = bounds;
      Calls made = calls(bounds);
      Future.join(loops.stream().map(loop -> warmOn(loop, made)).toList())
          .onComplete(v -> replaceBy(made));
    }
  }

  private Future<Void> warmOn(Context loop, Calls some) {
    return Future.future(promise -> loop.runOnContext(v -> warm(some).onComplete(promise)));
  }

  /** The connections of before end when no call waits for them. */
  private void replaceBy(Calls made) {
    Calls superseded = made.bounds().equals(wanted) ? calls : made;
    if (superseded != made) {
      calls = made;
    }
    vertx.setTimer(LEAVE_MILLIS, t -> superseded.pool().close());
  }

  private static PgConnectOptions connect(
      PgConnectOptions role, String name, long statement, long lock) {
    PgConnectOptions connect = new PgConnectOptions(role);
    connect
        .setCachePreparedStatements(true)
        .addProperty("application_name", name)
        .addProperty("client_min_messages", "warning")
        .addProperty("statement_timeout", Long.toString(statement))
        .addProperty("lock_timeout", Long.toString(lock))
        .addProperty("idle_in_transaction_session_timeout", "5000");
    return connect;
  }

  private static Pool pool(Vertx vertx, PgConnectOptions connect, PoolOptions options) {
    return PgBuilder.pool()
        .with(options)
        .with(
            new NetClientOptions()
                .setConnectTimeout(1000)
                .setTcpKeepAlive(true)
                .setTcpUserTimeout(5000))
        .connectingTo(connect)
        .using(vertx)
        .build();
  }

  /**
   * Runs one statement for a call. Nothing is sent once the call's time is over; the future ends
   * before that, with {@link ErrorCode#UNAVAILABLE} when the database is away or too slow, with
   * {@link ErrorCode#OVERLOADED} when too many statements wait already.
   */
  Future<RowSet<Row>> query(Call call, String sql, Object... parameters) {
    Calls now = calls;
    long time = Math.min(now.bounds().patience(), call.remaining() - WAY_BACK_MILLIS);
    if (time < 1) {
      return Future.failedFuture(late());
    }
    return connection(now.pool())
        .compose(
            connection ->
                execute(call, connection, sql, Tuple.from(parameters))
                    .eventually(() -> release(connection)))
        .timeout(time, TimeUnit.MILLISECONDS)
        .recover(this::failed);
  }

  private Future<SqlConnection> connection(Pool pool) {
    waiting.incrementAndGet();
    return pool.getConnection()
        .onComplete(done -> waiting.decrementAndGet())
        .onSuccess(connection -> used.incrementAndGet())
        .recover(Database::unreachable);
  }

  private Future<Void> release(SqlConnection connection) {
    used.decrementAndGet();
    return connection.close();
  }

  /** Whatever runs statements. */
  interface Statements {
    /** Runs one; {@code $1} is the first parameter. */
    Future<RowSet<Row>> query(String sql, Object... parameters);
  }

  /** Those of a call, each for itself; see {@link #query}. */
  Statements statements(Call call) {
    return (sql, parameters) -> query(call, sql, parameters);
  }

  /** Statements of one call that happen together or not at all. */
  final class Transaction implements Statements {
    private final Call call;
    private final SqlConnection connection;

    private Transaction(Call call, SqlConnection connection) {
      this.call = call;
      this.connection = connection;
    }

    /** Runs one statement; see {@link Database#query}. */
    @Override
    public Future<RowSet<Row>> query(String sql, Object... parameters) {
      return execute(call, connection, sql, Tuple.from(parameters));
    }
  }

  /**
   * Runs statements for a call, in one transaction; it is rolled back when the work fails. The
   * database bounds each statement, the call's time all of them.
   */
  <T> Future<T> transaction(Call call, Function<Transaction, Future<T>> work) {
    long time = call.remaining() - WAY_BACK_MILLIS;
    if (time < 1) {
      return Future.failedFuture(late());
    }
    return connection(calls.pool())
        .compose(
            connection ->
                inTransaction(connection, () -> work.apply(new Transaction(call, connection)))
                    .eventually(() -> release(connection)))
        .timeout(time, TimeUnit.MILLISECONDS)
        .recover(this::failed);
  }

  private static <T> Future<T> inTransaction(SqlConnection connection, Supplier<Future<T>> work) {
    connection.exceptionHandler(Database::lost);
    return connection
        .begin()
        .compose(
            transaction ->
                Future.succeededFuture()
                    .compose(v -> work.get())
                    .compose(
                        done -> transaction.commit().map(done),
                        failure ->
                            transaction
                                .rollback()
                                .otherwiseEmpty()
                                .compose(v -> Future.failedFuture(failure))));
  }

  private static Future<RowSet<Row>> execute(
      Call call, SqlConnection connection, String sql, Tuple parameters) {
    if (call.remaining() < 1) {
      return Future.failedFuture(late());
    }
    connection.exceptionHandler(Database::lost);
    return connection.preparedQuery(sql).execute(parameters);
  }

  /** What waits for an answer on that connection fails too, and is told to its caller. */
  private static void lost(Throwable failure) {
    log.debug("A connection to the database was lost", failure);
  }

  private static ServiceException late() {
    return new ServiceException(
        ErrorCode.TIMED_OUT, "The time was over before the database was asked");
  }

  /**
   * Runs what nobody waits for and what may take long, on a connection of its own, one at a time.
   * Fails with {@link ErrorCode#UNAVAILABLE} when the database is away.
   */
  <T> Future<T> job(Function<SqlConnection, Future<T>> work) {
    return jobs.withConnection(watched(work)).recover(this::notDone);
  }

  /**
   * Brings the tables to the version of this code, as their owner, who then lets the service change
   * their rows.
   */
  Future<Void> migrate() {
    return roles
        .owner()
        .map(
            owner ->
                PgConnection.connect(vertx, connect(owner, JOBS, 0, JOB_LOCK_WAIT_MILLIS))
                    .compose(
                        connection ->
                            watched(c -> Migrations.run(c, roles.service().getUser()))
                                .apply(connection)
                                .eventually(connection::close))
                    .recover(this::notDone))
        .orElseGet(() -> job(Migrations::run));
  }

  private static <T> Function<SqlConnection, Future<T>> watched(
      Function<SqlConnection, Future<T>> work) {
    return connection -> {
      connection.exceptionHandler(Database::lost);
      return work.apply(connection);
    };
  }

  private <T> Future<T> notDone(Throwable failure) {
    Optional<String> distrust = roles.trust().flatMap(DatabaseTrust::refusal);
    if (distrust.isPresent()) {
      return Future.failedFuture(
          new IllegalStateException("The database's certificate is refused: " + distrust.get()));
    }
    return isOutage(failure) ? unreachable(failure) : refused(failure);
  }

  /** A {@link #job} in one transaction, which is rolled back when the work fails. */
  <T> Future<T> transaction(Function<Statements, Future<T>> work) {
    return job(
        connection ->
            inTransaction(
                connection,
                () ->
                    work.apply(
                        (sql, parameters) ->
                            connection.preparedQuery(sql).execute(Tuple.from(parameters)))));
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
    return job(connection ->
            connection
                .preparedQuery(statement)
                .execute(Tuple.from(parameters))
                .map(RowSet::rowCount))
        .compose(
            forgotten ->
                forgotten < FORGOTTEN_AT_ONCE
                    ? Future.succeededFuture()
                    : forgetBy(change, table, key, old, parameters));
  }

  private static <T> Future<T> refused(Throwable failure) {
    return Future.failedFuture(
        failure instanceof PgException
            ? new IllegalStateException("The database refuses: " + failure.getMessage())
            : failure);
  }

  /**
   * Makes connections for this event loop, which keeps them: making one takes a signature that is
   * meant to cost time, in a young or busy JVM more than a call may wait. Gives up after five
   * seconds, and never fails.
   */
  Future<Void> warm() {
    loops.add(vertx.getOrCreateContext());
    return warm(calls);
  }

  private Future<Void> warm(Calls some) {
    int share = Math.max(1, some.bounds().size() / Runtime.getRuntime().availableProcessors());
    return warm(some, share, System.nanoTime() + WARM_NANOS);
  }

  private Future<Void> warm(Calls some, int connections, long end) {
    List<Future<Void>> made =
        Collections.nCopies(connections, some.pool()).stream()
            .map(pool -> pool.getConnection().compose(SqlConnection::close))
            .toList();
    return Future.join(made)
        .<Void>mapEmpty()
        .recover(
            slow ->
                System.nanoTime() < end
                    ? vertx.timer(WARM_PAUSE_MILLIS).compose(v -> warm(some, connections, end))
                    : Future.succeededFuture());
  }

  Future<Void> ping() {
    return query(Call.begin(null, calls.bounds().patience() + WAY_BACK_MILLIS), "SELECT 1")
        .mapEmpty();
  }

  Future<Void> close() {
    return Future.join(calls.pool().close(), jobs.close()).mapEmpty();
  }

  private static <T> Future<T> unreachable(Throwable failure) {
    return Future.failedFuture(
        failure instanceof ConnectionPoolTooBusyException
            ? new ServiceException(
                ErrorCode.OVERLOADED, "Too many statements wait for the database already")
            : new ServiceException(
                ErrorCode.UNAVAILABLE, "The database cannot be reached", List.of(), failure));
  }

  /** What a caller may know: nothing of SQL, but whether trying again makes sense. */
  private <T> Future<T> failed(Throwable failure) {
    if (isTimeout(failure)) {
      timeouts.increment();
    }
    if (!isOutage(failure)) {
      return Future.failedFuture(failure);
    }
    String detail =
        failure instanceof PgException
            ? "The database cannot be used now"
            : "The database did not answer; it may have happened";
    return Future.failedFuture(
        new ServiceException(ErrorCode.UNAVAILABLE, detail, List.of(), failure));
  }

  /**
   * Of waiting for a connection (which tells no more than that), a lock, a statement or an answer.
   */
  private static boolean isTimeout(Throwable failure) {
    return failure instanceof TimeoutException
        || failure instanceof PgException refusal
            && List.of("57014", "55P03").contains(refusal.getSqlState())
        || failure instanceof ServiceException unreached
            && unreached.code() == ErrorCode.UNAVAILABLE;
  }

  /** Whether the database is away or too busy; else it refuses for good, or we are wrong. */
  private static boolean isOutage(Throwable failure) {
    if (failure instanceof PgException refusal) {
      return isOutage(refusal.getSqlState());
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
  private static boolean isOutage(String state) {
    return List.of("08", "53", "57", "58").contains(state.substring(0, 2))
        || List.of("25006", "40001", "40P01", "55P03").contains(state);
  }
}
