package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
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
 * advisory lock. A script that was changed after it ran, or a database that is newer than this
 * code, refuses to start.
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
          "V9__audit.sql");
  private static final long LOCK = 0x5374_6172_6c69_6e67L; // "Starling"

  private Migrations() {}

  /** Runs what has not run yet, on a connection without a statement time-out. */
  static Future<Void> run(SqlConnection connection) {
    return alone(connection, () -> bring(connection));
  }

  /**
   * The same as the owner of the tables, who then lets another role change rows, and nothing else.
   *
   * @param role of the service
   */
  static Future<Void> run(SqlConnection connection, String role) {
    return alone(
        connection,
        () ->
            history(connection) // before what is granted on all tables to come
                .compose(v -> grantLater(connection, role))
                .compose(v -> bring(connection))
                .compose(v -> grant(connection, role)));
  }

  private static Future<Void> bring(SqlConnection connection) {
    return history(connection).compose(done -> apply(connection, done));
  }

  private static Future<Void> alone(SqlConnection connection, Supplier<Future<Void>> work) {
    return connection
        .query("SELECT pg_advisory_lock(" + LOCK + ")")
        .execute()
        .compose(v -> work.get())
        .eventually(() -> connection.query("SELECT pg_advisory_unlock(" + LOCK + ")").execute());
  }

  /** Nodes that run meanwhile use a new table as soon as it is there. */
  private static Future<Void> grantLater(SqlConnection connection, String role) {
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
  private static Future<Void> grant(SqlConnection connection, String role) {
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

  private static Future<Map<String, String>> history(SqlConnection connection) {
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

  private static Future<Void> apply(SqlConnection connection, Map<String, String> done) {
    for (String script : done.keySet()) {
      if (!SCRIPTS.contains(script)) {
        return refuse("The database is newer than this program: it has seen " + script);
      }
    }
    Future<Void> chain = Future.succeededFuture();
    for (String script : SCRIPTS) {
      String sql = read(script);
      String checksum = sha256(sql);
      if (!done.containsKey(script)) {
        chain = chain.compose(v -> apply(connection, script, sql, checksum));
      } else if (!done.get(script).equals(checksum)) {
        return refuse(script + " was changed after it had run on this database");
      }
    }
    return chain;
  }

  private static Future<Void> refuse(String reason) {
    return Future.failedFuture(new ServiceException(ErrorCode.INTERNAL, reason));
  }

  private static Future<Void> apply(
      SqlConnection connection, String script, String sql, String checksum) {
    return connection
        .begin()
        .compose(
            transaction ->
                connection
                    .query(sql)
                    .execute()
                    .compose(
                        v ->
                            connection
                                .preparedQuery(
                                    "INSERT INTO schema_history (script, checksum) VALUES ($1, $2)")
                                .execute(Tuple.of(script, checksum)))
                    .compose(v -> transaction.commit())
                    .onFailure(e -> transaction.rollback()));
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
