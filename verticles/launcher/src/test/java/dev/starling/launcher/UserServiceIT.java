package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
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
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
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
@Timeout(180)
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

    assertThat(text("SELECT script FROM schema_history"))
        .contains("V1__accounts.sql")
        .doesNotHaveDuplicates();
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
    execute("UPDATE schema_history SET checksum = 'x' WHERE script = 'V1__accounts.sql'");

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
    int decided = 0;
    for (int i = 0; decided < 3; i++) {
      Future<User> first = register(one, "user" + i);
      Future<User> second = register(two, "USER" + i);
      Harness.await(Future.join(first, second).otherwiseEmpty());

      List<ErrorCode> refusals =
          Stream.of(first, second)
              .filter(Future::failed)
              .map(refused -> ((ServiceException) refused.cause()).code())
              .toList();
      if (refusals.stream().noneMatch(UserServiceIT::isOutOfTime)) {
        assertThat(refusals).containsExactly(ErrorCode.CONFLICT);
        decided++;
      }
    }
    assertThat(text("SELECT username_key FROM users")).doesNotHaveDuplicates();
  }

  @Test
  void aSessionBeginsWithItsRefreshTokenOfWhichOnlyTheHashIsKept() throws Exception {
    Harness node = start();
    registerAda(node);
    Tokens tokens = login(node);

    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(tokens.refreshToken().getBytes("US-ASCII"));
    Row row =
        sql.query(
                """
                SELECT u.username, r.hash, r.generation, r.consumed_at,
                  s.absolute_expiry - now() BETWEEN '29 days' AND '30 days' AS lasts,
                  r.expires_at - now() BETWEEN '6 days' AND '7 days' AS rests
                FROM users u JOIN sessions s ON s.user_id = u.id
                  JOIN refresh_tokens r ON r.session_id = s.id
                ORDER BY r.issued_at DESC LIMIT 1""")
            .execute()
            .await()
            .iterator()
            .next();
    assertThat(row.getString("username")).isEqualTo("ada");
    assertThat(row.getBuffer("hash").getBytes()).isEqualTo(hash);
    assertThat(row.getLong("generation")).isZero();
    assertThat(row.getValue("consumed_at")).isNull();
    assertThat(row.getBoolean("lasts")).isTrue();
    assertThat(row.getBoolean("rests")).isTrue();
  }

  @Test
  void aUserWhoIsDisabledIsAStranger() {
    Harness node = start();
    registerAda(node);
    String token = login(node).accessToken();
    assertThat(me(node, token)).isEqualTo("ada");
    execute("UPDATE users SET enabled = false");

    assertThat(refusal(() -> me(node, token))).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(() -> login(node))).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"revoked_at", "retire_at"})
  void aKeyThatHasGoneIsNoLongerPublishedAndAnotherSigns(String gone) {
    Harness one = start();
    Harness two = start();
    registerAda(one);
    String old = login(one).accessToken();
    assertThat(me(two, old)).isEqualTo("ada");
    List<String> before = published(one);

    execute("UPDATE signing_keys SET " + gone + " = now()");
    await()
        .atMost(Duration.ofSeconds(30)) // promised are 5 s, on a machine that does nothing else
        .until(() -> refusal(() -> me(two, old)) == ErrorCode.UNAUTHENTICATED);
    assertThat(published(one)).hasSize(1).doesNotContainAnyElementsOf(before);
    assertThat(published(two)).isEqualTo(published(one));

    String fresh = login(one).accessToken();
    await()
        .atMost(Duration.ofSeconds(30)) // an unknown key makes them be read once in 10 s
        .until(() -> refusal(() -> me(two, fresh)) == null);
  }

  @Test
  void aTableThatIsLockedFailsACallInTimeAndHarmsNothing() {
    Harness node = start();
    execute("BEGIN");
    execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    Future<User> registered = register(node, "grace");
    Harness.await(registered.otherwiseEmpty());
    assertThat(registered.cause())
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(isOutOfTime(e.code())).isTrue());
    execute("ROLLBACK");

    registerAda(node);
    assertThat(text("SELECT username FROM users")).containsExactly("ada");
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
      Configuration configuration =
          Configuration.load(Optional.empty(), Map.of(), new Properties());
      JsonObject config =
          configuration
              .below("user")
              .put(
                  "database",
                  configuration
                      .below("database")
                      .put("url", database.url())
                      .put("password", SECRET));
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
    return node.node().client().call(UserContract.REGISTER, new Register(name, Client.PASSWORD));
  }

  /** On a busy machine it may take several times. */
  private static void registerAda(Harness node) {
    patiently(
        () -> {
          Future<User> registered = register(node, "ada");
          return Harness.await(
              registered
                  .map("registered")
                  .recover(
                      e ->
                          ServiceException.of(e).code() == ErrorCode.CONFLICT
                              ? Future.succeededFuture("registered before")
                              : Future.failedFuture(e)));
        });
  }

  private static Tokens login(Harness node) {
    return patiently(() -> node.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)));
  }

  private static String me(Harness node, String token) {
    return patiently(() -> node.call(UserContract.ME, new Me(), token).username());
  }

  private static List<String> published(Harness node) {
    KeySet keys = patiently(() -> node.call(UserContract.KEYS, new Keys()));
    return keys.keys().stream().map(UserContract.PublicKey::kid).toList();
  }

  private static <T> T patiently(Callable<T> call) {
    return await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptionsMatching(
            e -> e instanceof ServiceException refusal && isOutOfTime(refusal.code()))
        .until(call, reply -> true);
  }

  private static boolean isOutOfTime(ErrorCode code) {
    return code.status() >= 503;
  }

  private static ErrorCode refusal(ThrowingCallable call) {
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
