package dev.starling.account;

import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.BeginTotp;
import dev.starling.user.api.UserContract.ConfirmTotp;
import dev.starling.user.api.UserContract.EndTotp;
import dev.starling.user.api.UserContract.RecoveryCodes;
import dev.starling.user.api.UserContract.TotpSecret;
import io.vertx.core.Future;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A code besides the password, from an app that shares a secret with us. The secret and the
 * recovery codes are shown once, in the answer to the form that asked for them.
 */
final class SecondFactor {
  private static final String CONFIRM = "/second-factor/confirm";

  private final Form begin =
      Form.own(
          "/second-factor",
          "Ask for a code when signing in",
          "You need an authenticator app, on your telephone for example. Whoever knows your password"
              + " then needs a code of this app besides.",
          List.of(Field.password("password", "Password")),
          "Go on",
          this::begin);

  private final Form confirm =
      Form.own(
          CONFIRM,
          "Confirm the code",
          "Type what your authenticator app shows now.",
          List.of(Field.code("code", "Code of the app")),
          "Confirm",
          SecondFactor::confirm);

  private final Form end =
      Form.own(
              "/second-factor/end",
              "Ask for no code any more",
              "Your password alone will be enough to sign in.",
              List.of(Field.password("password", "Password"), Form.CODE),
              "Ask for no code",
              SecondFactor::end)
          .dangerously();

  List<Form> forms() {
    return List.of(begin, confirm, end);
  }

  private Future<Void> begin(Visit visit) {
    return visit
        .call(UserContract.BEGIN_TOTP, new BeginTotp(visit.field("password")))
        .compose(secret -> visit.show(200, "totp", model(secret)));
  }

  private Map<String, Object> model(TotpSecret secret) {
    Map<String, Object> model = new HashMap<>(confirm.model(Problems.NONE, name -> ""));
    model.put("secret", secret.secret().replaceAll("(.{4})(?=.)", "$1 "));
    model.put("uri", secret.uri());
    model.put("drawing", QrSvg.of(secret.uri()));
    return model;
  }

  private static Future<Void> confirm(Visit visit) {
    return visit
        .call(UserContract.CONFIRM_TOTP, new ConfirmTotp(visit.code("code")))
        .compose(codes -> visit.show(200, "codes", codes(codes)));
  }

  private static Map<String, Object> codes(RecoveryCodes codes) {
    return Map.of("title", "Your recovery codes", "codes", codes.codes());
  }

  private static Future<Void> end(Visit visit) {
    return visit
        .call(UserContract.END_TOTP, new EndTotp(visit.field("password"), visit.secondFactor()))
        .compose(v -> visit.done(Notices.SECOND_FACTOR_ENDED));
  }
}
