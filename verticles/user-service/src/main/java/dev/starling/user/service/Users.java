package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.ById;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.EndSession;
import dev.starling.user.api.UserContract.EndedSessions;
import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.SessionList;
import dev.starling.user.api.UserContract.Since;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.service.Accounts.Credentials;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
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
  private static final long FORGET_FIRST = Duration.ofSeconds(10).toMillis();
  private static final long FORGET_EVERY = Duration.ofHours(1).toMillis();

  /** Milliseconds for reading the signing keys; then those of before go on. */
  private static final long KEYS_BUDGET = 500;

  /** For hashing a password anew whose stored string is of another cost or pepper. */
  private static final Duration RENEWAL = Duration.ofSeconds(10);

  private static final Logger log = LoggerFactory.getLogger(Users.class);

  private final Database database;
  private final Accounts accounts;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final Registrations registrations;
  private final PasswordRules rules;
  private final Sessions sessions;
  private final RefreshTokens refreshTokens;
  private final AccessTokens tokens;
  private final Settings settings;
  private final CurrentKeys keys;
  private final KeyCipher cipher;
  private volatile Future<?> opened = Future.failedFuture("not yet");

  /** The settings below {@code user} in the configuration; times in milliseconds there. */
  private record Settings(
      Duration accessToken, Sessions.Rules sessions, int passwordMinimum, Argon2.Cost cost) {
    static Settings of(JsonObject config) {
      return new Settings(
          Duration.ofMillis(config.getLong("access-token-lifetime")),
          new Sessions.Rules(
              Duration.ofMillis(config.getLong("session-lifetime")),
              Duration.ofMillis(config.getLong("refresh-token-idle")),
              Duration.ofMillis(config.getLong("refresh-token-grace")),
              config.getInteger("sessions")),
          config.getInteger("password-minimum-length"),
          new Argon2.Cost(
              config.getInteger("hash-memory"), config.getInteger("hash-iterations"), 1));
    }
  }

  Users(Vertx vertx, Node node, JsonObject config) {
    settings = Settings.of(config);
    Limits limits = node.options().limits();
    database = new Database(vertx, config.getJsonObject("database"), limits);
    accounts = new Accounts(database);
    sessions = new Sessions(database, settings.sessions());
    rules = new PasswordRules(settings.passwordMinimum());
    hashes = new HashPool(vertx, limits);
    Pepper pepper = new Pepper(node.secrets().bytes(Secrets.PEPPER));
    hasher = new PasswordHasher(Argon2.fastest(), settings.cost(), pepper, List.of());
    refreshTokens = new RefreshTokens(pepper);
    registrations = new Registrations(accounts, hashes, hasher, new RequestSeal(pepper), rules);
    tokens =
        new AccessTokens(
            node.options().issuer(),
            node.options().audience(),
            settings.accessToken(),
            Clock.systemUTC());
    cipher = new KeyCipher(node.secrets().bytes(Secrets.KEY_ENCRYPTION));
    gauges(node.meters());
    keys =
        new CurrentKeys(
            Clock.systemUTC(),
            () -> SigningKeys.load(Call.begin(null, KEYS_BUDGET), database, cipher));
    vertx.setPeriodic(FORGET_FIRST, FORGET_EVERY, t -> forget());
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
              .job(
                  connection ->
                      Migrations.run(connection)
                          .compose(v -> SigningKeys.ensure(connection, cipher)))
              .onSuccess(keys::keep);
    }
    return opened;
  }

  private void forget() {
    if (opened.succeeded()) {
      forget(accounts::forgetKeys, Accounts.FORGOTTEN_AT_ONCE)
          .compose(v -> forget(sessions::forget, Sessions.FORGOTTEN_AT_ONCE))
          .onFailure(e -> log.warn("What is old stays until later: {}", e.getMessage()));
    }
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

  /** One Argon2 computation on every path, so that neither time nor load tells names apart. */
  Future<Tokens> login(Login request, Call call) {
    return hashes
        .admit(
            Duration.ofMillis(call.remaining()),
            place ->
                accounts
                    .credentials(call, Username.key(request.username()))
                    .compose(found -> verify(place, found, request.password()))
                    .compose(
                        verified ->
                            verified
                                .map(c -> begin(call, c, request.password()))
                                .orElseGet(Users::wrong)))
        .recover(Users::overloaded);
  }

  /** Nobody waits for it, and nothing depends on it: the next log-in does it if this does not. */
  private void renew(Credentials verified, String password) {
    if (!hasher.needsRehash(verified.hash()) || !hashes.isIdle()) {
      return;
    }
    Call call = Call.begin(null, RENEWAL.toMillis());
    hashes
        .admit(
            RENEWAL,
            place ->
                hasher
                    .hash(place, verified.id(), password)
                    .compose(hash -> accounts.rehash(call, verified, hash)))
        .onFailure(e -> log.debug("A password is hashed anew at a later log-in", e));
  }

  /** Those of the user if the password is theirs and they may log in. */
  private Future<Optional<Credentials>> verify(
      HashPool.Place place, Optional<Credentials> found, String password) {
    return found
        .map(c -> hasher.verify(place, c.id(), password, c.hash()))
        .orElseGet(() -> hasher.verifyAbsent(place, password))
        .map(right -> found.filter(c -> right && c.enabled()));
  }

  private static <T> Future<T> wrong() {
    return Future.failedFuture(
        new ServiceException(ErrorCode.UNAUTHENTICATED, "Username or password is wrong"));
  }

  private Future<Tokens> begin(Call call, Credentials verified, String password) {
    String token = refreshTokens.first();
    return sessions
        .begin(call, verified.id(), verified.version(), RefreshTokens.hash(token))
        .onSuccess(begun -> begun.ifPresent(live -> renew(verified, password)))
        .compose(begun -> begun.map(live -> tokens(live, token)).orElseGet(Users::wrong));
  }

  private Future<Tokens> tokens(Sessions.Live live, String refreshToken) {
    return keys.get()
        .map(
            signing ->
                new Tokens(
                    tokens.issue(signing.signing(), live.user(), live.session(), live.begun()),
                    "Bearer",
                    settings.accessToken().toSeconds(),
                    refreshToken));
  }

  Future<Tokens> refresh(Refresh request, Call call) {
    String token = request.refreshToken();
    if (!RefreshTokens.isToken(token)) {
      return invalid();
    }
    String successor = refreshTokens.after(token);
    return sessions
        .refresh(call, RefreshTokens.hash(token), RefreshTokens.hash(successor))
        .compose(live -> live.map(l -> tokens(l, successor)).orElseGet(Users::invalid));
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
    return sessions.endAll(call, user(call)).map(new Done());
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

  /** Two computations: one for each password. */
  Future<Tokens> changePassword(ChangePassword request, Call call) {
    rules.check("/newPassword", request.newPassword());
    return hashes
        .admit(
            Duration.ofMillis(call.remaining()),
            place ->
                accounts
                    .credentials(call, user(call))
                    .compose(found -> verify(place, found, request.currentPassword()))
                    .compose(
                        verified ->
                            verified
                                .map(c -> change(call, place, c, request.newPassword()))
                                .orElseGet(Users::notTheirs)))
        .recover(Users::overloaded);
  }

  private Future<Tokens> change(
      Call call, HashPool.Place place, Credentials verified, String password) {
    String token = refreshTokens.first();
    return hasher
        .hash(place, verified.id(), password)
        .compose(
            hash ->
                sessions.changePassword(
                    call, verified.id(), verified.version(), hash, RefreshTokens.hash(token)))
        .compose(begun -> begun.map(live -> tokens(live, token)).orElseGet(Users::notTheirs));
  }

  private static <T> Future<T> notTheirs() {
    return Future.failedFuture(
        ServiceException.ofField(
            ErrorCode.INVALID, "/currentPassword", "wrong", "is not the current password"));
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

  private static <T> Future<T> overloaded(Throwable failure) {
    return Future.failedFuture(
        failure instanceof HashPool.Full
            ? new ServiceException(ErrorCode.OVERLOADED, failure.getMessage())
            : failure);
  }

  @Override
  public void close() {
    hashes.close();
    database.close();
  }
}
