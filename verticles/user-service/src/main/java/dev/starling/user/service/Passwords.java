package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.FinishReset;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.service.Accounts.Credentials;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;

/**
 * Gives accounts other passwords: to their owners by the one of now, or by a code that was sent to
 * their address. All sessions end.
 */
final class Passwords {
  private static final String NEW = "/newPassword";

  private final Reauthentication reauthentication;
  private final Emails emails;
  private final Sessions sessions;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final PasswordRules rules;
  private final Buckets buckets;
  private final Issuer issuer;

  Passwords(
      Reauthentication reauthentication,
      Emails emails,
      Sessions sessions,
      HashPool hashes,
      PasswordHasher hasher,
      PasswordRules rules,
      Buckets buckets,
      Issuer issuer) {
    this.reauthentication = reauthentication;
    this.emails = emails;
    this.sessions = sessions;
    this.hashes = hashes;
    this.hasher = hasher;
    this.rules = rules;
    this.buckets = buckets;
    this.issuer = issuer;
  }

  /** Begins a new session in the place of all others. Two computations: one for each password. */
  Future<Tokens> change(Call call, UUID user, ChangePassword request) {
    rules.check(NEW, request.newPassword());
    return reauthentication.of(
        call,
        user,
        Reauthentication.CURRENT,
        request.currentPassword(),
        request.oneTimeCode(),
        (place, verified, amr) ->
            another(request)
                .compose(v -> hash(place, verified, request.newPassword()))
                .compose(hash -> change(call, verified, hash, amr)));
  }

  /** It would change nothing, but end what others do with the same password at this moment. */
  private static Future<Void> another(ChangePassword request) {
    return OpaqueString.of(request.newPassword()).equals(OpaqueString.of(request.currentPassword()))
        ? Future.failedFuture(
            ServiceException.ofField(
                ErrorCode.INVALID, NEW, "same", "is the password of now; choose another"))
        : Future.succeededFuture();
  }

  private Future<String> hash(HashPool.Place place, Credentials user, String password) {
    return rules
        .checkGuesses(NEW, password, user.guesses())
        .compose(v -> hasher.hash(place, user.id(), password));
  }

  private Future<Tokens> change(Call call, Credentials verified, String hash, List<String> amr) {
    return issuer.first(
        verified.with(hash),
        null,
        token -> sessions.changePassword(call, verified.id(), verified.version(), hash, token, amr),
        () -> Reauthentication.wrong(Reauthentication.CURRENT));
  }

  /** Begins no session: whoever has the code may have nothing else. */
  Future<Done> reset(Call call, FinishReset request) {
    rules.check(NEW, request.newPassword());
    return emails.tried(
        call,
        () ->
            emails
                .mail(request.code())
                .map(mail -> reset(call, mail, request.newPassword()))
                .orElseGet(Emails::wrong));
  }

  private Future<Done> reset(Call call, UUID mail, String password) {
    return hashes.admit(
        call,
        place ->
            emails
                .resettable(call, mail)
                .compose(
                    found ->
                        found
                            .map(c -> reset(call, place, mail, c, password))
                            .orElseGet(Emails::wrong)));
  }

  /** The address is a second proof, so that wrong passwords of before count no more. */
  private Future<Done> reset(
      Call call, HashPool.Place place, UUID mail, Credentials found, String password) {
    return hash(place, found, password)
        .compose(hash -> emails.reset(call, mail, found, hash, buckets.account(found.name())))
        .compose(done -> done ? Future.succeededFuture(new Done()) : Emails.wrong());
  }
}
