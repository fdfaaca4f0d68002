package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.AccountById;
import dev.starling.user.api.UserContract.Accounts;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.EndSession;
import dev.starling.user.api.UserContract.FirstAdministrator;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.LogoutAll;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.RevokeKey;
import dev.starling.user.api.UserContract.RotateKeys;
import dev.starling.user.api.UserContract.SetEnabled;
import dev.starling.user.api.UserContract.SetRoles;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is written down of what happens to accounts, and told to others. */
@Timeout(180)
class AuditIT extends UserNodes {
  private static final String OTHER = "another correct horse";
  private static final String SOURCE = "192.0.2.1";

  private Harness node;

  @BeforeEach
  void begins() {
    node = start();
    registerAda(node);
    execute("TRUNCATE audit");
  }

  /** Does something that must work, and gives what was written down of it. */
  private <I, O> String told(Operation<I, O> operation, I request, String token) {
    done(operation, request, token);
    return written();
  }

  private <I, O> O done(Operation<I, O> operation, I request, String token) {
    return patiently(
        () ->
            Harness.await(
                node.node()
                    .client()
                    .call(operation, request, Call.begin(token, 2_500).from(SOURCE))));
  }

  /** Since the last time, all of it: action, whose, by whom. */
  private String written() {
    List<String> entries =
        text(
            """
            SELECT concat_ws(' ', action, coalesce(s.username, 'nobody'), 'by',
              coalesce(a.username, 'unknown'))
            FROM audit LEFT JOIN users s ON s.id = subject LEFT JOIN users a ON a.id = actor
            ORDER BY audit.id""");
    assertThat(text("SELECT trace FROM audit")).doesNotContainNull();
    execute("TRUNCATE audit");
    return String.join(", ", entries);
  }

  private Tokens login(String password) {
    return done(UserContract.LOGIN, new Login("ada", password), null);
  }

  private String secret() {
    try {
      return Files.readString(node.node().secrets().file(Secrets.ADMINISTRATOR));
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisplayName("AU1 each thing that a user does is written down once, with who and from where")
  void writesDownWhatUsersDo() {
    Tokens first = login(Client.PASSWORD);
    assertThat(text("SELECT source FROM audit")).containsExactly(SOURCE);
    assertThat(text("SELECT length(trace)::text FROM audit")).containsExactly("32");
    assertThat(written()).isEqualTo("logged-in ada by ada");
    assertThat(told(UserContract.REGISTER, new Register("bob", Client.PASSWORD), null))
        .isEqualTo("registered bob by bob");

    Tokens second = done(UserContract.REFRESH, new Refresh(first.refreshToken()), null);
    assertThat(written()).isEqualTo("refreshed ada by ada");
    Tokens third = done(UserContract.REFRESH, new Refresh(second.refreshToken()), null);
    written();
    assertThat(refusal(() -> done(UserContract.REFRESH, new Refresh(first.refreshToken()), null)))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(written()).isEqualTo("token-reused ada by unknown");
    assertThat(told(UserContract.LOGOUT, new Logout(third.refreshToken()), null))
        .as("it had ended")
        .isEmpty();

    Tokens tokens = login(Client.PASSWORD);
    written();
    assertThat(told(UserContract.LOGOUT, new Logout(tokens.refreshToken()), null))
        .isEqualTo("logged-out ada by ada");
    assertThat(told(UserContract.LOGOUT, new Logout(tokens.refreshToken()), null)).isEmpty();
    String token = login(Client.PASSWORD).accessToken();
    written();
    UUID session =
        UUID.fromString(
            text("SELECT id::text FROM sessions WHERE revoked_at IS NULL LIMIT 1").get(0));
    assertThat(told(UserContract.END_SESSION, new EndSession(session), token))
        .isEqualTo("session-ended ada by ada");
    token = login(Client.PASSWORD).accessToken();
    written();
    assertThat(told(UserContract.LOGOUT_ALL, new LogoutAll(), token))
        .isEqualTo("sessions-ended ada by ada");
    token = login(Client.PASSWORD).accessToken();
    written();
    assertThat(
            told(UserContract.CHANGE_PASSWORD, new ChangePassword(Client.PASSWORD, OTHER), token))
        .isEqualTo("password-changed ada by ada");
    token = login(OTHER).accessToken();
    written();
    done(UserContract.DELETE_ME, new DeleteMe(OTHER), token);
    assertThat(text("SELECT action FROM audit")).containsExactly("deleted");
  }

  @Test
  @DisplayName("AU1 a log-in that fails is written down with the reason that nobody is told")
  void writesDownWhyALoginFailed() {
    done(UserContract.REGISTER, new Register("bob", Client.PASSWORD), null);
    execute("UPDATE users SET enabled = false WHERE username = 'bob'");
    execute("TRUNCATE audit");
    for (Login login :
        List.of(
            new Login("ada", "wrong"),
            new Login("nobody", "wrong"),
            new Login("bob", Client.PASSWORD))) {
      assertThat(refusal(() -> done(UserContract.LOGIN, login, null)))
          .isEqualTo(ErrorCode.UNAUTHENTICATED);
    }

    assertThat(text("SELECT detail ->> 'reason' FROM audit ORDER BY id"))
        .containsExactly("password", "unknown name", "disabled");
    assertThat(String.join("", text("SELECT row_to_json(a)::text FROM audit a")))
        .doesNotContain("nobody\"", "\"ada", "bob", Client.PASSWORD);
    assertThat(written())
        .isEqualTo(
            "login-failed ada by unknown, login-failed nobody by unknown,"
                + " login-failed bob by unknown");
  }

  @Test
  @DisplayName("AU1 what administrators do and read is written down with who it was")
  void writesDownWhatAdministratorsDo() {
    UUID bob = done(UserContract.REGISTER, new Register("bob", Client.PASSWORD), null).id();
    written();
    assertThat(
            told(UserContract.FIRST_ADMINISTRATOR, new FirstAdministrator("ada", secret()), null))
        .isEqualTo("first-administrator ada by unknown");
    String token = login(Client.PASSWORD).accessToken();
    written();

    assertThat(told(UserContract.ACCOUNT, new AccountById(bob), token))
        .isEqualTo("account-read bob by ada");
    assertThat(told(UserContract.ACCOUNTS, new Accounts(null, null, null), token))
        .isEqualTo("accounts-listed nobody by ada");
    assertThat(told(UserContract.SET_ROLES, new SetRoles(bob, List.of("editor")), token))
        .isEqualTo("roles-changed bob by ada");
    assertThat(told(UserContract.SET_ENABLED, new SetEnabled(bob, false), token))
        .isEqualTo("disabled bob by ada");
    assertThat(told(UserContract.SET_ENABLED, new SetEnabled(bob, true), token))
        .isEqualTo("enabled bob by ada");
    assertThat(told(UserContract.END_SESSIONS, new AccountById(bob), token))
        .isEqualTo("sessions-ended bob by ada");
    String kid = done(UserContract.ROTATE_KEYS, new RotateKeys(), token).kid();
    assertThat(written()).isEqualTo("key-rotated nobody by ada");
    assertThat(told(UserContract.REVOKE_KEY, new RevokeKey(kid), token))
        .isEqualTo("key-revoked nobody by ada");
    assertThat(
            refusal(
                () ->
                    done(
                        UserContract.SET_ROLES, new SetRoles(UUID.randomUUID(), List.of()), token)))
        .isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(written()).as("nothing happened").isEmpty();
  }

  @Test
  @DisplayName("AU1 what was not done is not written down, and what cannot be written is not done")
  void isAllOrNothing() {
    Register taken = new Register("ADA", Client.PASSWORD);
    assertThat(refusal(() -> done(UserContract.REGISTER, taken, null)))
        .isEqualTo(ErrorCode.CONFLICT);
    assertThat(written()).isEmpty();

    execute("ALTER TABLE audit ADD CONSTRAINT full_up CHECK (action = '')");
    assertThat(
            refusal(() -> done(UserContract.REGISTER, new Register("bob", Client.PASSWORD), null)))
        .isEqualTo(ErrorCode.INTERNAL);
    assertThat(refusal(() -> login(Client.PASSWORD))).isEqualTo(ErrorCode.INTERNAL);
    assertThat(text("SELECT username FROM users")).containsExactly("ada");
    assertThat(text("SELECT id::text FROM sessions")).isEmpty();
  }

  @Test
  @DisplayName("AU1 events are published at least once, in order, also after a node that died")
  void publishesEvents() {
    Harness other = start();
    List<JsonObject> events = Collections.synchronizedList(new ArrayList<>());
    for (Harness listening : List.of(node, other)) {
      for (String type :
          List.of("registered", "logged-in", "sessions-ended", "deleted", "login-failed")) {
        listening
            .vertx()
            .eventBus()
            .<JsonObject>consumer("user." + type, message -> events.add(message.body()));
      }
    }
    UUID bob = done(UserContract.REGISTER, new Register("bob", Client.PASSWORD), null).id();
    Login login = new Login("bob", Client.PASSWORD);
    String token = done(UserContract.LOGIN, login, null).accessToken();
    refusal(() -> done(UserContract.LOGIN, new Login("bob", "wrong"), null));
    done(UserContract.LOGOUT_ALL, new LogoutAll(), token);
    await().atMost(Duration.ofSeconds(30)).until(() -> ofBob(events, bob).size() == 3);
    assertThat(ofBob(events, bob))
        .containsExactly("user.registered", "user.logged-in", "user.sessions-ended");
    assertThat(text("SELECT id::text FROM outbox")).isEmpty();

    // A node dies after it has published and before that is known.
    execute(
        """
        INSERT INTO outbox (id, at, type, subject)
        SELECT id, at, 'user.' || action, subject FROM audit WHERE action = 'logged-in'""");
    await().atMost(Duration.ofSeconds(30)).until(() -> ofBob(events, bob).size() == 4);
    assertThat(new HashSet<>(events.stream().map(e -> e.getLong("id")).toList()))
        .as("known by its id")
        .hasSizeLessThan(events.size());
  }

  private static List<String> ofBob(List<JsonObject> events, UUID bob) {
    synchronized (events) {
      return events.stream()
          .filter(event -> event.getString("user").equals(bob.toString()))
          .map(event -> event.getString("type"))
          .toList();
    }
  }

  @Test
  @DisplayName("AU5 the audit log is kept for a year, then it goes")
  void forgetsWhatIsOld() {
    execute(
        "BEGIN; TRUNCATE audit, audit_head; INSERT INTO audit (at, action)"
            + " VALUES (now() - interval '366 days', 'old'); COMMIT");
    login(Client.PASSWORD);
    Harness.await(deploy(node()));

    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> text("SELECT action FROM audit").equals(List.of("logged-in")));
  }
}
