package dev.starling.account;

import dev.starling.account.Form.Link;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.FinishReset;
import dev.starling.user.api.UserContract.StartReset;
import dev.starling.user.api.UserContract.VerifyEmail;
import io.vertx.core.Future;
import java.util.List;

/**
 * What one does with a code that came by mail: an address is confirmed by who is signed in and has
 * asked for that, a password is replaced by who cannot sign in. A mail's link has its code behind a
 * {@code #}, so that no server and no log gets it: a script puts it into the field.
 */
final class Mails {
  static final Link LINK = new Link("/forgotten", "Choose another password");

  private static final List<Link> SIGN_IN = List.of(new Link("", "Sign in"));

  private final Form verify =
      Form.own(
          "/verify",
          "Confirm your e-mail address",
          null,
          List.of(Field.mailed()),
          "Confirm the address",
          Mails::verify);

  private final Form forgotten =
      Form.open(
          LINK.path(),
          LINK.text(),
          List.of(Field.email("E-mail address of the account", null, true)),
          "Send a code",
          SIGN_IN,
          Mails::startReset);

  private final Form reset =
      Form.open(
          "/reset",
          "Choose another password",
          List.of(Field.mailed(), Field.newPassword("newPassword", "New password")),
          "Change the password",
          SIGN_IN,
          Mails::finishReset);

  /** Where a code is of use: it may have been sent before a node was configured otherwise. */
  List<Form> forms() {
    return List.of(verify, reset);
  }

  Form forgotten() {
    return forgotten;
  }

  private static Future<Void> verify(Visit visit) {
    return visit
        .call(UserContract.VERIFY_EMAIL, new VerifyEmail(visit.code("code")))
        .compose(v -> visit.done(Notices.VERIFIED));
  }

  private static Future<Void> startReset(Visit visit) {
    return visit
        .call(UserContract.START_RESET, new StartReset(visit.field("email")))
        .compose(v -> visit.go("/reset?done=" + Notices.RESET_SENT));
  }

  private static Future<Void> finishReset(Visit visit) {
    return visit
        .call(
            UserContract.FINISH_RESET,
            new FinishReset(visit.code("code"), visit.field("newPassword")))
        .compose(
            v -> {
              visit.forget();
              return visit.done(Notices.RESET);
            });
  }
}
