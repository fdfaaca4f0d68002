package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.ById;
import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.service.Accounts.Credentials;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What the user service does, shared by all its event loops on a node. */
final class Users implements AutoCloseable {
  private static final int REFRESH_BYTES = 32;
  private static final Duration START_WITHIN = Duration.ofSeconds(10);
  private static final long RETRY_MILLIS = 250;

  private final Database database;
  private final Accounts accounts;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final AccessTokens tokens;
  private final Settings settings;
  private final SecureRandom random = new SecureRandom();
  private final CurrentKeys keys;
  private final Future<?> ready;

  /** The settings below {@code user} in the configuration; times in milliseconds there. */
  private record Settings(
      Duration accessToken, Duration refreshIdle, Duration session, int passwordMinimum) {
    static Settings of(JsonObject config) {
      return new Settings(
          Duration.ofMillis(config.getLong("access-token-lifetime")),
          Duration.ofMillis(config.getLong("refresh-token-idle")),
          Duration.ofMillis(config.getLong("session-lifetime")),
          config.getInteger("password-minimum-length"));
    }
  }

  Users(Vertx vertx, Node node, JsonObject config) {
    settings = Settings.of(config);
    database = new Database(vertx, config.getJsonObject("database"));
    accounts = new Accounts(database);
    int permits = config.getInteger("hash-permits");
    hashes =
        new HashPool(
            vertx,
            permits == 0 ? HashPool.defaultPermits() : permits,
            config.getInteger("hash-queue"),
            Duration.ofMillis(config.getLong("hash-wait")));
    hasher =
        new PasswordHasher(
            hashes,
            Argon2.fastest(),
            Argon2.Cost.DEFAULT,
            new Pepper(node.secrets().bytes(Secrets.PEPPER)),
            List.of());
    tokens =
        new AccessTokens(
            node.options().issuer(),
            node.options().audience(),
            settings.accessToken(),
            Clock.systemUTC());
    KeyCipher cipher = new KeyCipher(node.secrets().bytes(Secrets.KEY_ENCRYPTION));
    gauges(node.meters());
    keys = new CurrentKeys(Clock.systemUTC(), () -> SigningKeys.load(database, cipher));
    ready = prepare(vertx, System.nanoTime() + START_WITHIN.toNanos());
  }

  /** A database that has just been started, or is busy, is asked again for a while. */
  private Future<SigningKeys> prepare(Vertx vertx, long deadline) {
    return Migrations.run(database)
        .compose(v -> keys.get())
        .recover(
            failure ->
                ServiceException.of(failure).code() == ErrorCode.UNAVAILABLE
                        && System.nanoTime() < deadline
                    ? vertx.timer(RETRY_MILLIS).compose(v -> prepare(vertx, deadline))
                    : Future.failedFuture(failure));
  }

  private void gauges(MeterRegistry meters) {
    Gauge.builder("starling.user.hashes.running", hashes, HashPool::running).register(meters);
    Gauge.builder("starling.user.hashes.waiting", hashes, HashPool::waiting).register(meters);
  }

  /** Succeeds when tables and keys are there. */
  Future<?> ready() {
    return ready;
  }

  Future<Void> ping() {
    return database.ping();
  }

  Future<User> register(Register request, Call call) {
    String key = Username.key(request.username());
    check(request, key);
    UUID id = UUID.randomUUID();
    return accounts
        .isTaken(key)
        .compose(taken -> taken ? Future.failedFuture(taken()) : hash(id, request.password(), call))
        .compose(hash -> accounts.add(id, request.username(), key, hash))
        .map(added -> added.orElseThrow(Users::taken));
  }

  private void check(Register request, String key) {
    if (Username.isReserved(key)) {
      throw ServiceException.ofField(
          ErrorCode.INVALID, "/username", "reserved", "This username is reserved");
    }
    int length = request.password().codePointCount(0, request.password().length());
    if (length < settings.passwordMinimum()) {
      throw ServiceException.ofField(
          ErrorCode.INVALID,
          "/password",
          "code-point-length",
          "must have at least " + settings.passwordMinimum() + " characters");
    }
    try {
      OpaqueString.of(request.password());
    } catch (IllegalArgumentException e) {
      throw ServiceException.ofField(ErrorCode.INVALID, "/password", "character", e.getMessage());
    }
  }

  private Future<String> hash(UUID id, String password, Call call) {
    return hasher(call).hash(id, password).recover(Users::overloaded);
  }

  private static ServiceException taken() {
    return ServiceException.ofField(
        ErrorCode.CONFLICT, "/username", "unique", "This username is taken");
  }

  /** One Argon2 computation on every path, so that neither time nor load tells names apart. */
  Future<Tokens> login(Login request, Call call) {
    return accounts
        .credentials(Username.key(request.username()))
        .compose(found -> verify(found, request.password(), call))
        .compose(this::begin);
  }

  private Future<UUID> verify(Optional<Credentials> found, String password, Call call) {
    Future<Boolean> verified =
        found
            .map(c -> hasher(call).verify(c.id(), password, c.hash()))
            .orElseGet(() -> hasher(call).verifyAbsent(password));
    return verified
        .recover(Users::overloaded)
        .map(
            right ->
                found
                    .filter(c -> right && c.enabled())
                    .map(Credentials::id)
                    .orElseThrow(
                        () ->
                            new ServiceException(
                                ErrorCode.UNAUTHENTICATED, "Username or password is wrong")));
  }

  private Future<Tokens> begin(UUID user) {
    UUID session = UUID.randomUUID();
    Instant now = Instant.now();
    byte[] bytes = new byte[REFRESH_BYTES];
    random.nextBytes(bytes);
    String refresh = "rt_" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    return accounts
        .begin(session, user, settings.session(), sha256(refresh), settings.refreshIdle())
        .compose(v -> keys.get())
        .map(
            signing ->
                new Tokens(
                    tokens.issue(signing.signing(), user, session, now),
                    "Bearer",
                    settings.accessToken().toSeconds(),
                    refresh));
  }

  /** The caller's own account; another's does not exist for the caller. */
  Future<User> get(ById request, Call call) {
    if (!call.caller().subject().equals(request.id().toString())) {
      return Future.failedFuture(unknown());
    }
    return accounts.find(request.id()).map(found -> found.orElseThrow(Users::unknown));
  }

  private static ServiceException unknown() {
    return new ServiceException(ErrorCode.NOT_FOUND, "There is no such user");
  }

  Future<KeySet> published() {
    return keys.get().map(SigningKeys::published);
  }

  private PasswordHasher hasher(Call call) {
    return hasher.within(Duration.ofMillis(call.remaining()));
  }

  private static <T> Future<T> overloaded(Throwable failure) {
    return Future.failedFuture(
        failure instanceof HashPool.Full
            ? new ServiceException(ErrorCode.OVERLOADED, failure.getMessage())
            : failure);
  }

  private static byte[] sha256(String token) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(token.getBytes(StandardCharsets.US_ASCII));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    hashes.close();
    database.close();
  }
}
