package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.ById;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.EndSession;
import dev.starling.user.api.UserContract.EndedSessions;
import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.NextKey;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.SessionList;
import dev.starling.user.api.UserContract.Since;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the user service does, shared by all its event loops on a node. */
final class Users implements AutoCloseable {
  private static final long TIDY_FIRST = Duration.ofSeconds(10).toMillis();
  private static final long TIDY_EVERY = Duration.ofHours(1).toMillis();

  /** Milliseconds for reading the signing keys; then those of before go on. */
  private static final long KEYS_BUDGET = 500;

  private static final Logger log = LoggerFactory.getLogger(Users.class);

  private final Database database;
  private final Accounts accounts;
  private final HashPool hashes;
  private final PasswordRules rules;
  private final Registrations registrations;
  private final Logins logins;
  private final Sessions sessions;
  private final RefreshTokens refreshTokens;
  private final Issuer issuer;
  private final Throttle throttle;
  private final Administration administration;
  private final Audit audit;
  private final Outbox outbox;
  private final Duration auditKept;
  private final Duration namesKept;
  private final KeyRing keyRing;
  private final Duration keyLifetime;
  private final CurrentKeys keys;
  private volatile Future<?> opened = Future.failedFuture("not yet");

  /** The settings below {@code user} in the configuration; times in milliseconds there. */
  private record Settings(
      Duration accessToken,
      Duration key,
      Sessions.Rules sessions,
      int passwordMinimum,
      Optional<Path> breachedPasswords,
      Argon2.Cost cost,
      Duration deletedNames,
      Duration audit) {
    static Settings of(JsonObject config) {
      return new Settings(
          Duration.ofMillis(config.getLong("access-token-lifetime")),
          Duration.ofMillis(config.getLong("key-lifetime")),
          new Sessions.Rules(
              Duration.ofMillis(config.getLong("session-lifetime")),
              Duration.ofMillis(config.getLong("refresh-token-idle")),
              Duration.ofMillis(config.getLong("refresh-token-grace")),
              config.getInteger("sessions")),
          config.getInteger("password-minimum-length"),
          Optional.of(config.getString("breached-passwords"))
              .filter(path -> !path.isEmpty())
              .map(Path::of),
          new Argon2.Cost(
              config.getInteger("hash-memory"), config.getInteger("hash-iterations"), 1),
          Duration.ofMillis(config.getLong("deleted-names")),
          Duration.ofMillis(config.getLong("audit-kept")));
    }
  }

  Users(Vertx vertx, Node node, JsonObject config) {
    Settings settings = Settings.of(config);
    namesKept = settings.deletedNames();
    keyLifetime = settings.key();
    auditKept = settings.audit();
    Limits limits = node.options().limits();
    database = new Database(vertx, config.getJsonObject("database"), limits);
    accounts = new Accounts(database);
    sessions = new Sessions(database, settings.sessions(), limits);
    throttle = new Throttle(vertx, database);
    audit = new Audit(database);
    outbox = new Outbox(vertx, database);
    hashes = new HashPool(vertx, limits);
    gauges(node.meters());
    keyRing = new KeyRing(database, new KeyCipher(node.secrets().bytes(Secrets.KEY_ENCRYPTION)));
    keys = new CurrentKeys(Clock.systemUTC(), () -> keyRing.load(Call.begin(null, KEYS_BUDGET)));
    issuer = new Issuer(keys, accessTokens(node, settings), settings.accessToken());

    Pepper pepper = new Pepper(node.secrets().bytes(Secrets.PEPPER));
    PasswordHasher hasher =
        new PasswordHasher(Argon2.fastest(), settings.cost(), pepper, List.of());
    rules =
        new PasswordRules(
            vertx,
            settings.passwordMinimum(),
            settings.breachedPasswords().map(BreachedPasswords::open));
    Buckets buckets = new Buckets(limits, pepper);
    Devices devices = new Devices(pepper, Clock.systemUTC());
    Names names = new Names(pepper);
    refreshTokens = new RefreshTokens(pepper);
    registrations =
        new Registrations(
            accounts, hashes, hasher, new RequestSeal(pepper), rules, names, throttle, buckets);
    logins =
        new Logins(
            audit,
            accounts,
            names,
            sessions,
            hashes,
            hasher,
            rules,
            refreshTokens,
            issuer,
            throttle,
            buckets,
            devices);
    administration =
        new Administration(
            database,
            sessions,
            new Cursors(pepper),
            throttle,
            buckets,
            secretOfTheFirstAdministrator(node.secrets()));
    vertx.setPeriodic(TIDY_FIRST, TIDY_EVERY, t -> tidy());
  }

  /** Nodes that may not make it, and were not given it, go without. */
  private static Optional<byte[]> secretOfTheFirstAdministrator(Secrets secrets) {
    try {
      return Optional.of(secrets.bytes(Secrets.ADMINISTRATOR));
    } catch (Secrets.SecretsException e) {
      log.info("Nobody can become the first administrator here: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private static AccessTokens accessTokens(Node node, Settings settings) {
    return new AccessTokens(
        node.options().issuer(),
        node.options().audience(),
        settings.accessToken(),
        Clock.systemUTC());
  }

  private void gauges(MeterRegistry meters) {
    Gauge.builder("starling.user.hashes.running", hashes, HashPool::running).register(meters);
    Gauge.builder("starling.user.hashes.waiting", hashes, HashPool::waiting).register(meters);
    FunctionCounter.builder("starling.user.hashes", hashes, HashPool::computed).register(meters);
  }

  /**
   * Succeeds when tables and keys are there and this event loop has connections. What failed is
   * tried again by the next who asks.
   */
  Future<?> ready() {
    return opened().compose(v -> database.warm());
  }

  private synchronized Future<?> opened() {
    if (opened.failed()) {
      opened =
          database
              .migrate()
              .compose(v -> keyRing.ensure())
              .onSuccess(keys::keep)
              .onSuccess(v -> outbox.start());
    }
    return opened;
  }

  private void tidy() {
    if (opened.succeeded()) {
      renewKeys().onFailure(e -> log.warn("Keys grow old until later: {}", e.getMessage()));
      forget(accounts::forgetKeys, Accounts.FORGOTTEN_AT_ONCE)
          .compose(v -> forget(sessions::forget, Sessions.FORGOTTEN_AT_ONCE))
          .compose(v -> forget(throttle::forget, Throttle.FORGOTTEN_AT_ONCE))
          .compose(v -> forget(() -> accounts.forgetNames(namesKept), Accounts.FORGOTTEN_AT_ONCE))
          .compose(v -> forget(() -> audit.forget(auditKept), Audit.FORGOTTEN_AT_ONCE))
          .onFailure(e -> log.warn("What is old stays until later: {}", e.getMessage()));
    }
  }

  Future<Void> renewKeys() {
    return keyRing.renew(keyLifetime);
  }

  private static Future<?> forget(Supplier<Future<Integer>> some, int atOnce) {
    return some.get()
        .compose(forgotten -> forgotten < atOnce ? Future.succeededFuture() : forget(some, atOnce));
  }

  Future<Void> ping() {
    return database.ping();
  }

  Future<User> register(Register request, Call call) {
    return registrations.register(request, call).recover(Users::overloaded);
  }

  Future<Tokens> login(Login request, Call call) {
    return logins.login(request, call).recover(Users::overloaded);
  }

  Future<Tokens> refresh(Refresh request, Call call) {
    String token = request.refreshToken();
    if (!RefreshTokens.isToken(token)) {
      return invalid();
    }
    String successor = refreshTokens.after(token);
    return sessions
        .refresh(call, RefreshTokens.hash(token), RefreshTokens.hash(successor))
        .compose(live -> live.map(l -> issuer.tokens(l, successor)).orElseGet(Users::invalid));
  }

  private static <T> Future<T> invalid() {
    return Future.failedFuture(
        new ServiceException(ErrorCode.UNAUTHENTICATED, "The refresh token is not valid"));
  }

  Future<Done> logout(Logout request, Call call) {
    String token = request.refreshToken();
    return RefreshTokens.isToken(token)
        ? sessions.end(call, RefreshTokens.hash(token)).map(new Done())
        : Future.succeededFuture(new Done());
  }

  Future<Done> logoutAll(Call call) {
    return sessions.endAll(call, user(call), Audit.by(call)).map(new Done());
  }

  Future<SessionList> sessions(Call call) {
    String current = call.caller().claims().getString("sid");
    return sessions.of(call, user(call), current).map(SessionList::new);
  }

  Future<Done> endSession(EndSession request, Call call) {
    return sessions
        .end(call, user(call), request.id())
        .map(
            ended -> {
              if (!ended) {
                throw new ServiceException(ErrorCode.NOT_FOUND, "There is no such session");
              }
              return new Done();
            });
  }

  Future<Tokens> changePassword(ChangePassword request, Call call) {
    return logins.changePassword(user(call), request, call).recover(Users::overloaded);
  }

  Future<Done> deleteMe(DeleteMe request, Call call) {
    return logins.delete(user(call), request, call).recover(Users::overloaded);
  }

  Administration administration() {
    return administration;
  }

  private static UUID user(Call call) {
    return UUID.fromString(call.caller().subject());
  }

  Future<EndedSessions> ended(Since since, Call call) {
    return sessions.ended(call, since);
  }

  /** The caller's own account; another's does not exist for the caller. */
  Future<User> get(ById request, Call call) {
    if (!call.caller().subject().equals(request.id().toString())) {
      return Future.failedFuture(unknown());
    }
    return accounts.find(call, request.id()).map(found -> found.orElseThrow(Users::unknown));
  }

  private static ServiceException unknown() {
    return new ServiceException(ErrorCode.NOT_FOUND, "There is no such user");
  }

  Future<KeySet> published() {
    return keys.get().map(SigningKeys::published);
  }

  /** Another key signs as soon as all verifiers may know it. */
  Future<NextKey> rotateKeys(Call call) {
    return keyRing.rotate(call);
  }

  /** Refuses the tokens of a key that others may have, on all nodes within 5 s. */
  Future<Done> revokeKey(String kid, Call call) {
    return keyRing
        .revoke(call, kid)
        .map(valid -> valid.orElseThrow(Users::unknownKey))
        .onSuccess(keys::keep)
        .map(new Done());
  }

  private static ServiceException unknownKey() {
    return new ServiceException(ErrorCode.NOT_FOUND, "There is no such key");
  }

  private static <T> Future<T> overloaded(Throwable failure) {
    return Future.failedFuture(
        failure instanceof HashPool.Full
            ? new ServiceException(ErrorCode.OVERLOADED, failure.getMessage())
            : failure);
  }

  @Override
  public void close() {
    hashes.close();
    rules.close();
    database.close();
  }
}
