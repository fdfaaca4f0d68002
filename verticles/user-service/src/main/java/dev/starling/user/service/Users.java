package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limits;
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
import io.micrometer.core.instrument.FunctionCounter;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the user service does, shared by all its event loops on a node. */
final class Users implements AutoCloseable {
  private static final int REFRESH_BYTES = 32;
  private static final long FORGET_FIRST = Duration.ofSeconds(10).toMillis();
  private static final long FORGET_EVERY = Duration.ofHours(1).toMillis();

  /** Milliseconds for reading the signing keys; then those of before go on. */
  private static final long KEYS_BUDGET = 500;

  private static final Logger log = LoggerFactory.getLogger(Users.class);

  private final Database database;
  private final Accounts accounts;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final Registrations registrations;
  private final AccessTokens tokens;
  private final Settings settings;
  private final SecureRandom random = new SecureRandom();
  private final CurrentKeys keys;
  private final KeyCipher cipher;
  private volatile Future<?> opened = Future.failedFuture("not yet");

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
    Limits limits = node.options().limits();
    database = new Database(vertx, config.getJsonObject("database"), limits);
    accounts = new Accounts(database);
    hashes = new HashPool(vertx, limits);
    Pepper pepper = new Pepper(node.secrets().bytes(Secrets.PEPPER));
    hasher = new PasswordHasher(Argon2.fastest(), Argon2.Cost.DEFAULT, pepper, List.of());
    registrations =
        new Registrations(
            accounts, hashes, hasher, new RequestSeal(pepper), settings.passwordMinimum());
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
    vertx.setPeriodic(FORGET_FIRST, FORGET_EVERY, t -> forgetKeys());
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

  private void forgetKeys() {
    if (opened.succeeded()) {
      forgetAllKeys()
          .onFailure(e -> log.warn("Old idempotency keys stay until later: {}", e.getMessage()));
    }
  }

  private Future<?> forgetAllKeys() {
    return accounts
        .forgetKeys()
        .compose(
            forgotten ->
                forgotten < Accounts.FORGOTTEN_AT_ONCE
                    ? Future.succeededFuture()
                    : forgetAllKeys());
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
                    .compose(user -> begin(call, user)))
        .recover(Users::overloaded);
  }

  private Future<UUID> verify(HashPool.Place place, Optional<Credentials> found, String password) {
    Future<Boolean> verified =
        found
            .map(c -> hasher.verify(place, c.id(), password, c.hash()))
            .orElseGet(() -> hasher.verifyAbsent(place, password));
    return verified.map(
        right ->
            found
                .filter(c -> right && c.enabled())
                .map(Credentials::id)
                .orElseThrow(
                    () ->
                        new ServiceException(
                            ErrorCode.UNAUTHENTICATED, "Username or password is wrong")));
  }

  private Future<Tokens> begin(Call call, UUID user) {
    UUID session = UUID.randomUUID();
    Instant now = Instant.now();
    byte[] bytes = new byte[REFRESH_BYTES];
    random.nextBytes(bytes);
    String refresh = "rt_" + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
    return accounts
        .begin(call, session, user, settings.session(), sha256(refresh), settings.refreshIdle())
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
