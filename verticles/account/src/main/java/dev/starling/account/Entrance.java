package dev.starling.account;

import dev.starling.account.Form.Link;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.Future;
import java.util.List;

/** How one comes in, and out again. */
final class Entrance {
  private static final Field PASSWORD = Field.password("password", "Password");
  private static final Field NEW_PASSWORD = Field.newPassword("password", "Password");

  private static final Field EMAIL =
      Field.email(
          "E-mail address (if you like)", "To choose another password when it is lost.", false);
  private static final List<Link> LINKS =
      List.of(new Link("/register", "Make an account"), Mails.LINK);

  private final Form signIn =
      Form.open(
          "", "Sign in", List.of(Field.username(), PASSWORD), "Sign in", LINKS, Entrance::signIn);

  private final Form register =
      Form.open(
          "/register",
          "Make an account",
          List.of(Field.newUsername(), NEW_PASSWORD, EMAIL),
          "Make the account",
          List.of(new Link("", "Sign in to one that you have")),
          Entrance::register);

  Future<Void> show(Visit visit) {
    visit.mayAsk();
    return signIn.show(visit);
  }

  Future<Void> submit(Visit visit) {
    visit.mayAsk();
    return signIn.submit(visit);
  }

  Form register() {
    return register;
  }

  private static Future<Void> signIn(Visit visit) {
    return begin(visit).compose(v -> visit.go(""));
  }

  private static Future<Tokens> begin(Visit visit) {
    return visit
        .call(
            UserContract.LOGIN,
            new Login(
                visit.field("username"),
                visit.field("password"),
                visit.cookie(Cookies.DEVICE),
                visit.secondFactor()))
        .onSuccess(visit::keep);
  }

  /** Who has made an account is signed in, or signs in when that is not possible now. */
  private static Future<Void> register(Visit visit) {
    return visit
        .call(
            UserContract.REGISTER,
            new Register(
                visit.field("username"),
                visit.field("password"),
                visit.field("email").isBlank() ? null : visit.field("email").strip()))
        .compose(user -> begin(visit).transform(v -> registered(visit)));
  }

  /** Whoever gave an address has a mail with a code. */
  private static Future<Void> registered(Visit visit) {
    return visit.field("email").isBlank()
        ? visit.done(Notices.REGISTERED)
        : visit.go("/verify?done=" + Notices.MAIL_SENT);
  }

  /** The session ends, and with it the access token; the device stays known. */
  Future<Void> signOut(Visit visit) {
    String token = visit.cookie(Cookies.REFRESH);
    Future<Void> ended =
        token == null
            ? Future.succeededFuture()
            : visit.call(UserContract.LOGOUT, new Logout(token)).mapEmpty();
    return ended.compose(
        v -> {
          visit.forget();
          return visit.done(Notices.SIGNED_OUT);
        });
  }
}
