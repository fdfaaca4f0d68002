package dev.starling.lab;

import dev.starling.lab.Checker.Row;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Tuple;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** The PostgreSQL that the nodes share: its processes, and what it holds. */
final class Database {
  private static final String NODES = "starling-user";
  private static final String NAME = "starling";

  private final Vertx vertx;
  private final Path home;
  private final String host;
  private final Path secret;

  private Database(Vertx vertx, Path data, String host) {
    this.vertx = vertx;
    this.home = data.resolve("postgresql");
    this.host = host;
    this.secret = data.resolve("secrets/database");
  }

  /**
   * The one that nodes start for themselves.
   *
   * @param data the nodes' data.directory
   */
  static Database embedded(Vertx vertx, Path data) {
    return new Database(vertx, data, "127.0.0.1");
  }

  /** SIGKILL to its first process; the others find out and end. */
  void kill() throws IOException, InterruptedException {
    List<Long> all = pids();
    Command.signal("KILL", List.of(all.get(0)));
    for (long pid : all) {
      while (ProcessHandle.of(pid).filter(ProcessHandle::isAlive).isPresent()) {
        Thread.sleep(20);
      }
    }
  }

  /** SIGSTOP to all of its processes. */
  void freeze() throws IOException, InterruptedException {
    Command.signal("STOP", pids());
  }

  /** SIGCONT to all of its processes. */
  void thaw() throws IOException, InterruptedException {
    Command.signal("CONT", pids());
  }

  boolean isRunning() throws IOException {
    return Files.exists(home.resolve("data/postmaster.pid"))
        && ProcessHandle.of(Long.parseLong(postmaster().get(0)))
            .filter(ProcessHandle::isAlive)
            .isPresent();
  }

  /** Of all of its processes, the first one before the others. */
  List<Long> pids() throws IOException {
    long first = Long.parseLong(postmaster().get(0));
    List<Long> all = new ArrayList<>(List.of(first));
    ProcessHandle.of(first)
        .orElseThrow(() -> new LabException("PostgreSQL does not run"))
        .descendants()
        .forEach(process -> all.add(process.pid()));
    return all;
  }

  private List<String> postmaster() throws IOException {
    return Files.readAllLines(home.resolve("data/postmaster.pid"));
  }

  /** Starts it again on the port that it had; returns when it takes connections. */
  void start() throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    if (ProcessHandle.current().info().user().filter("root"::equals).isPresent()) {
      command.addAll(List.of("unshare", "-U")); // as the launcher does: it refuses to run as root
    }
    command.addAll(
        List.of(
            binaries().resolve("bin/pg_ctl").toString(),
            "start",
            "-D",
            home.resolve("data").toString(),
            "-l",
            home.resolve("log/start.log").toString(),
            "-o",
            "-p " + Files.readString(home.resolve("port")).strip(),
            "-w"));
    Path output = home.resolve("log/lab.log");
    Process start =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!start.waitFor(90, TimeUnit.SECONDS) || start.exitValue() != 0) {
      throw new LabException("PostgreSQL does not start again: " + Files.readString(output));
    }
  }

  private Path binaries() throws IOException {
    try (DirectoryStream<Path> found = Files.newDirectoryStream(home, "binaries-*")) {
      return found.iterator().next();
    }
  }

  /** Ends the nodes' connections, as an administrator would; returns how many. */
  int terminateConnections() throws IOException {
    return query(
            "SELECT pg_terminate_backend(pid)::text, '' FROM pg_stat_activity"
                + " WHERE application_name LIKE $1",
            NODES + "%")
        .size();
  }

  /** What a client takes from its environment to connect. */
  Map<String, String> environment() throws IOException {
    return Map.of(
        "PGHOST", host,
        "PGPORT", postmaster().get(3),
        "PGUSER", NAME,
        "PGDATABASE", NAME,
        "PGPASSWORD", Files.readString(secret).strip());
  }

  /** The users whose names begin with a prefix. */
  List<Row> users(String prefix) throws IOException {
    return query("SELECT id::text, username FROM users WHERE username_key LIKE $1", prefix + "%");
  }

  private List<Row> query(String sql, String parameter) throws IOException {
    Pool pool =
        PgBuilder.pool()
            .with(new PoolOptions().setMaxSize(1))
            .connectingTo(
                new PgConnectOptions()
                    .setHost(host)
                    .setPort(Integer.parseInt(postmaster().get(3)))
                    .setUser(NAME)
                    .setDatabase(NAME)
                    .setPassword(Files.readString(secret).strip()))
            .using(vertx)
            .build();
    try {
      List<Row> rows = new ArrayList<>();
      pool.preparedQuery(sql)
          .execute(Tuple.of(parameter))
          .await()
          .forEach(row -> rows.add(new Row(row.getString(0), row.getString(1))));
      return rows;
    } finally {
      pool.close().await();
    }
  }
}
