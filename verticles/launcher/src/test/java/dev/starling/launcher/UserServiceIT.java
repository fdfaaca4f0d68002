package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.Keys;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Me;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.service.UserVerticle;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The user service and its tables: several nodes in this JVM on one real PostgreSQL. */
@Timeout(120)
class UserServiceIT {
  private static final String SECRET = "0123456789abcdef".repeat(4);

  @TempDir private static Path directory;
  private static EmbeddedDatabase database;
  private static Vertx vertx;

  private final List<Harness> nodes = new ArrayList<>();
  private PgConnection sql;

  @BeforeAll
  static void startsPostgresql() throws Exception {
    vertx = Vertx.vertx();
    Path password =
        Files.createFile(
            directory.resolve("password"),
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    Files.writeString(password, SECRET);
    database = EmbeddedDatabase.open(directory.resolve("postgresql"), password);
  }

  @AfterAll
  static void stopsPostgresql() {
    database.close();
    vertx.close().await();
  }

  @BeforeEach
  void empties() {
    sql =
        PgConnection.connect(vertx, PgConnectOptions.fromUri(database.url()).setPassword(SECRET))
            .await();
    execute("SET client_min_messages = warning");
    execute("DROP SCHEMA public CASCADE");
    execute("CREATE SCHEMA public");
  }

  @AfterEach
  void stops() {
    nodes.forEach(Harness::close);
    sql.close().await();
  }

  @Test
  void nodesThatStartAtOnceMakeTheTablesAndTheKeyOnce() {
    List<Harness> five = IntStream.range(0, 5).mapToObj(i -> node()).toList();
    Harness.await(Future.all(five.stream().map(this::deploy).toList()));

    assertThat(text("SELECT script FROM schema_history")).containsExactly("V1__accounts.sql");
    List<String> kids = text("SELECT kid FROM signing_keys");
    assertThat(kids).hasSize(1);
    assertThat(five).extracting(UserServiceIT::published).containsOnly(kids);
  }

  @Test
  void aNodeWaitsForAnotherThatMakesTheTables() {
    execute("SELECT pg_advisory_lock(" + 0x5374_6172_6c69_6e67L + ")");
    Harness node = node();
    Future<?> started = deploy(node);
    await()
        .until(
            () ->
                text("SELECT pid::text FROM pg_stat_activity WHERE wait_event = 'advisory'").size()
                    == 1);
    assertThat(started.isComplete()).isFalse();
    assertThat(text("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")).isEmpty();

    execute("SELECT pg_advisory_unlock_all()");
    Harness.await(started);
  }

  @Test
  void aNodeRefusesTablesWhoseScriptWasChanged() {
    start();
    execute("UPDATE schema_history SET checksum = 'another'");

    assertThatThrownBy(this::start)
        .hasMessage("V1__accounts.sql was changed after it had run on this database");
  }

  @Test
  void aNodeRefusesTablesThatAreNewerThanItself() {
    start();
    execute("INSERT INTO schema_history (script, checksum) VALUES ('V999__later.sql', 'x')");

    assertThatThrownBy(this::start)
        .hasMessage("The database is newer than this program: it has seen V999__later.sql");
  }

  @Test
  void oneOfTwoWhoRegisterANameAtTheSameTimeGetsIt() {
    Harness one = start();
    Harness two = start();
    for (String name : List.of("ada", "grace", "alan")) {
      Future<User> first = register(one, name);
      Future<User> second = register(two, name.toUpperCase());
      Harness.await(Future.join(first, second).otherwiseEmpty());

      List<Throwable> refusals = new ArrayList<>();
      for (Future<User> each : List.of(first, second)) {
        if (each.failed()) {
          refusals.add(each.cause());
        }
      }
      assertThat(refusals)
          .singleElement()
          .isInstanceOfSatisfying(
              ServiceException.class,
              refusal -> assertThat(refusal.code()).isEqualTo(ErrorCode.CONFLICT));
    }
    assertThat(text("SELECT username_key FROM users ORDER BY 1"))
        .containsExactly("ada", "alan", "grace");
  }

  @Test
  void aSessionBeginsWithItsRefreshTokenOfWhichOnlyTheHashIsKept() throws Exception {
    Harness node = start();
    User ada = Harness.await(register(node, "ada"));
    Tokens tokens = node.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD));

    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(tokens.refreshToken().getBytes("US-ASCII"));
    Row row =
        sql.query(
                """
                SELECT s.user_id, r.hash, r.generation, r.consumed_at,
                  s.absolute_expiry - now() BETWEEN '29 days' AND '30 days' AS lasts,
                  r.expires_at - now() BETWEEN '6 days' AND '7 days' AS rests
                FROM sessions s JOIN refresh_tokens r ON r.session_id = s.id""")
            .execute()
            .await()
            .iterator()
            .next();
    assertThat(row.getUUID("user_id")).isEqualTo(ada.id());
    assertThat(row.getBuffer("hash").getBytes()).isEqualTo(hash);
    assertThat(row.getLong("generation")).isZero();
    assertThat(row.getValue("consumed_at")).isNull();
    assertThat(row.getBoolean("lasts")).isTrue();
    assertThat(row.getBoolean("rests")).isTrue();
  }

  @Test
  void aUserWhoIsDisabledIsAStranger() {
    Harness node = start();
    Harness.await(register(node, "ada"));
    String token = node.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)).accessToken();
    assertThat(node.call(UserContract.ME, new Me(), token).username()).isEqualTo("ada");
    execute("UPDATE users SET enabled = false");

    assertThat(refusal(() -> node.call(UserContract.ME, new Me(), token)))
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(() -> node.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD))))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"revoked_at", "retire_at"})
  void aKeyThatHasGoneIsNoLongerPublishedAndAnotherSigns(String gone) {
    Harness one = start();
    Harness two = start();
    Harness.await(register(one, "ada"));
    String old = one.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)).accessToken();
    assertThat(two.call(UserContract.ME, new Me(), old).username()).isEqualTo("ada");
    List<String> before = published(one);

    execute("UPDATE signing_keys SET " + gone + " = now()");
    await()
        .atMost(Duration.ofSeconds(30)) // promised are 5 s, on a machine that does nothing else
        .untilAsserted(
            () ->
                assertThat(refusal(() -> two.call(UserContract.ME, new Me(), old)))
                    .isEqualTo(ErrorCode.UNAUTHENTICATED));
    assertThat(published(one)).hasSize(1).doesNotContainAnyElementsOf(before);
    assertThat(published(two)).isEqualTo(published(one));

    String fresh = one.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)).accessToken();
    await()
        .atMost(Duration.ofSeconds(30)) // an unknown key makes them be read once in 10 s
        .ignoreExceptionsInstanceOf(ServiceException.class)
        .until(() -> two.call(UserContract.ME, new Me(), fresh).username().equals("ada"));
  }

  @Test
  void aTableThatIsLockedFailsACallInTimeAndHarmsNothing() {
    Harness node = start();
    execute("BEGIN");
    execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    assertThat(refusal(() -> Harness.await(register(node, "ada"))))
        .isIn(ErrorCode.UNAVAILABLE, ErrorCode.TIMED_OUT);
    execute("ROLLBACK");

    await()
        .atMost(Duration.ofSeconds(20))
        .ignoreExceptionsInstanceOf(ServiceException.class)
        .until(() -> Harness.await(register(node, "grace")).username().equals("grace"));
    assertThat(text("SELECT username FROM users")).containsExactly("grace");
  }

  /** A node with the same secrets as the others, and no service yet. */
  private Harness node() {
    try {
      Harness node = Harness.start();
      nodes.add(node);
      for (String secret : List.of(Secrets.PEPPER, Secrets.KEY_ENCRYPTION)) {
        Files.writeString(node.node().secrets().file(secret), SECRET);
      }
      return node;
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private Future<String> deploy(Harness node) {
    try {
      JsonObject connection =
          new JsonObject()
              .put("url", database.url())
              .put("password", SECRET)
              .put("pool-size", 4)
              .put("pool-queue", 64);
      JsonObject config =
          Configuration.load(Optional.empty(), Map.of(), new Properties())
              .below("user")
              .put("database", connection);
      return node.vertx()
          .deployVerticle(new UserVerticle(), new DeploymentOptions().setConfig(config));
    } catch (ConfigurationException e) {
      throw new AssertionError(e);
    }
  }

  private Harness start() {
    Harness node = node();
    Harness.await(deploy(node));
    return node;
  }

  private static Future<User> register(Harness node, String name) {
    return call(node, UserContract.REGISTER, new Register(name, Client.PASSWORD));
  }

  private static <I, O> Future<O> call(Harness node, Operation<I, O> operation, I request) {
    return node.node().client().call(operation, request);
  }

  private static List<String> published(Harness node) {
    KeySet keys = node.call(UserContract.KEYS, new Keys());
    return keys.keys().stream().map(UserContract.PublicKey::kid).toList();
  }

  private static ErrorCode refusal(org.assertj.core.api.ThrowableAssert.ThrowingCallable call) {
    ServiceException refusal = catchThrowableOfType(ServiceException.class, call);
    return refusal == null ? null : refusal.code();
  }

  private RowSet<Row> execute(String statement) {
    return sql.query(statement).execute().await();
  }

  private List<String> text(String query) {
    return StreamSupport.stream(execute(query).spliterator(), false)
        .map(row -> row.getString(0))
        .toList();
  }
}
