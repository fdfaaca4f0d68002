package dev.starling.lab;

import static java.nio.file.StandardOpenOption.APPEND;

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
import java.util.stream.Collectors;

/** The PostgreSQL that the nodes share: its processes, and what it holds. */
final class Database {
  private static final String NODES = "starling-user";
  private static final String USER = "starling";

  private final Vertx vertx;
  private final Path home;
  private final String host;
  private final Path secret;

  private Database(Stage stage, String host) {
    this.vertx = stage.vertx();
    this.home = stage.data().resolve("postgresql");
    this.host = host;
    this.secret = stage.data().resolve("secrets/database");
  }

  /** The one that nodes start for themselves. */
  static Database embedded(Stage stage) {
    return new Database(stage, "127.0.0.1");
  }

  /**
   * The one that a node made, which does not run now; from its next start on other networks than
   * the loopback reach it.
   *
   * @param host its address
   * @param network from where it may be reached
   */
  static Database opened(Stage stage, String host, String network) throws IOException {
    Database database = new Database(stage, host);
    Path data = database.home.resolve("data");
    Files.writeString(
        data.resolve("postgresql.conf"), "listen_addresses = '" + host + "'\n", APPEND);
    Files.writeString(
        data.resolve("pg_hba.conf"), "host all all " + network + " scram-sha-256\n", APPEND);
    return database;
  }

  /** Where nodes find it, with the password: for their environment only. */
  String url() throws IOException {
    return "postgresql://%s:%s@%s:%s/%s".formatted(USER, password(), host, port(), USER);
  }

  private String password() throws IOException {
    return Files.readString(secret).strip();
  }

  private String port() throws IOException {
    return Files.readString(home.resolve("port")).strip();
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

  /** Starts it on the port that it had; returns when it takes connections. */
  void start() throws IOException, InterruptedException {
    control("start", "-l", home.resolve("log/start.log").toString(), "-o", "-p " + port(), "-w");
  }

  /** Stops it at once. */
  void stop() throws IOException, InterruptedException {
    control("stop", "-m", "immediate");
  }

  private void control(String... arguments) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    if (ProcessHandle.current().info().user().filter("root"::equals).isPresent()) {
      command.addAll(List.of("unshare", "-U")); // as the launcher does: it refuses to run as root
    }
    command.add(binaries().resolve("bin/pg_ctl").toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("-D", home.resolve("data").toString()));
    Path output = home.resolve("log/lab.log"); // a pipe would stay open as long as the server runs
    Process program =
        new ProcessBuilder(command)
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    if (!program.waitFor(90, TimeUnit.SECONDS) || program.exitValue() != 0) {
      throw new LabException(String.join(" ", command) + ": " + Files.readString(output));
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
            Tuple.of(NODES + "%"))
        .size();
  }

  /** What a client takes from its environment to connect. */
  Map<String, String> environment() throws IOException {
    return Map.of(
        "PGHOST", host,
        "PGPORT", postmaster().get(3),
        "PGUSER", USER,
        "PGDATABASE", USER,
        "PGPASSWORD", Files.readString(secret).strip());
  }

  void run(String sql) throws IOException {
    query(sql, Tuple.tuple());
  }

  /** What a statement gives of two texts each. */
  Map<String, String> pairs(String sql) throws IOException {
    return query(sql, Tuple.tuple()).stream().collect(Collectors.toMap(Row::id, Row::name));
  }

  /** The users whose names begin with a prefix. */
  List<Row> users(String prefix) throws IOException {
    return query(
        "SELECT id::text, username FROM users WHERE username_key LIKE $1", Tuple.of(prefix + "%"));
  }

  private List<Row> query(String sql, Tuple parameters) throws IOException {
    Pool pool =
        PgBuilder.pool()
            .with(new PoolOptions().setMaxSize(1))
            .connectingTo(
                new PgConnectOptions()
                    .setHost(host)
                    .setPort(Integer.parseInt(port()))
                    .setUser(USER)
                    .setDatabase(USER)
                    .setPassword(password()))
            .using(vertx)
            .build();
    try {
      List<Row> rows = new ArrayList<>();
      pool.preparedQuery(sql)
          .execute(parameters)
          .await()
          .forEach(row -> rows.add(new Row(row.getString(0), row.getString(1))));
      return rows;
    } finally {
      pool.close().await();
    }
  }
}
