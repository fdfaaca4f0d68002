package dev.starling.launcher;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class EmbeddedDatabaseIT {
  private static final String PASSWORD = "correct-horse-1";

  private static Vertx vertx;
  @TempDir private static Path unpacked;

  @TempDir Path temp;
  private Path directory;
  private Path passwordFile;
  private final List<Process> nodes = new ArrayList<>();

  @BeforeAll
  static void unpacksTheBinaries() throws IOException {
    vertx = Vertx.vertx();
    PostgresBinaries.unpack(unpacked);
  }

  @AfterAll
  static void closesVertx() throws Exception {
    result(vertx.close());
  }

  @BeforeEach
  void writesThePassword() throws IOException {
    directory = temp.resolve("state of a node/postgresql");
    passwordFile =
        Files.createFile(
            temp.resolve("the password"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(passwordFile, PASSWORD);
    try (Stream<Path> files = Files.walk(unpacked)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        Path link = directory.resolve(unpacked.relativize(file));
        if (Files.isDirectory(file)) {
          Files.createDirectories(link);
        } else {
          Files.createLink(link, file);
        }
      }
    }
  }

  @AfterEach
  void leavesNothingRunning() throws Exception {
    for (Process node : nodes) {
      node.destroyForcibly().waitFor();
    }
    if (Files.exists(pidFile())) {
      ProcessHandle postmaster = postmaster();
      postmaster.destroyForcibly();
      postmaster.onExit().get(10, SECONDS);
    }
    // The children of a killed postmaster end by themselves, and use the data until then.
    await().atMost(Duration.ofSeconds(20)).until(() -> serverProcesses().isEmpty());
  }

  @Test
  void createsADatabaseThatTakesThePasswordAndNoOther() throws Exception {
    try (EmbeddedDatabase database = open()) {
      assertThat(database.url())
          .isEqualTo("postgresql://starling@127.0.0.1:%d/starling", database.port());
      assertThat(query(database.url(), "SHOW server_version")).isEqualTo("17.6");
      assertThat(query(database.url(), "SHOW data_checksums")).isEqualTo("on");
      assertThat(query(database.url(), "SHOW server_encoding")).isEqualTo("UTF8");
      assertThat(query(database.url(), "SHOW listen_addresses")).isEqualTo("127.0.0.1");
      assertThat(query(database.url(), "SHOW unix_socket_directories")).isEmpty();
      assertThat(query(database.url(), "SHOW fsync")).isEqualTo("on");
      assertThatThrownBy(() -> result(connect(database.url(), "wrong")))
          .hasRootCauseInstanceOf(PgException.class)
          .hasStackTraceContaining("password authentication failed for user \"starling\"");
    }
  }

  @Test
  void keepsTheDataAndThePortOverARestart() throws Exception {
    int port;
    try (EmbeddedDatabase database = open()) {
      port = database.port();
      query(database.url(), "CREATE TABLE kept AS SELECT 'this' AS what");
    }
    assertThat(serverProcesses()).isEmpty();
    try (EmbeddedDatabase database = open()) {
      assertThat(database.port()).isEqualTo(port);
      assertThat(query(database.url(), "SELECT what FROM kept")).isEqualTo("this");
    }
  }

  @Test
  void stopsWithTheLastOfTheProcessesThatShareIt() throws Exception {
    EmbeddedDatabase first = open();
    Process second = startNode();
    String url = urlOf(second);
    assertThat(url).isEqualTo(first.url());
    long postmaster = postmaster().pid();

    first.close();
    assertThat(query(url, "SELECT 'still here'")).isEqualTo("still here");

    EmbeddedDatabase third = open();
    second.destroyForcibly().waitFor();
    assertThat(query(third.url(), "SELECT 'still here'")).isEqualTo("still here");
    assertThat(postmaster().pid()).isEqualTo(postmaster);

    third.close();
    assertThat(serverProcesses()).isEmpty();
  }

  @Test
  void isCountedWhenOneProcessOpensItTwice() throws Exception {
    EmbeddedDatabase first = open();
    EmbeddedDatabase second = open();
    first.close();
    first.close();
    assertThat(query(second.url(), "SELECT 'still here'")).isEqualTo("still here");
    second.close();
    assertThat(serverProcesses()).isEmpty();
  }

  @Test
  void adoptsTheServerOfAKilledProcess() throws Exception {
    Process starter = startNode();
    String url = urlOf(starter);
    starter.destroyForcibly().waitFor();
    long postmaster = postmaster().pid();
    assertThat(query(url, "SELECT 'still here'")).isEqualTo("still here");

    try (EmbeddedDatabase database = open()) {
      assertThat(database.url()).isEqualTo(url);
      assertThat(postmaster().pid()).isEqualTo(postmaster);
    }
    assertThat(serverProcesses()).isEmpty();
  }

  @Test
  void recoversAfterPostgresqlWasKilled() throws Exception {
    EmbeddedDatabase before = open();
    query(before.url(), "CREATE TABLE kept AS SELECT 'this' AS what");
    ProcessHandle postmaster = postmaster();
    postmaster.destroyForcibly();
    postmaster.onExit().get(10, SECONDS);

    try (EmbeddedDatabase after = open()) {
      assertThat(query(after.url(), "SELECT what FROM kept")).isEqualTo("this");
      before.close();
      assertThat(query(after.url(), "SELECT what FROM kept")).isEqualTo("this");
    }
    assertThat(serverProcesses()).isEmpty();
  }

  @Test
  void startsThoughTheNumberOfAKilledServerBelongsToAnotherProcess() throws Exception {
    open().close();
    long ours = ProcessHandle.current().pid();
    Files.writeString(
        pidFile(), "%d\n%s\n1\n5432\n\n127.0.0.1\n 1 1\nready\n".formatted(ours, directory));
    try (EmbeddedDatabase database = open()) {
      assertThat(query(database.url(), "SELECT 'here'")).isEqualTo("here");
      assertThat(postmaster().pid()).isNotEqualTo(ours);
    }
  }

  @Test
  void servesTwoProcessesThatStartAtOnceOnNothing() throws Exception {
    directory = temp.resolve("nothing/postgresql");
    Process one = startNode();
    Process other = startNode();
    assertThat(urlOf(one)).isEqualTo(urlOf(other)).startsWith("postgresql://starling@127.0.0.1:");

    one.getOutputStream().close();
    other.getOutputStream().close();
    assertThat(one.waitFor()).isZero();
    assertThat(other.waitFor()).isZero();
    assertThat(serverProcesses()).isEmpty();
  }

  @Test
  void redoesAnInterruptedInitialisation() throws Exception {
    Path partial = Files.createDirectories(directory.resolve("data.partial-1/base"));
    Files.writeString(partial.resolveSibling("PG_VERSION"), "17\n");
    try (EmbeddedDatabase database = open()) {
      assertThat(query(database.url(), "SELECT 'here'")).isEqualTo("here");
      assertThat(partial.getParent()).doesNotExist();
    }
  }

  @Test
  void refusesDataOfAnotherMajorVersion() throws Exception {
    Path data = Files.createDirectories(directory.resolve("data"));
    Files.writeString(data.resolve("PG_VERSION"), "16\n");
    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining(data + " holds data of PostgreSQL 16")
        .hasMessageContaining("brings PostgreSQL 17")
        .hasMessageContaining("database.url");
  }

  @Test
  void saysInOneLineWhyPostgresqlDoesNotStart() throws Exception {
    open().close();
    Path settings = directory.resolve("data/postgresql.conf");
    Files.writeString(settings, Files.readString(settings) + "\nshared_buffers = lots\n");
    assertThatThrownBy(this::open)
        .isInstanceOf(IOException.class)
        .hasMessageContaining("postgresql.conf\" contains errors")
        .hasMessageContaining(directory.resolve("log").toString())
        .message()
        .hasLineCount(1);
  }

  @Test
  void keepsErrorsInStatementsOutOfItsLog() throws Exception {
    try (EmbeddedDatabase database = open()) {
      query(database.url(), "CREATE TABLE person AS SELECT 'ann@example.org' AS email");
      query(database.url(), "CREATE UNIQUE INDEX ON person (email)");
      assertThatThrownBy(
              () -> query(database.url(), "INSERT INTO person VALUES ('ann@example.org')"))
          .hasStackTraceContaining("person_email_idx");
      assertThatThrownBy(() -> result(connect(database.url(), "wrong")));
    }
    try (var logs = Files.newDirectoryStream(directory.resolve("log"), "postgresql-*.log")) {
      for (Path log : logs) {
        assertThat(log).content().contains("password authentication failed");
        assertThat(log).content().doesNotContain("person_email_idx", "ann@example.org");
      }
    }
  }

  private EmbeddedDatabase open() throws IOException {
    return EmbeddedDatabase.open(directory, passwordFile);
  }

  private Process startNode() throws IOException {
    Process node =
        new ProcessBuilder(
                ProcessHandle.current().info().command().orElseThrow(),
                "-cp",
                System.getProperty("java.class.path"),
                EmbeddedDatabaseNode.class.getName(),
                directory.toString(),
                passwordFile.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    nodes.add(node);
    return node;
  }

  private static String urlOf(Process node) throws IOException {
    BufferedReader output = node.inputReader();
    return output.readLine();
  }

  private Path pidFile() {
    return directory.resolve("data/postmaster.pid");
  }

  private ProcessHandle postmaster() throws IOException {
    long pid = Long.parseLong(Files.readAllLines(pidFile()).get(0));
    return ProcessHandle.of(pid).orElseThrow(() -> new NoSuchFileException("process " + pid));
  }

  private List<Long> serverProcesses() {
    return ProcessHandle.allProcesses()
        .filter(p -> p.info().command().filter(c -> c.startsWith(directory + "/")).isPresent())
        .map(ProcessHandle::pid)
        .toList();
  }

  private static Future<PgConnection> connect(String url, String password) {
    return PgConnection.connect(vertx, PgConnectOptions.fromUri(url).setPassword(password));
  }

  /** The first column of the first row, or null if there is none. */
  private static String query(String url, String sql) throws Exception {
    return result(
        connect(url, PASSWORD)
            .compose(
                connection ->
                    connection
                        .query(sql)
                        .execute()
                        .map(EmbeddedDatabaseIT::firstValue)
                        .eventually(connection::close)));
  }

  private static String firstValue(RowSet<Row> rows) {
    return rows.size() == 0 ? null : rows.iterator().next().getString(0);
  }

  private static <T> T result(Future<T> future) throws Exception {
    return future.toCompletionStage().toCompletableFuture().get(20, SECONDS);
  }
}
