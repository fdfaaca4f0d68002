package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.AccountById;
import dev.starling.user.api.UserContract.Accounts;
import dev.starling.user.api.UserContract.ChangeEmail;
import dev.starling.user.api.UserContract.ChangeName;
import dev.starling.user.api.UserContract.Export;
import dev.starling.user.api.UserContract.ExportMe;
import dev.starling.user.api.UserContract.Happening;
import dev.starling.user.api.UserContract.KeptMail;
import dev.starling.user.api.UserContract.KeptSession;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.SetRoles;
import dev.starling.user.api.UserContract.StartReset;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What users get of what is kept of them, and that they get nothing else. */
@Timeout(180)
class ExportIT extends UserNodes {
  private static final String ADAS = "192.0.2.1";
  private static final String BOBS = "198.51.100.7";
  private static final String OTHER = "another correct horse";

  private Harness node;

  @BeforeEach
  void begins() {
    node = start();
    done(UserContract.REGISTER, new Register("ada", Client.PASSWORD), null, ADAS);
    done(UserContract.REGISTER, new Register("canary.bob", OTHER), null, BOBS);
  }

  private <I, O> O done(Operation<I, O> operation, I request, String token, String source) {
    return patiently(
        () ->
            Harness.await(
                node.node()
                    .client()
                    .call(operation, request, Call.begin(token, 2_500).from(source))));
  }

  private Tokens ada() {
    return done(UserContract.LOGIN, new Login("ada", Client.PASSWORD), null, ADAS);
  }

  /** An access token of bob, who is an administrator. */
  private String bob() {
    execute("UPDATE users SET roles = '{user,admin}' WHERE username = 'canary.bob'");
    return done(UserContract.LOGIN, new Login("canary.bob", OTHER), null, BOBS).accessToken();
  }

  private UUID id(String name) {
    return UUID.fromString(
        text("SELECT id::text FROM users WHERE username = '" + name + "'").get(0));
  }

  private Export export(String token, String cursor) {
    return done(UserContract.EXPORT, new ExportMe(cursor), token, ADAS);
  }

  @Test
  @DisplayName("AU5 users get all that is kept of them")
  void givesAll() {
    Tokens first = ada();
    done(UserContract.LOGOUT, new Logout(first.refreshToken()), null, ADAS);
    refusal(() -> done(UserContract.LOGIN, new Login("ada", "wrong"), null, BOBS));
    Tokens tokens = ada();
    tokens = done(UserContract.REFRESH, new Refresh(tokens.refreshToken()), null, ADAS);
    Export export = export(tokens.accessToken(), null);

    assertThat(export.account().id()).isEqualTo(id("ada"));
    assertThat(export.account().username()).isEqualTo("ada");
    assertThat(export.account().roles()).containsExactly("user");
    assertThat(export.account().enabled()).isTrue();
    assertThat(export.sessions()).hasSize(2);
    assertThat(export.sessions()).extracting(KeptSession::reason).containsExactly(null, "logout");
    assertThat(export.sessions().get(1).ended()).isNotNull();
    assertThat(export.history())
        .extracting(Happening::what)
        .containsExactly(
            "exported",
            "refreshed",
            "logged-in",
            "login-failed",
            "logged-out",
            "logged-in",
            "registered");
    assertThat(export.history().get(2).source()).isEqualTo(ADAS);
    assertThat(new JsonObject(export.history().get(3).detail()).getMap())
        .isEqualTo(Map.of("reason", "password"));
    assertThat(export.next()).isNull();
    assertThat(Export.class.getRecordComponents())
        .extracting("name")
        .containsExactly("account", "sessions", "mails", "history", "next");
  }

  @Test
  @DisplayName("AU5 users get nothing of others, and nothing of passwords and tokens")
  void givesNothingElse() {
    String bob = bob();
    done(UserContract.ACCOUNT, new AccountById(id("ada")), bob, BOBS);
    done(UserContract.SET_ROLES, new SetRoles(id("ada"), List.of("admin")), bob, BOBS);
    Tokens tokens = ada();
    UUID bobs = id("canary.bob");
    done(UserContract.ACCOUNT, new AccountById(bobs), tokens.accessToken(), ADAS);
    done(UserContract.ACCOUNTS, new Accounts(null, null, null), tokens.accessToken(), ADAS);
    done(
        UserContract.SET_ROLES,
        new SetRoles(bobs, List.of("canary-role")),
        tokens.accessToken(),
        ADAS);
    refusal(() -> done(UserContract.LOGIN, new Login("ada", "wrong"), null, BOBS));
    Export export = export(tokens.accessToken(), null);

    assertThat(export.history())
        .extracting(h -> h.what() + " " + h.byCaller() + " " + h.aboutCaller())
        .containsExactly(
            "exported true true",
            "login-failed false true",
            "roles-changed true false",
            "accounts-listed true false",
            "account-read true false",
            "logged-in true true",
            "roles-changed false true",
            "account-read false true",
            "registered true true");
    String all = written(export);
    assertThat(all).contains("ada", ADAS);
    assertThat(all).doesNotContain("canary", BOBS, bobs.toString());
    assertThat(all)
        .doesNotContain(
            text("SELECT split_part(password_hash, '$', 6) FROM users").toArray(String[]::new))
        .doesNotContain(
            text("SELECT encode(hash, 'base64') FROM refresh_tokens").toArray(String[]::new))
        .doesNotContain(tokens.refreshToken(), tokens.accessToken(), "argon2", "\"name\"");
  }

  private static String written(Export export) {
    return export.account().username()
        + export.account().roles()
        + export.sessions()
        + export.mails()
        + export.history();
  }

  /** A node that writes mails down; nobody takes them. */
  private void mailing() {
    node = node();
    JsonObject config =
        config()
            .put("mail-server", "smtp://127.0.0.1:9")
            .put("mail-from", "accounts@starling.example");
    Harness.await(deploy(node, config));
    for (String name : List.of("ada", "canary.bob")) {
      execute(
          "UPDATE users SET email = '%1$s@mail.example', email_key = '%1$s@mail.example' WHERE username = '%1$s'"
              .formatted(name));
    }
  }

  @Test
  @DisplayName("AU5 users get the mails to them, sent or not, without codes and without others'")
  void givesMails() {
    mailing();
    Tokens tokens = ada();
    done(
        UserContract.CHANGE_NAME,
        new ChangeName("ada.lovelace", Client.PASSWORD, null),
        tokens.accessToken(),
        ADAS);
    done(UserContract.START_RESET, new StartReset("ada@mail.example"), null, BOBS);
    done(UserContract.START_RESET, new StartReset("canary.bob@mail.example"), null, ADAS);
    execute("UPDATE mails SET sent_at = '2026-01-01' WHERE kind = 'username-changed'");
    Export export = export(tokens.accessToken(), null);

    assertThat(export.mails())
        .extracting(mail -> mail.what() + " to " + mail.address() + ", " + mail.sent())
        .containsExactly(
            "reset-password to ada@mail.example, null",
            "username-changed to ada@mail.example, 2026-01-01T00:00:00Z");
    assertThat(export.mails()).allSatisfy(mail -> assertThat(mail.at()).isNotNull());
    assertThat(written(export))
        .doesNotContain("canary", BOBS)
        .doesNotContain(text("SELECT id::text FROM mails").toArray(String[]::new));
  }

  @Test
  @DisplayName("AU5 an export does not tell whether another account has an address")
  void tellsNobodyWhoHasAnAddress() {
    mailing();
    String token = ada().accessToken();
    for (String address : List.of("canary.bob@mail.example", "free@mail.example")) {
      done(UserContract.CHANGE_EMAIL, new ChangeEmail(address, Client.PASSWORD, null), token, ADAS);
      assertThat(export(token, null).mails()).as(address).isEmpty();
    }

    execute("UPDATE users SET email = 'free@mail.example' WHERE username = 'ada'");
    assertThat(export(token, null).mails())
        .extracting(KeptMail::what, KeptMail::address)
        .containsExactly(tuple("verify-email", "free@mail.example"));
    Export bobs = export(bob(), null);
    assertThat(bobs.mails())
        .extracting(KeptMail::what, KeptMail::address)
        .containsExactly(tuple("address-taken", "canary.bob@mail.example"));
    assertThat(written(bobs)).doesNotContain("ada@", "free@");
  }

  @Test
  @DisplayName("AU5 a long history comes page by page, each entry once")
  void givesPages() {
    String token = ada().accessToken();
    String insert =
        """
        INSERT INTO audit (action, actor, subject)
        SELECT 'n' || n, CASE WHEN n %% 3 > 0 THEN id END, CASE WHEN n %% 3 <> 1 THEN id END
        FROM users, generate_series(1, 2500) AS n WHERE username = '%s'""";
    execute(insert.formatted("ada"));
    execute(insert.formatted("canary.bob"));
    List<String> all = new ArrayList<>();
    String cursor = null;
    int pages = 0;
    do {
      Export page = export(token, cursor);
      page.history().forEach(entry -> all.add(entry.what()));
      cursor = page.next();
      pages++;
    } while (cursor != null);

    assertThat(pages).isEqualTo(3);
    assertThat(all).hasSize(2_503).doesNotHaveDuplicates().endsWith("registered");
    assertThat(refusal(() -> export(token, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")))
        .isEqualTo(ErrorCode.MALFORMED);
  }

  @Test
  @DisplayName("AU5 a token of one user gives that user's data, whatever the request says")
  void givesTheCallersOwn() {
    String bob = bob();
    Export export = export(bob, null);
    assertThat(export.account().id()).isEqualTo(id("canary.bob"));
    assertThat(export.history())
        .extracting(Happening::what)
        .containsExactly("exported", "logged-in", "registered");
    assertThat(refusal(() -> export(null, null))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(refusal(() -> export("x.y.z", null))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    for (String more : List.of("id", "user", "username")) {
      JsonObject request = new JsonObject().put(more, id("ada").toString());
      assertThat(
              refusal(
                  () ->
                      Harness.await(
                          node.node()
                              .client()
                              .send(
                                  UserContract.EXPORT.spec(),
                                  request.toBuffer(),
                                  null,
                                  Call.begin(bob, 2_500)))))
          .isEqualTo(ErrorCode.MALFORMED);
    }
  }
}
