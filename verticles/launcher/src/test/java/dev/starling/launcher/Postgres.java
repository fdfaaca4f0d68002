package dev.starling.launcher;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.awaitility.Awaitility;

/** A PostgreSQL that nodes are told of by its URL, and the faults that may befall it. */
final class Postgres implements AutoCloseable {
  static final String PASSWORD = "canary-of-the-database";

  private final Vertx vertx = Vertx.vertx();
  private final Path directory;
  private final Path password;
  private EmbeddedDatabase server;

  Postgres(Path parent) throws IOException {
    directory = parent.resolve("postgresql");
    password = Files.writeString(parent.resolve("password"), PASSWORD);
    server = EmbeddedDatabase.open(directory, password);
  }

  String url() {
    return server.url().replace("starling@", "starling:" + PASSWORD + "@");
  }

  /** Rows of a query, of the last one if there are several; none of a statement. */
  List<Row> query(String sql) {
    return query(url(), sql);
  }

  /** The same in another database of this server. */
  List<Row> query(String url, String sql) {
    return await(
        connect(url)
            .compose(
                connection ->
                    connection
                        .query(sql)
                        .execute()
                        .map(Postgres::rows)
                        .eventually(connection::close)));
  }

  /** Keeps everybody else away from a table until it is closed. */
  interface Lock extends AutoCloseable {
    @Override
    void close();
  }

  Lock lock(String table) {
    PgConnection connection = await(connect(url()));
    await(connection.query("BEGIN; LOCK TABLE " + table).execute());
    return () -> await(connection.close());
  }

  private Future<PgConnection> connect(String url) {
    return PgConnection.connect(vertx, PgConnectOptions.fromUri(url));
  }

  private static List<Row> rows(RowSet<Row> rows) {
    return rows.stream().toList();
  }

  private static <T> T await(Future<T> future) {
    try {
      return future.await(20, TimeUnit.SECONDS);
    } catch (java.util.concurrent.TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  /** The first column of the first row. */
  long number(String sql) {
    return query(sql).get(0).getLong(0);
  }

  /** SIGKILL for the postmaster; what it leaves behind ends by itself. */
  void kill() throws Exception {
    ProcessHandle postmaster = postmaster();
    List<ProcessHandle> backends = postmaster.descendants().toList();
    postmaster.destroyForcibly();
    postmaster.onExit().get(20, TimeUnit.SECONDS);
    Awaitility.await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> backends.stream().noneMatch(ProcessHandle::isAlive));
  }

  /** Starts the one that was killed, on its port, and returns when it takes connections. */
  void restart() throws IOException {
    EmbeddedDatabase killed = server;
    server = EmbeddedDatabase.open(directory, password);
    killed.close();
  }

  /** SIGSTOP for all of its processes. */
  void freeze() throws Exception {
    signal("STOP");
  }

  void thaw() throws Exception {
    signal("CONT");
  }

  private void signal(String name) throws Exception {
    StringBuilder command = new StringBuilder("kill -" + name);
    ProcessHandle postmaster = postmaster();
    Stream.concat(Stream.of(postmaster), postmaster.descendants())
        .forEach(process -> command.append(' ').append(process.pid()));
    Process kill = new ProcessBuilder("sh", "-c", command.toString()).inheritIO().start();
    kill.waitFor();
  }

  private ProcessHandle postmaster() throws IOException {
    List<String> lines = Files.readAllLines(directory.resolve("data/postmaster.pid"));
    return ProcessHandle.of(Long.parseLong(lines.get(0))).orElseThrow();
  }

  @Override
  public void close() {
    await(vertx.close());
    server.close();
  }
}
