package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.service.Accounts.Credentials;
import dev.starling.user.service.Throttle.Outcome;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Lets users in by their password, and by a second factor where they want one. One Argon2
 * computation for each password that is verified, on every path, so that neither time nor load
 * tells names apart.
 */
final class Logins {
  private static final Logger log = LoggerFactory.getLogger(Logins.class);

  /** For hashing a password anew whose stored string is of another cost or pepper. */
  private static final Duration RENEWAL = Duration.ofSeconds(10);

  private final Audit audit;
  private final Accounts accounts;
  private final Names names;
  private final Sessions sessions;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final SecondFactors factors;
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
      SecondFactors factors,
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
    this.factors = factors;
    this.issuer = issuer;
    this.throttle = throttle;
    this.buckets = buckets;
    this.devices = devices;
  }

  /** Fails with {@link HashPool.Full} before anything is counted when too many hash already. */
  Future<Tokens> login(Login request, Call call) {
    String name = Username.key(request.username());
    return hashes.admit(
        call,
        place ->
            accounts
                .credentials(call, name)
                .compose(found -> login(request, call, place, name, found)));
  }

  private Future<Tokens> login(
      Login request, Call call, HashPool.Place place, String name, Optional<Credentials> found) {
    byte[] device = devices.known(found, request.deviceToken());
    String code = request.oneTimeCode() == null ? "" : request.oneTimeCode().strip();
    return throttle.around(
        call,
        buckets.login(name, call.source(), device, !code.isEmpty()),
        buckets.ended(name, call.source(), device),
        Logins::outcome,
        () ->
            hasher
                .verify(place, found, request.password())
                .compose(
                    verified ->
                        verified
                            .filter(c -> code.isEmpty() || c.totp() != null)
                            .map(c -> recognise(call, c, request.password(), code, device))
                            .orElseGet(() -> refuse(call, name, found))));
  }

  private static Outcome outcome(ServiceException failure) {
    if (failure == null) {
      return Outcome.RIGHT;
    }
    return failure.code() == ErrorCode.UNAUTHENTICATED ? Outcome.WRONG : Outcome.UNDONE;
  }

  /**
   * The same for all; only the audit log knows why. A code for an account without a second factor
   * is one of them, since a code lets one try beyond the ceiling.
   */
  private Future<Tokens> refuse(Call call, String name, Optional<Credentials> found) {
    String reason = found.map(c -> c.enabled() ? "password" : "disabled").orElse("unknown name");
    return failed(call, name, found, reason).compose(v -> wrong());
  }

  private Future<Void> failed(Call call, String name, Optional<Credentials> found, String reason) {
    return audit
        .happened(
            call,
            "login-failed",
            found.map(Credentials::id).orElse(null),
            Audit.byNobody(call),
            new JsonObject().put("reason", reason).put("name", names.seal(name)))
        .otherwiseEmpty();
  }

  private static <T> Future<T> wrong() {
    return Future.failedFuture(
        new ServiceException(ErrorCode.UNAUTHENTICATED, "Username or password is wrong"));
  }

  private Future<Tokens> recognise(
      Call call, Credentials verified, String password, String code, byte[] device) {
    return factors
        .check(
            call,
            verified,
            code,
            (statements, amr) -> begin(statements, call, verified, password, device, amr))
        .recover(
            refused ->
                SecondFactors.isWrongCode(refused)
                    ? failed(call, verified.name(), Optional.of(verified), "second factor")
                        .compose(v -> Future.failedFuture(refused))
                    : Future.failedFuture(refused));
  }

  private Future<Tokens> begin(
      Database.Statements statements,
      Call call,
      Credentials verified,
      String password,
      byte[] device,
      List<String> amr) {
    return issuer.first(
        verified,
        device,
        token ->
            sessions
                .begin(statements, call, verified.id(), verified.version(), token, amr)
                .onSuccess(begun -> begun.ifPresent(live -> renew(verified, password))),
        Logins::wrong);
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
}
