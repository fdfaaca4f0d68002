package dev.starling.launcher;

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
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.Callable;
import java.util.function.IntFunction;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** Several nodes in this JVM that run the user service, on one real PostgreSQL; no tables yet. */
public abstract class UserNodes {
  private static final String SECRET = "0123456789abcdef".repeat(4);

  @TempDir private static Path directory;
  private static EmbeddedDatabase database;
  private static Vertx vertx;

  private final List<Harness> nodes = new ArrayList<>();
  PgConnection sql;

  /** The same for who is not run by JUnit's own engine. */
  static void startsPostgresqlAlone() throws Exception {
    directory = Files.createTempDirectory("starling-nodes-");
    startsPostgresql();
  }

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

  /** Ends one of the nodes before the others. */
  void stop(Harness node) {
    nodes.remove(node);
    node.close();
  }

  /** A node with the same secrets as the others, and no service yet. */
  Harness node() {
    try {
      Harness node = Harness.start();
      nodes.add(node);
      for (String secret : List.of(Secrets.PEPPER, Secrets.KEY_ENCRYPTION, Secrets.ADMINISTRATOR)) {
        Files.writeString(node.node().secrets().file(secret), SECRET);
      }
      return node;
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  Future<String> deploy(Harness node) {
    return deploy(node, config());
  }

  Future<String> deploy(Harness node, JsonObject config) {
    return node.vertx()
        .deployVerticle(new UserVerticle(), new DeploymentOptions().setConfig(config));
  }

  /** Processes of the server, the first one before the others. */
  static List<String> postgres() {
    try {
      Path file = directory.resolve("postgresql/data/postmaster.pid");
      ProcessHandle first =
          ProcessHandle.of(Long.parseLong(Files.readAllLines(file).get(0))).orElseThrow();
      return Stream.concat(Stream.of(first), first.descendants())
          .map(process -> Long.toString(process.pid()))
          .toList();
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  /** The same server as another role, of another database perhaps. */
  static String url(String role, String password, String name) {
    return "postgresql://%s:%s@127.0.0.1:%d/%s".formatted(role, password, database.port(), name);
  }

  /** The superuser of the server. */
  public static String url() {
    return url("starling", SECRET, "starling");
  }

  /** What the user service is given on a node that has a database of its own. */
  static JsonObject config(JsonObject database) {
    JsonObject config = config();
    config.getJsonObject("database").mergeIn(database).remove("password");
    return config;
  }

  /** What the user service is given on a node that leaves all to the defaults. */
  static JsonObject config() {
    try {
      Configuration configuration =
          Configuration.load(Optional.empty(), Map.of(), new Properties());
      return configuration
          .below("user")
          .put(
              "database",
              configuration.below("database").put("url", database.url()).put("password", SECRET));
    } catch (ConfigurationException e) {
      throw new AssertionError(e);
    }
  }

  Harness start() {
    Harness node = node();
    Harness.await(deploy(node));
    return node;
  }

  static Future<User> register(Harness node, String name) {
    return node.node().client().call(UserContract.REGISTER, new Register(name, Client.PASSWORD));
  }

  /** On a busy machine it may take several times. */
  static void registerAda(Harness node) {
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

  static Tokens login(Harness node) {
    return patiently(() -> node.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)));
  }

  static String me(Harness node, String token) {
    return patiently(() -> node.call(UserContract.ME, new Me(), token).username());
  }

  static List<String> published(Harness node) {
    KeySet keys = patiently(() -> node.call(UserContract.KEYS, new Keys()));
    return keys.keys().stream().map(UserContract.PublicKey::kid).toList();
  }

  /** Password hashes that were begun, on all nodes. */
  double hashes() {
    return nodes.stream()
        .mapToDouble(
            node -> node.node().meters().get("starling.user.hashes").functionCounter().count())
        .sum();
  }

  /** What came of so many attempts at the same moment; null for one that succeeded. */
  static List<ErrorCode> atOnce(int count, IntFunction<Future<?>> attempt) {
    List<Future<?>> all = IntStream.range(0, count).mapToObj(attempt).toList();
    Harness.await(Future.join(new ArrayList<>(all)).otherwiseEmpty());
    return all.stream()
        .map(f -> f.succeeded() ? null : ServiceException.of(f.cause()).code())
        .toList();
  }

  static <T> T patiently(Callable<T> call) {
    return await()
        .atMost(Duration.ofSeconds(60))
        .ignoreExceptionsMatching(
            e -> e instanceof ServiceException refusal && isOutOfTime(refusal.code()))
        .until(call, reply -> true);
  }

  static boolean isOutOfTime(ErrorCode code) {
    return code.status() >= 503;
  }

  /** What comes of a call with a token once the machine has time for it; null when it succeeds. */
  static <I> ErrorCode refused(Harness node, Operation<I, ?> operation, I request, String token) {
    return refusal(() -> patiently(() -> node.call(operation, request, token)));
  }

  static ErrorCode refusal(ThrowingCallable call) {
    ServiceException refusal = catchThrowableOfType(ServiceException.class, call);
    return refusal == null ? null : refusal.code();
  }

  RowSet<Row> execute(String statement) {
    return sql.query(statement).execute().await();
  }

  List<String> text(String query) {
    return StreamSupport.stream(execute(query).spliterator(), false)
        .map(row -> row.getString(0))
        .toList();
  }
}
