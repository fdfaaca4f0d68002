package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.AuditVerification;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.EndedSessions;
import dev.starling.user.api.UserContract.FinishReset;
import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.NextKey;
import dev.starling.user.api.UserContract.Offers;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Since;
import dev.starling.user.api.UserContract.StartReset;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.api.UserContract.VerifyAudit;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What the user service does, shared by all its event loops on a node. */
final class Users implements AutoCloseable {
  private static final long TIDY_FIRST = Duration.ofSeconds(10).toMillis();
  private static final long TIDY_EVERY = Duration.ofHours(1).toMillis();

  /** Milliseconds for reading the signing keys; then those of before go on. */
  private static final long KEYS_BUDGET = 500;

  private static final Logger log = LoggerFactory.getLogger(Users.class);

  private final MeterRegistry meters;
  private final Database database;
  private final Accounts accounts;
  private final HashPool hashes;
  private final PasswordRules rules;
  private final Registrations registrations;
  private final Logins logins;
  private final LoginCounts loginCounts;
  private final Passwords passwords;
  private final SecondFactors factors;
  private final Emails emails;
  private final Sessions sessions;
  private final TokenFamilies families;
  private final RefreshTokens refreshTokens;
  private final Issuer issuer;
  private final Throttle throttle;
  private final OwnAccount ownAccount;
  private final Administration administration;
  private final AuditSeals auditSeals;
  private final Outbox outbox;
  private final Optional<Postman> postman;
  private final Duration auditKept;
  private final Duration namesKept;
  private final KeyRing keyRing;
  private final Duration keyLifetime;
  private final CurrentKeys keys;
  private volatile Future<?> opened = Future.failedFuture("not yet");

  Users(Vertx vertx, Node node, JsonObject config) {
    UserSettings settings = UserSettings.of(config);
    namesKept = settings.deletedNames();
    keyLifetime = settings.key();
    auditKept = settings.audit();
    Limits limits = node.options().limits();
    database = new Database(vertx, config.getJsonObject("database"), limits, node.meters());
    accounts = new Accounts(database);
    sessions = new Sessions(database, settings.sessions(), node.meters());
    families = new TokenFamilies(database, settings.sessions(), limits, node.meters());
    throttle = new Throttle(vertx, database, node.meters());
    Audit audit = new Audit(database);
    outbox = new Outbox(vertx, database);
    hashes = new HashPool(vertx, limits, node.meters());
    KeyCipher cipher = KeyCipher.of(node.secrets().all(Secrets.KEY_ENCRYPTION));
    auditSeals = new AuditSeals(database, cipher);
    keyRing = new KeyRing(database, cipher);
    keys = new CurrentKeys(Clock.systemUTC(), () -> keyRing.load(Call.begin(null, KEYS_BUDGET)));
    meters = node.meters();
    loginCounts = new LoginCounts(meters);
    gauges();

    Pepper pepper = Pepper.of(node.secrets().all(Secrets.PEPPER));
    PasswordHasher hasher =
        new PasswordHasher(Argon2.fastest(), settings.cost(), pepper, pepper.others());
    rules =
        new PasswordRules(
            vertx,
            settings.passwordMinimum(),
            settings.breachedPasswords().map(BreachedPasswords::open));
    Buckets buckets = new Buckets(limits, pepper);
    Devices devices = new Devices(pepper, Clock.systemUTC());
    refreshTokens = new RefreshTokens(pepper);
    issuer =
        new Issuer(
            keys, accessTokens(node, settings), settings.accessToken(), refreshTokens, devices);
    Names names = new Names(pepper);
    SealedIds codes = new SealedIds(pepper, "codes of mails");
    emails = new Emails(database, codes, throttle, buckets, settings.mail().isPresent());
    postman =
        settings
            .mail()
            .map(server -> new Postman(vertx, database, server, codes, node.options().issuer()));
    factors =
        new SecondFactors(
            database,
            cipher,
            new OneTimePasswords(Clock.systemUTC()),
            pepper,
            throttle,
            buckets,
            node.options().issuer());
    Reauthentication reauthentication =
        new Reauthentication(accounts, hashes, hasher, factors, throttle, buckets);
    registrations =
        new Registrations(
            accounts,
            hashes,
            hasher,
            new RequestSeal(pepper),
            rules,
            names,
            emails,
            throttle,
            buckets);
    logins =
        new Logins(
            audit, accounts, names, sessions, hashes, hasher, factors, issuer, throttle, buckets,
            devices);
    passwords =
        new Passwords(reauthentication, emails, sessions, hashes, hasher, rules, buckets, issuer);
    Cursors cursors = new Cursors(pepper);
    ownAccount =
        new OwnAccount(
            database,
            accounts,
            registrations,
            sessions,
            reauthentication,
            passwords,
            factors,
            emails,
            names,
            rules,
            new Exports(database, cursors));
    administration =
        new Administration(
            database,
            sessions,
            emails,
            cursors,
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

  private static AccessTokens accessTokens(Node node, UserSettings settings) {
    return new AccessTokens(
        node.options().issuer(),
        node.options().audience(),
        settings.accessToken(),
        Clock.systemUTC());
  }

  private void gauges() {
    Gauge.builder("starling.user.hashes.running", hashes, HashPool::running)
        .description("Hashes of passwords being computed now")
        .register(meters);
    Gauge.builder("starling.user.hashes.waiting", hashes, HashPool::waiting)
        .description("Passwords that wait to be hashed")
        .register(meters);
    FunctionCounter.builder("starling.user.hashes", hashes, HashPool::computed)
        .description("Hashes of passwords computed")
        .register(meters);
    FunctionCounter.builder("starling.user.hashes.shed", hashes, HashPool::shed)
        .description("Hashes refused, since too many were waiting")
        .register(meters);
    Gauge.builder("starling.user.key.age", keys, CurrentKeys::age)
        .baseUnit("seconds")
        .description("For which the key of access tokens has signed")
        .register(meters);
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
              .jobs()
              .migrate()
              .compose(v -> keyRing.ensure())
              .onSuccess(keys::keep)
              .onSuccess(v -> outbox.start())
              .onSuccess(v -> postman.ifPresent(Postman::start))
              .onSuccess(v -> auditSeals.start())
              .onSuccess(v -> sessions.count());
    }
    return opened;
  }

  private void tidy() {
    if (opened.succeeded()) {
      factors
          .encryptAgain()
          .onFailure(e -> log.warn("Secrets are encrypted anew later: {}", e.getMessage()));
      renewKeys().onFailure(e -> log.warn("Keys grow old until later: {}", e.getMessage()));
      accounts
          .forgetKeys()
          .compose(v -> sessions.forget())
          .compose(v -> throttle.forget())
          .compose(v -> accounts.forgetNames(namesKept))
          .compose(v -> emails.forget())
          .compose(v -> auditSeals.forget(auditKept))
          .onFailure(e -> log.warn("What is old stays until later: {}", e.getMessage()));
    }
  }

  Offers offers() {
    return new Offers(postman.isPresent());
  }

  Future<Void> renewKeys() {
    return keyRing.renew(keyLifetime);
  }

  Future<Void> ping() {
    return database.ping();
  }

  Future<User> register(Register request, Call call) {
    return registrations.register(request, call).recover(Users::overloaded);
  }

  Future<Tokens> login(Login request, Call call) {
    return logins
        .login(request, call)
        .<Tokens>recover(Users::overloaded)
        .onComplete(done -> loginCounts.count(done.cause()));
  }

  Future<Tokens> refresh(Refresh request, Call call) {
    String token = request.refreshToken();
    if (!RefreshTokens.isToken(token)) {
      return invalid();
    }
    List<String> successors = refreshTokens.after(token);
    return families
        .refresh(
            call, RefreshTokens.hash(token), successors.stream().map(RefreshTokens::hash).toList())
        .compose(
            refreshed ->
                refreshed
                    .map(r -> issuer.next(r.live(), successors.get(r.successor())))
                    .orElseGet(Users::invalid));
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

  Future<Done> startReset(StartReset request, Call call) {
    return emails.startReset(call, emails.typed("/email", request.email()));
  }

  Future<Done> finishReset(FinishReset request, Call call) {
    return passwords.reset(call, request).recover(Users::overloaded);
  }

  OwnAccount ownAccount() {
    return ownAccount;
  }

  Administration administration() {
    return administration;
  }

  Future<EndedSessions> ended(Since since, Call call) {
    return sessions.ended(call, since);
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

  Future<AuditVerification> verifyAudit(VerifyAudit request, Call call) {
    return auditSeals.verify(request, call);
  }

  private static ServiceException unknownKey() {
    return new ServiceException(ErrorCode.NOT_FOUND, "There is no such key");
  }

  static <T> Future<T> overloaded(Throwable failure) {
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
