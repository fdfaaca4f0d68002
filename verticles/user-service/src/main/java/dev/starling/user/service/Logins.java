package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.service.Accounts.Credentials;
import dev.starling.user.service.Throttle.Outcome;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets users in by their password, and lets them change it. One Argon2 computation for each
 * password that is verified, on every path, so that neither time nor load tells names apart.
 */
final class Logins {
  private static final Logger log = LoggerFactory.getLogger(Logins.class);

  /** For hashing a password anew whose stored string is of another cost or pepper. */
  private static final Duration RENEWAL = Duration.ofSeconds(10);

  private static final String CURRENT = "/currentPassword";

  private final Audit audit;
  private final Accounts accounts;
  private final Names names;
  private final Sessions sessions;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final PasswordRules rules;
  private final RefreshTokens refreshTokens;
  private final Issuer issuer;
  private final Throttle throttle;
  private final Buckets buckets;
  private final Devices devices;

  Logins(
      Audit audit,
      Accounts accounts,
      Names names,
      Sessions sessions,
      HashPool hashes,
      PasswordHasher hasher,
      PasswordRules rules,
      RefreshTokens refreshTokens,
      Issuer issuer,
      Throttle throttle,
      Buckets buckets,
      Devices devices) {
    this.audit = audit;
    this.accounts = accounts;
    this.names = names;
    this.sessions = sessions;
    this.hashes = hashes;
    this.hasher = hasher;
    this.rules = rules;
    this.refreshTokens = refreshTokens;
    this.issuer = issuer;
    this.throttle = throttle;
    this.buckets = buckets;
    this.devices = devices;
  }

  /** Fails with {@link HashPool.Full} before anything is counted when too many hash already. */
  Future<Tokens> login(Login request, Call call) {
    String name = Username.key(request.username());
    return hashes.admit(
        Duration.ofMillis(call.remaining()),
        place ->
            accounts
                .credentials(call, name)
                .compose(found -> login(request, call, place, name, found)));
  }

  private Future<Tokens> login(
      Login request, Call call, HashPool.Place place, String name, Optional<Credentials> found) {
    byte[] device = devices.known(found, request.deviceToken());
    return throttle.around(
        call,
        buckets.login(name, call.source(), device),
        buckets.ended(name, call.source(), device),
        wrongIf(ErrorCode.UNAUTHENTICATED),
        () ->
            verify(place, found, request.password())
                .compose(
                    verified ->
                        verified
                            .map(c -> begin(call, c, request, device))
                            .orElseGet(() -> refuse(call, name, found))));
  }

  /** The same for all; only the audit log knows why. */
  private Future<Tokens> refuse(Call call, String name, Optional<Credentials> found) {
    String reason = found.map(c -> c.enabled() ? "password" : "disabled").orElse("unknown name");
    JsonObject detail = new JsonObject().put("reason", reason).put("name", names.seal(name));
    return audit
        .happened(
            call,
            "login-failed",
            found.map(Credentials::id).orElse(null),
            Audit.byNobody(call),
            detail)
        .otherwiseEmpty()
        .compose(v -> wrong());
  }

  private static Function<ServiceException, Outcome> wrongIf(ErrorCode code) {
    return failure -> {
      if (failure == null) {
        return Outcome.RIGHT;
      }
      return failure.code() == code ? Outcome.WRONG : Outcome.UNDONE;
    };
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

  private Future<Tokens> begin(Call call, Credentials verified, Login request, byte[] device) {
    String deviceToken = devices.token(verified, device);
    String token = refreshTokens.first();
    return sessions
        .begin(call, verified.id(), verified.version(), RefreshTokens.hash(token))
        .onSuccess(begun -> begun.ifPresent(live -> renew(verified, request.password())))
        .compose(
            begun ->
                begun
                    .map(live -> issuer.tokens(live, token, deviceToken))
                    .orElseGet(Logins::wrong));
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

  /** Two computations: one for each password. */
  Future<Tokens> changePassword(UUID user, ChangePassword request, Call call) {
    rules.check("/newPassword", request.newPassword());
    return hashes.admit(
        Duration.ofMillis(call.remaining()),
        place ->
            accounts
                .credentials(call, user)
                .compose(found -> checkGuesses(found, request.newPassword()))
                .compose(found -> changePassword(user, request, call, place, found)));
  }

  private Future<Optional<Credentials>> checkGuesses(Optional<Credentials> found, String password) {
    return found
        .map(c -> rules.checkGuesses("/newPassword", password, c.name()).map(found))
        .orElseGet(() -> Future.succeededFuture(found));
  }

  private Future<Tokens> changePassword(
      UUID user,
      ChangePassword request,
      Call call,
      HashPool.Place place,
      Optional<Credentials> found) {
    return throttle.around(
        call,
        buckets.password(user),
        List.of(),
        wrongIf(ErrorCode.INVALID),
        () ->
            verify(place, found, request.currentPassword())
                .compose(
                    verified ->
                        verified
                            .map(c -> change(call, place, c, request.newPassword()))
                            .orElseGet(() -> notTheirs(CURRENT))));
  }

  private Future<Tokens> change(
      Call call, HashPool.Place place, Credentials verified, String password) {
    String token = refreshTokens.first();
    return hasher
        .hash(place, verified.id(), password)
        .compose(
            hash ->
                sessions
                    .changePassword(
                        call, verified.id(), verified.version(), hash, RefreshTokens.hash(token))
                    .compose(
                        begun ->
                            begun
                                .map(
                                    live ->
                                        issuer.tokens(
                                            live, token, devices.token(verified.with(hash), null)))
                                .orElseGet(() -> notTheirs(CURRENT))));
  }

  /** Fails with {@link ErrorCode#CONFLICT} for the only administrator. */
  Future<Done> delete(UUID user, DeleteMe request, Call call) {
    return hashes.admit(
        Duration.ofMillis(call.remaining()),
        place ->
            throttle.around(
                call,
                buckets.password(user),
                List.of(),
                wrongIf(ErrorCode.INVALID),
                () ->
                    accounts
                        .credentials(call, user)
                        .compose(found -> verify(place, found, request.password()))
                        .compose(
                            verified ->
                                verified
                                    .map(c -> accounts.delete(call, c, names))
                                    .orElse(Future.succeededFuture(false)))
                        .compose(
                            deleted ->
                                deleted
                                    ? Future.succeededFuture(new Done())
                                    : notTheirs("/password"))));
  }

  private static <T> Future<T> notTheirs(String pointer) {
    return Future.failedFuture(
        ServiceException.ofField(
            ErrorCode.INVALID, pointer, "wrong", "is not the current password"));
  }
}
