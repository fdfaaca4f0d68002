package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * Brings the tables to the version of this code, once, also when several nodes start at the same
 * instant on an empty database.
 *
 * <p>Scripts are named as Flyway names them, run in order, each in one transaction, under one
 * advisory lock. What may take long on a large table, such as {@code CREATE INDEX CONCURRENTLY}, is
 * in a script whose first line begins with {@value #ONE_BY_ONE}: its statements run without a
 * transaction, so that calls go on meanwhile, and run again when one of them failed. A script that
 * was changed after it ran, or a database that is newer than this code, refuses to start.
 */
final class Migrations {
  static final List<String> SCRIPTS =
      List.of(
          "V1__accounts.sql",
          "V2__idempotency.sql",
          "V3__sessions.sql",
          "V4__throttle.sql",
          "V5__deletion.sql",
          "V6__events.sql",
          "V7__second_factor.sql",
          "V8__email.sql",
          "V9__audit.sql",
          "V10__audit_indexes.sql");

  /** The first line of a script whose statements run one by one, each for itself. */
  private static final String ONE_BY_ONE = "-- one by one";

  private static final long LOCK = 0x5374_6172_6c69_6e67L; // "Starling"
  private static final long LOOK = 100;

  /** Then whoever starts this tries again later; a node does not wait for it to serve the rest. */
  private static final long PATIENCE_NANOS = 30_000_000_000L;

  private final Vertx vertx;
  private final SqlConnection connection;
  private final List<String> scripts;

  /** Those that are in {@code /db/migration} under these names. */
  Migrations(Vertx vertx, SqlConnection connection, List<String> scripts) {
    this.vertx = vertx;
    this.connection = connection;
    this.scripts = scripts;
  }

  /** All, on a connection without a statement time-out. */
  static Migrations of(Vertx vertx, SqlConnection connection) {
    return new Migrations(vertx, connection, SCRIPTS);
  }

  /** Runs what has not run yet. */
  Future<Void> run() {
    return alone(this::bring);
  }

  /**
   * The same as the owner of the tables, who then lets another role change rows, and nothing else.
   *
   * @param role of the service
   */
  Future<Void> runFor(String role) {
    return alone(
        () ->
            history() // before what is granted on all tables to come
                .compose(v -> grantLater(role))
                .compose(v -> bring())
                .compose(v -> grant(role)));
  }

  private Future<Void> bring() {
    return history().compose(this::apply);
  }

  private Future<Void> alone(Supplier<Future<Void>> work) {
    return turn(System.nanoTime() + PATIENCE_NANOS)
        .compose(
            v ->
                work.get()
                    .eventually(
                        () ->
                            connection.query("SELECT pg_advisory_unlock(" + LOCK + ")").execute()));
  }

  /**
   * Asks again and again: an index that is made CONCURRENTLY waits for every statement that was
   * there before it, so also for one that would wait for this lock.
   */
  private Future<Void> turn(long until) {
    if (System.nanoTime() > until) {
      return Future.failedFuture(
          new ServiceException(
              ErrorCode.UNAVAILABLE, "Another node still brings the tables to this version"));
    }
    return connection
        .query("SELECT pg_try_advisory_lock(" + LOCK + ")")
        .execute()
        .compose(
            rows ->
                rows.iterator().next().getBoolean(0)
                    ? Future.succeededFuture()
                    : vertx.timer(LOOK).compose(v -> turn(until)));
  }

  /** Nodes that run meanwhile use a new table as soon as it is there. */
  private Future<Void> grantLater(String role) {
    return connection
        .preparedQuery(
            """
            SELECT format('ALTER DEFAULT PRIVILEGES IN SCHEMA %I'
              ' GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO %I', current_schema(), $1)""")
        .execute(Tuple.of(role))
        .compose(rows -> connection.query(rows.iterator().next().getString(0)).execute())
        .mapEmpty();
  }

  /** Of all that is there, since a table may be as old as the first start with one role only. */
  private Future<Void> grant(String role) {
    return connection
        .preparedQuery(
            """
            SELECT format('GRANT SELECT, INSERT, UPDATE, DELETE ON %s TO %I', oid::regclass, $1)
            FROM pg_class
            WHERE relkind = 'r' AND relnamespace = current_schema()::regnamespace
              AND relowner = current_user::regrole AND relname <> 'schema_history'""")
        .execute(Tuple.of(role))
        .compose(
            grants -> {
              Future<?> chain = Future.succeededFuture();
              for (Row grant : grants) {
                chain = chain.compose(v -> connection.query(grant.getString(0)).execute());
              }
              return chain.mapEmpty();
            });
  }

  private Future<Map<String, String>> history() {
    return connection
        .query(
            """
            CREATE TABLE IF NOT EXISTS schema_history (
              script     text PRIMARY KEY,
              checksum   text NOT NULL,
              applied_at timestamptz NOT NULL DEFAULT now()
            )""")
        .execute()
        .compose(v -> connection.query("SELECT script, checksum FROM schema_history").execute())
        .map(
            rows -> {
              Map<String, String> done = new HashMap<>();
              for (Row row : rows) {
                done.put(row.getString("script"), row.getString("checksum"));
              }
              return done;
            });
  }

  private Future<Void> apply(Map<String, String> done) {
    for (String script : done.keySet()) {
      if (!scripts.contains(script)) {
        return refuse("The database is newer than this program: it has seen " + script);
      }
    }
    Future<Void> chain = Future.succeededFuture();
    for (String script : scripts) {
      String sql = read(script);
      String checksum = sha256(sql);
      if (!done.containsKey(script)) {
        chain = chain.compose(v -> apply(script, sql, checksum));
      } else if (!done.get(script).equals(checksum)) {
        return refuse(script + " was changed after it had run on this database");
      }
    }
    return chain;
  }

  private static Future<Void> refuse(String reason) {
    return Future.failedFuture(new ServiceException(ErrorCode.INTERNAL, reason));
  }

  private Future<Void> apply(String script, String sql, String checksum) {
    return sql.startsWith(ONE_BY_ONE)
        ? oneByOne(sql).compose(v -> done(script, checksum))
        : Database.inTransaction(
            connection, () -> connection.query(sql).execute().compose(v -> done(script, checksum)));
  }

  private Future<Void> oneByOne(String sql) {
    Future<?> chain = Future.succeededFuture();
    for (String statement : sql.split(";\\s*\n")) {
      chain = chain.compose(v -> connection.query(statement).execute());
    }
    return chain.mapEmpty();
  }

  private Future<Void> done(String script, String checksum) {
    return connection
        .preparedQuery("INSERT INTO schema_history (script, checksum) VALUES ($1, $2)")
        .execute(Tuple.of(script, checksum))
        .mapEmpty();
  }

  private static String read(String script) {
    try (InputStream in = Migrations.class.getResourceAsStream("/db/migration/" + script)) {
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sha256(String text) {
    try {
      byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }
}
