package dev.starling.account;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ChangeEmail;
import dev.starling.user.api.UserContract.ChangeName;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.DeleteMe;
import io.vertx.core.Future;
import java.util.List;

/** What who is signed in changes about the account; each change asks for the password. */
final class Changes {
  private static final Field AGREED = Field.agreement("I understand that this cannot be undone");

  private final Form password =
      Form.own(
          "/password",
          "Change your password",
          "You stay signed in here, and are signed out everywhere else.",
          List.of(
              Field.password("currentPassword", "Current password"),
              Field.newPassword("newPassword", "New password")),
          "Change the password",
          Changes::changePassword);

  private final Form deletion =
      Form.own(
              "/deletion",
              "Delete your account",
              "Your sessions end and what is personal is erased. Nobody can bring the account back.",
              List.of(Field.password("password", "Password"), AGREED),
              "Delete the account",
              Changes::delete)
          .dangerously();

  private final Form name =
      Form.own(
          "/name",
          "Change your username",
          null,
          List.of(Field.newUsername(), Field.password("password", "Password")),
          "Change the username",
          Changes::changeName);

  private final Form email =
      Form.own(
          "/email",
          "Change your e-mail address",
          "A mail with a code goes to the new address, which counts when you have typed that code.",
          List.of(
              Field.email("New e-mail address", null, true),
              Field.password("password", "Password")),
          "Send the code",
          Changes::changeEmail);

  List<Form> forms() {
    return List.of(password, name, deletion);
  }

  Form email() {
    return email;
  }

  private static Future<Void> changeName(Visit visit) {
    return visit
        .call(
            UserContract.CHANGE_NAME,
            new ChangeName(visit.field("username"), visit.field("password"), visit.secondFactor()))
        .compose(v -> visit.done(Notices.NAME));
  }

  private static Future<Void> changeEmail(Visit visit) {
    return visit
        .call(
            UserContract.CHANGE_EMAIL,
            new ChangeEmail(
                visit.field("email").strip(), visit.field("password"), visit.secondFactor()))
        .compose(v -> visit.go("/verify?done=" + Notices.MAIL_SENT));
  }

  private static Future<Void> changePassword(Visit visit) {
    return visit
        .call(
            UserContract.CHANGE_PASSWORD,
            new ChangePassword(
                visit.field("currentPassword"), visit.field("newPassword"), visit.secondFactor()))
        .onSuccess(visit::keep)
        .compose(v -> visit.done(Notices.PASSWORD));
  }

  private static Future<Void> delete(Visit visit) {
    if (visit.field(AGREED.name()).isEmpty()) {
      return Future.failedFuture(
          ServiceException.ofField(
              ErrorCode.INVALID,
              "/" + AGREED.name(),
              "agreed",
              "Please confirm that you understand"));
    }
    return visit
        .call(UserContract.DELETE_ME, new DeleteMe(visit.field("password"), visit.secondFactor()))
        .compose(
            v -> {
              visit.forget();
              visit.forgetDevice();
              return visit.done(Notices.DELETED);
            });
  }
}
