package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.BeginTotp;
import dev.starling.user.api.UserContract.ById;
import dev.starling.user.api.UserContract.ChangeEmail;
import dev.starling.user.api.UserContract.ChangeName;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.ConfirmTotp;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.EndSession;
import dev.starling.user.api.UserContract.EndTotp;
import dev.starling.user.api.UserContract.Export;
import dev.starling.user.api.UserContract.ExportMe;
import dev.starling.user.api.UserContract.RecoveryCodes;
import dev.starling.user.api.UserContract.SessionList;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.TotpSecret;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.api.UserContract.VerifyEmail;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;

/** What those who have logged in may do with their own account; the caller's token says whose. */
final class OwnAccount {
  /** Where requests have the password of now. */
  private static final String PASSWORD = "/password";

  private final Database database;
  private final Accounts accounts;
  private final Registrations registrations;
  private final Sessions sessions;
  private final Reauthentication reauthentication;
  private final Passwords passwords;
  private final SecondFactors factors;
  private final Emails emails;
  private final Names names;
  private final PasswordRules rules;
  private final Exports exports;

  OwnAccount(
      Database database,
      Accounts accounts,
      Registrations registrations,
      Sessions sessions,
      Reauthentication reauthentication,
      Passwords passwords,
      SecondFactors factors,
      Emails emails,
      Names names,
      PasswordRules rules,
      Exports exports) {
    this.database = database;
    this.accounts = accounts;
    this.registrations = registrations;
    this.sessions = sessions;
    this.reauthentication = reauthentication;
    this.passwords = passwords;
    this.factors = factors;
    this.emails = emails;
    this.names = names;
    this.rules = rules;
    this.exports = exports;
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
    return passwords.change(call, user(call), request).recover(Users::overloaded);
  }

  /** Fails with {@link ErrorCode#CONFLICT} for the only administrator. */
  Future<Done> deleteMe(DeleteMe request, Call call) {
    return withPassword(
        call,
        request.password(),
        request.oneTimeCode(),
        (place, verified, amr) ->
            accounts
                .delete(call, verified, names)
                .compose(
                    deleted ->
                        deleted
                            ? Future.succeededFuture(new Done())
                            : Reauthentication.wrong(PASSWORD)));
  }

  private <T> Future<T> withPassword(
      Call call, String password, String code, Reauthentication.Work<T> work) {
    return reauthentication
        .of(call, user(call), PASSWORD, password, code, work)
        .recover(Users::overloaded);
  }

  /** One that finds the name taken counts as a registration does, since it tells the same. */
  Future<User> changeName(ChangeName request, Call call) {
    Names.Name name = names.of(request.username());
    Username.check(name.key());
    return withPassword(
        call,
        request.password(),
        request.oneTimeCode(),
        (place, verified, amr) ->
            rules
                .checkGuesses(PASSWORD, request.password(), List.of(name.key()))
                .compose(
                    v ->
                        registrations.counted(
                            call,
                            () ->
                                accounts.rename(
                                    call, verified, name, names.seal(verified.name())))));
  }

  Future<Done> changeEmail(ChangeEmail request, Call call) {
    Email email = emails.typed("/email", request.email());
    return withPassword(
        call,
        request.password(),
        request.oneTimeCode(),
        (place, verified, amr) -> emails.change(call, verified, email));
  }

  Future<Done> verifyEmail(VerifyEmail request, Call call) {
    return emails.verify(call, user(call), request.code());
  }

  Future<TotpSecret> beginTotp(BeginTotp request, Call call) {
    return withPassword(
        call, request.password(), null, (place, verified, amr) -> factors.begin(call, verified));
  }

  Future<RecoveryCodes> confirmTotp(ConfirmTotp request, Call call) {
    UUID session = UUID.fromString(call.caller().claims().getString("sid"));
    return factors.confirm(call, user(call), session, request.code());
  }

  Future<Done> endTotp(EndTotp request, Call call) {
    return withPassword(
        call,
        request.password(),
        request.oneTimeCode(),
        (place, verified, amr) ->
            verified.totp() == null
                ? Future.failedFuture(SecondFactors.none())
                : SecondFactors.end(database.statements(call), call, verified.id())
                    .map(new Done()));
  }

  Future<Export> export(ExportMe request, Call call) {
    return exports.of(user(call), request, call);
  }

  /** The caller's own account; another's does not exist for the caller. */
  Future<User> get(ById request, Call call) {
    if (!call.caller().subject().equals(request.id().toString())) {
      return Future.failedFuture(unknown());
    }
    return accounts.find(call, request.id()).map(found -> found.orElseThrow(OwnAccount::unknown));
  }

  private static ServiceException unknown() {
    return new ServiceException(ErrorCode.NOT_FOUND, "There is no such user");
  }

  private static UUID user(Call call) {
    return UUID.fromString(call.caller().subject());
  }
}
