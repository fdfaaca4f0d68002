package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ServiceVerticle;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ById;
import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.Keys;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Me;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import io.vertx.core.Future;
import java.util.UUID;

/** Registers users and logs them in. */
public final class UserVerticle extends ServiceVerticle {
  private Users users;

  @Override
  protected void operations() {
    handle(UserContract.REGISTER, this::register);
    handle(UserContract.LOGIN, this::login);
    handle(UserContract.REFRESH, (request, call) -> users.refresh(request, call));
    handle(UserContract.LOGOUT, (request, call) -> users.logout(request, call));
    handle(UserContract.REVOCATIONS, (request, call) -> users.ended(request, call));
    handle(UserContract.OFFERS, request -> Future.succeededFuture(users.offers()));
    handle(UserContract.START_RESET, (request, call) -> users.startReset(request, call));
    handle(UserContract.FINISH_RESET, (request, call) -> users.finishReset(request, call));
    handle(UserContract.KEYS, this::keys);
    ownAccount();
    administration();
  }

  private void ownAccount() {
    handle(UserContract.ME, this::me);
    handle(UserContract.GET, (r, call) -> users.ownAccount().get(r, call));
    handle(UserContract.SESSIONS, (r, call) -> users.ownAccount().sessions(call));
    handle(UserContract.END_SESSION, (r, call) -> users.ownAccount().endSession(r, call));
    handle(UserContract.LOGOUT_ALL, (r, call) -> users.ownAccount().logoutAll(call));
    handle(UserContract.CHANGE_PASSWORD, (r, call) -> users.ownAccount().changePassword(r, call));
    handle(UserContract.CHANGE_NAME, (r, call) -> users.ownAccount().changeName(r, call));
    handle(UserContract.CHANGE_EMAIL, (r, call) -> users.ownAccount().changeEmail(r, call));
    handle(UserContract.VERIFY_EMAIL, (r, call) -> users.ownAccount().verifyEmail(r, call));
    handle(UserContract.BEGIN_TOTP, (r, call) -> users.ownAccount().beginTotp(r, call));
    handle(UserContract.CONFIRM_TOTP, (r, call) -> users.ownAccount().confirmTotp(r, call));
    handle(UserContract.END_TOTP, (r, call) -> users.ownAccount().endTotp(r, call));
    handle(UserContract.EXPORT, (r, call) -> users.ownAccount().export(r, call));
    handle(UserContract.DELETE_ME, (r, call) -> users.ownAccount().deleteMe(r, call));
  }

  private void administration() {
    handle(UserContract.ACCOUNTS, (r, call) -> users.administration().accounts(r, call));
    handle(UserContract.ACCOUNT, (r, call) -> users.administration().account(r, call));
    handle(UserContract.SET_ENABLED, (r, call) -> users.administration().setEnabled(r, call));
    handle(UserContract.SET_ROLES, (r, call) -> users.administration().setRoles(r, call));
    handle(UserContract.END_SESSIONS, (r, call) -> users.administration().endSessions(r, call));
    handle(
        UserContract.END_SECOND_FACTOR,
        (r, call) -> users.administration().endSecondFactor(r, call));
    handle(UserContract.SEND_RESET, (r, call) -> users.administration().sendReset(r, call));
    handle(UserContract.FIRST_ADMINISTRATOR, (r, call) -> users.administration().first(r, call));
    handle(UserContract.ROTATE_KEYS, (r, call) -> users.rotateKeys(call));
    handle(UserContract.VERIFY_AUDIT, (r, call) -> users.verifyAudit(r, call));
    handle(UserContract.REVOKE_KEY, (r, call) -> users.revokeKey(r.kid(), call));
  }

  @Override
  public boolean usesDatabase() {
    return true;
  }

  @Override
  protected Future<?> open() {
    return node()
        .shared(Users.class, () -> new Users(vertx, node(), config()))
        .onSuccess(
            made -> {
              users = made;
              node().health().register("database", made::ping);
            })
        .compose(Users::ready);
  }

  private Future<User> register(Register request, Call call) {
    return users.register(request, call);
  }

  private Future<Tokens> login(Login request, Call call) {
    return users.login(request, call);
  }

  private Future<User> me(Me request, Call call) {
    return users.ownAccount().get(new ById(UUID.fromString(call.caller().subject())), call);
  }

  private Future<KeySet> keys(Keys request) {
    return users.published();
  }
}
