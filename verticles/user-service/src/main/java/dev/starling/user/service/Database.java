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
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetClientOptions;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import java.util.function.Supplier;
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
final class Database implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Database.class);
  private static final String POOL = "starling-user";

  private static final long WARM_NANOS = 5_000_000_000L;
  private static final long WARM_PAUSE_MILLIS = 50;

  /** In which the transactions of calls have ended. */
  private static final long LEAVE_MILLIS = 10_000;

  /** What the way back to a caller may take: its answer is to be there before it gives up. */
  private static final long WAY_BACK_MILLIS = 50;

  private final Vertx vertx;
  private final DatabaseRoles roles;
  private final Limits limits;
  private final Jobs jobs;
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
    Gauge.builder("starling.user.database.waiting", waiting, AtomicInteger::get)
        .description("Calls that wait for a connection")
        .register(meters);
    Gauge.builder("starling.user.database.used", used, AtomicInteger::get)
        .description("Connections that calls use")
        .register(meters);
    Gauge.builder("starling.user.database.size", limits, l -> l.get(Limit.DATABASE_CONNECTIONS))
        .description("Connections that calls may use")
        .register(meters);
    timeouts =
        Counter.builder("starling.user.database.timeouts")
            .description("Calls that got no connection or no answer in time")
            .register(meters);
    this.roles = DatabaseRoles.of(config);
    this.limits = limits;
    wanted = Bounds.of(limits);
    calls = calls(wanted);
    Context owner = vertx.getOrCreateContext();
    limits.onChange(() -> owner.runOnContext(v -> changed()));
    jobs = new Jobs(vertx, roles);
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

  /** For connections that are told apart by a name. */
  static PgConnectOptions connect(PgConnectOptions role, String name, long statement, long lock) {
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

  /** With the time-outs that every connection has. */
  static Pool pool(Vertx vertx, PgConnectOptions connect, PoolOptions options) {
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
    long begin = System.nanoTime();
    return ask(call, sql, parameters)
        .recover(this::failed)
        .onComplete((rows, failure) -> call.step("sql", begin, failure));
  }

  private Future<RowSet<Row>> ask(Call call, String sql, Object... parameters) {
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
        .timeout(time, TimeUnit.MILLISECONDS);
  }

  private Future<SqlConnection> connection(Pool pool) {
    waiting.incrementAndGet();
    return pool.getConnection()
        .onComplete(done -> waiting.decrementAndGet())
        .onSuccess(connection -> used.incrementAndGet())
        .recover(Outage::unreachable);
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
    long begin = System.nanoTime();
    return connection(calls.pool())
        .compose(
            connection ->
                inTransaction(connection, () -> work.apply(new Transaction(call, connection)))
                    .eventually(() -> release(connection)))
        .timeout(time, TimeUnit.MILLISECONDS)
        .recover(this::failed)
        .onComplete((done, failure) -> call.step("transaction", begin, failure));
  }

  static <T> Future<T> inTransaction(SqlConnection connection, Supplier<Future<T>> work) {
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
  static void lost(Throwable failure) {
    log.debug("A connection to the database was lost", failure);
  }

  private static ServiceException late() {
    return new ServiceException(
        ErrorCode.TIMED_OUT, "The time was over before the database was asked");
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

  /** Asks for nothing; that nobody answers is told, and is no time-out of a call. */
  Future<Void> ping() {
    Call call = Call.begin(null, calls.bounds().patience() + WAY_BACK_MILLIS);
    return ask(call, "SELECT 1").<RowSet<Row>>recover(Outage::told).mapEmpty();
  }

  /** What nobody waits for. */
  Jobs jobs() {
    return jobs;
  }

  @Override
  public void close() {
    calls.pool().close();
    jobs.close();
  }

  /** What a caller may know: nothing of SQL, but whether trying again makes sense. */
  private <T> Future<T> failed(Throwable failure) {
    if (Outage.isTimeout(failure)) {
      timeouts.increment();
    }
    return Outage.told(failure);
  }
}
