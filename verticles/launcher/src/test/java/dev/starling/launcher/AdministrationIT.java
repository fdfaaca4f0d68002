package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.starling.gateway.GatewayVerticle;
import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.Account;
import dev.starling.user.api.UserContract.AccountById;
import dev.starling.user.api.UserContract.AccountPage;
import dev.starling.user.api.UserContract.Accounts;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.FirstAdministrator;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Me;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.RevokeKey;
import dev.starling.user.api.UserContract.RotateKeys;
import dev.starling.user.api.UserContract.SetEnabled;
import dev.starling.user.api.UserContract.SetRoles;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.UUID;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What administrators may, what nobody else may, and what even they may not; on two nodes. */
@Timeout(180)
class AdministrationIT extends TwoUserNodes {
  private static final List<String> ADMIN = List.of("user", "admin");

  private String secret() {
    try {
      return Files.readString(one.node().secrets().file(Secrets.ADMINISTRATOR));
    } catch (java.io.IOException e) {
      throw new AssertionError(e);
    }
  }

  private Future<Account> first(Harness node, String name, String secret) {
    return node.node()
        .client()
        .call(UserContract.FIRST_ADMINISTRATOR, new FirstAdministrator(name, secret));
  }

  /** An access token of ada, who is the first administrator. */
  private String administrator() {
    patiently(() -> Harness.await(first(one, "ada", secret())));
    return login(one).accessToken();
  }

  private UUID registered(String name) {
    return patiently(() -> Harness.await(register(one, name))).id();
  }

  private static Tokens login(Harness node, String name) {
    return patiently(() -> node.call(UserContract.LOGIN, new Login(name, Client.PASSWORD)));
  }

  private UUID ada() {
    return UUID.fromString(text("SELECT id::text FROM users WHERE username_key = 'ada'").get(0));
  }

  private static ErrorCode code(Future<?> done) {
    return done.succeeded() ? null : ServiceException.of(done.cause()).code();
  }

  @Test
  @DisplayName("AZ4 of ten who would be the first administrator at once one is, and nobody later")
  void makesOneFirstAdministrator() {
    for (int i = 0; i < 9; i++) {
      registered("rival-" + i);
    }
    List<Future<Account>> rivals =
        IntStream.range(0, 10)
            .mapToObj(i -> first(i % 2 == 0 ? one : two, i == 9 ? "ada" : "rival-" + i, secret()))
            .toList();
    Harness.await(Future.join(rivals).otherwiseEmpty());

    assertThat(rivals.stream().map(AdministrationIT::code).filter(Objects::isNull)).hasSize(1);
    assertThat(text("SELECT username FROM users WHERE 'admin' = ANY(roles)")).hasSize(1);
    String other = text("SELECT username FROM users WHERE NOT 'admin' = ANY(roles) LIMIT 1").get(0);
    assertThat(refusal(() -> Harness.await(first(two, other, secret()))))
        .isEqualTo(ErrorCode.CONFLICT);
  }

  @Test
  @DisplayName(
      "AZ4 TH4 the secret lets the only administrator in again, after any number of guesses")
  void letsTheOnlyAdministratorIn() {
    administrator();
    execute("DELETE FROM throttle");
    for (int i = 0; i < 101; i++) {
      Call call = Call.begin(null, 2_500).from("198.18." + i + ".1");
      Login guess = new Login("ada", "not her password");
      one.node().client().call(UserContract.LOGIN, guess, call).otherwiseEmpty().await();
      execute("UPDATE throttle SET blocked_until = '-infinity' WHERE get_byte(key, 0) IN (3, 4)");
    }
    assertThat(refusal(() -> login(one, "ada"))).isEqualTo(ErrorCode.FORBIDDEN);

    patiently(() -> Harness.await(first(two, "ada", secret())));
    assertThat(login(one, "ada").accessToken()).isNotEmpty();
    assertThat(text("SELECT roles::text FROM users WHERE username = 'ada'"))
        .containsExactly("{user,admin}");
  }

  @Test
  @DisplayName("AZ6 who is no administrator any more cannot undo that while the token is valid")
  void refusesWhoIsNoAdministratorAnyMore() {
    String token = administrator();
    UUID bob = registered("bob");
    patiently(() -> one.call(UserContract.SET_ROLES, new SetRoles(bob, ADMIN), token));
    String bobs = login(one, "bob").accessToken();
    patiently(() -> one.call(UserContract.SET_ENABLED, new SetEnabled(bob, false), token));

    assertThat(refused(two, UserContract.SET_ENABLED, new SetEnabled(bob, true), bobs))
        .isIn(ErrorCode.FORBIDDEN, ErrorCode.UNAUTHENTICATED);
    assertThat(text("SELECT username FROM users WHERE enabled")).containsExactly("ada");
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "0", "admin", "0123456789abcdef0123456789abcdef"})
  @DisplayName("AZ4 nobody is the first administrator without the secret of this installation")
  void asksForTheSecret(String guess) {
    assertThat(refusal(() -> Harness.await(first(one, "ada", guess))))
        .isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(refusal(() -> Harness.await(first(one, "ada", secret().substring(1) + "x"))))
        .isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(text("SELECT username FROM users WHERE 'admin' = ANY(roles)")).isEmpty();
  }

  @Test
  @DisplayName("AZ1 each operation is refused to all but those for whom it is said to be")
  void refusesWhatIsNotAllowed() {
    String administrator = administrator();
    UUID bob = registered("bob");
    String user = login(one, "bob").accessToken();
    List<Operation<?, ?>> all = new UserContract().operations();

    assertThat(all).filteredOn(o -> o.spec().administrative()).hasSizeGreaterThan(5);
    for (Operation<?, ?> operation : all) {
      if (!operation.spec().open()) {
        assertThat(answer(operation, bob, null)).isEqualTo(ErrorCode.UNAUTHENTICATED);
        assertThat(answer(operation, bob, "x.y.z")).isEqualTo(ErrorCode.UNAUTHENTICATED);
      }
      if (operation.spec().role() != null && !operation.spec().open()) {
        assertThat(answer(operation, bob, user)).as("%s", operation).isEqualTo(ErrorCode.FORBIDDEN);
      }
    }
    assertThat(answer(UserContract.ACCOUNT, bob, administrator)).isNull();
  }

  /** Refusals come before the request is read. */
  private ErrorCode answer(Operation<?, ?> operation, UUID id, String token) {
    Call call = Call.begin(token, 2_500);
    return refusal(
        () ->
            Harness.await(
                one.node()
                    .client()
                    .send(
                        operation.spec(),
                        new JsonObject().put("id", id.toString()).toBuffer(),
                        null,
                        call)));
  }

  @Test
  @DisplayName("AZ5 administrators read accounts, and nothing of passwords")
  void readsAccounts() {
    String token = administrator();
    UUID bob = registered("Bob");

    Account account = patiently(() -> two.call(UserContract.ACCOUNT, new AccountById(bob), token));
    assertThat(account.username()).isEqualTo("Bob");
    assertThat(account.roles()).containsExactly("user");
    assertThat(account.enabled()).isTrue();
    AccountPage found =
        patiently(() -> two.call(UserContract.ACCOUNTS, new Accounts(null, null, "BOB"), token));
    assertThat(found.users()).containsExactly(account);
    assertThat(Account.class.getRecordComponents())
        .extracting("name")
        .containsExactly("id", "username", "created", "enabled", "roles", "email", "secondFactor");
    assertThat(refused(one, UserContract.ACCOUNT, new AccountById(UUID.randomUUID()), token))
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  @DisplayName("AZ5 AZ6 a disabled account is out within seconds, on both nodes, and can come back")
  void disables() {
    String token = administrator();
    UUID bob = registered("bob");
    Tokens bobs = login(two, "bob");

    patiently(() -> one.call(UserContract.SET_ENABLED, new SetEnabled(bob, false), token));
    assertThat(refusal(() -> login(two, "bob"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(refused(two, UserContract.REFRESH, new Refresh(bobs.refreshToken()), null))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(text("SELECT id::text FROM sessions WHERE revoked_at IS NULL")).hasSize(1);

    execute("DELETE FROM throttle");
    patiently(() -> one.call(UserContract.SET_ENABLED, new SetEnabled(bob, true), token));
    assertThat(login(two, "bob").accessToken()).isNotEmpty();
  }

  @Test
  @DisplayName(
      "AZ5 TH5 an administrator who enables an account forgives the wrong passwords for it")
  void forgives() {
    String token = administrator();
    UUID bob = registered("bob");
    for (int i = 0; i < 12; i++) {
      Call call = Call.begin(null, 2_500).from("198.18." + i + ".1");
      one.node()
          .client()
          .call(UserContract.LOGIN, new Login("bob", "not his password"), call)
          .otherwiseEmpty()
          .await();
    }
    Call call = Call.begin(null, 2_500).from("198.18.99.1");
    Login right = new Login("bob", Client.PASSWORD);
    assertThat(
            refusal(() -> Harness.await(one.node().client().call(UserContract.LOGIN, right, call))))
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);

    patiently(() -> one.call(UserContract.SET_ENABLED, new SetEnabled(bob, true), token));
    assertThat(
            patiently(
                    () ->
                        Harness.await(
                            one.node()
                                .client()
                                .call(
                                    UserContract.LOGIN,
                                    right,
                                    Call.begin(null, 2_500).from("198.18.99.1"))))
                .accessToken())
        .isNotEmpty();
  }

  @Test
  @DisplayName("AZ6 other roles hold with the next log-in, which they make necessary")
  void changesRoles() {
    String token = administrator();
    UUID bob = registered("bob");
    Tokens before = login(one, "bob");
    assertThat(refused(one, UserContract.ACCOUNT, new AccountById(bob), before.accessToken()))
        .isEqualTo(ErrorCode.FORBIDDEN);

    patiently(() -> two.call(UserContract.SET_ROLES, new SetRoles(bob, ADMIN), token));
    assertThat(refused(one, UserContract.REFRESH, new Refresh(before.refreshToken()), null))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    Tokens after = login(one, "bob");
    assertThat(refused(two, UserContract.ACCOUNT, new AccountById(bob), after.accessToken()))
        .isNull();

    patiently(
        () -> two.call(UserContract.SET_ROLES, new SetRoles(bob, List.of("user", "user")), token));
    assertThat(refused(two, UserContract.REFRESH, new Refresh(after.refreshToken()), null))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(
            refused(
                one, UserContract.ACCOUNT, new AccountById(bob), login(two, "bob").accessToken()))
        .isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(refused(one, UserContract.SET_ROLES, new SetRoles(bob, List.of("A B")), token))
        .isEqualTo(ErrorCode.INVALID);
  }

  @Test
  @DisplayName("AZ5 the last administrator stays, also when two take it from each other at once")
  void keepsTheLastAdministrator() {
    String token = administrator();
    UUID ada = ada();
    assertThat(refused(one, UserContract.SET_ROLES, new SetRoles(ada, List.of("user")), token))
        .isEqualTo(ErrorCode.CONFLICT);
    assertThat(refused(one, UserContract.SET_ENABLED, new SetEnabled(ada, false), token))
        .isEqualTo(ErrorCode.CONFLICT);
    assertThat(refused(one, UserContract.DELETE_ME, new DeleteMe(Client.PASSWORD), token))
        .isEqualTo(ErrorCode.CONFLICT);
    assertThat(refused(one, UserContract.ME, new Me(), token)).as("nothing has happened").isNull();

    UUID bob = registered("bob");
    for (int round = 0; round < 10; round++) {
      execute("UPDATE users SET roles = '{user,admin}', enabled = true");
      String adas = login(one, "ada").accessToken();
      String bobs = login(one, "bob").accessToken();
      boolean demote = round % 2 == 0;
      Future<?> first = takes(one, adas, bob, demote);
      Future<?> second = takes(two, bobs, ada, !demote);
      Harness.await(Future.join(first, second).otherwiseEmpty());

      assertThat(text("SELECT username FROM users WHERE enabled AND 'admin' = ANY(roles)"))
          .as("round %s", round)
          .isNotEmpty();
    }
  }

  private static Future<?> takes(Harness node, String token, UUID from, boolean demote) {
    Call call = Call.begin(token, 2_500);
    return demote
        ? node.node()
            .client()
            .call(UserContract.SET_ROLES, new SetRoles(from, List.of("user")), call)
        : node.node().client().call(UserContract.SET_ENABLED, new SetEnabled(from, false), call);
  }

  @Test
  @DisplayName("AZ5 an administrator ends the sessions of somebody")
  void endsSessions() {
    String token = administrator();
    UUID bob = registered("bob");
    Tokens bobs = login(two, "bob");

    patiently(() -> one.call(UserContract.END_SESSIONS, new AccountById(bob), token));
    assertThat(refused(two, UserContract.REFRESH, new Refresh(bobs.refreshToken()), null))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(refused(one, UserContract.END_SESSIONS, new AccountById(UUID.randomUUID()), token))
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  @DisplayName("AT4 an administrator has another key published, and one revoked")
  void rotatesAndRevokesKeys() {
    String token = administrator();
    String signing = published(one).get(0);
    String next =
        patiently(() -> two.call(UserContract.ROTATE_KEYS, new RotateKeys(), token)).kid();
    assertThat(patiently(() -> one.call(UserContract.ROTATE_KEYS, new RotateKeys(), token)).kid())
        .as("while it waits it is the one")
        .isEqualTo(next);
    await().atMost(Duration.ofSeconds(20)).until(() -> published(one).contains(next));

    patiently(() -> two.call(UserContract.REVOKE_KEY, new RevokeKey(signing), token));
    await()
        .atMost(Duration.ofSeconds(30))
        .until(() -> refused(one, UserContract.ME, new Me(), token) == ErrorCode.UNAUTHENTICATED);
    assertThat(published(two)).containsExactly(next);
  }

  @Test
  @DisplayName("HT10 pages lose and double nobody while others come and go")
  void pages() {
    String token = administrator();
    execute(
        """
        INSERT INTO users (id, username, username_key, password_hash)
        SELECT gen_random_uuid(), 'n' || i, 'n' || i, '' FROM generate_series(1, 500) i""");
    Set<UUID> there = new HashSet<>(ids("SELECT id::text FROM users"));
    List<UUID> listed = new ArrayList<>();
    String cursor = null;
    int page = 0;
    do {
      Accounts request = new Accounts(page == 0 ? null : 37, cursor, null);
      AccountPage found = patiently(() -> two.call(UserContract.ACCOUNTS, request, token));
      assertThat(found.users()).hasSizeLessThanOrEqualTo(page == 0 ? 50 : 37);
      found.users().forEach(account -> listed.add(account.id()));
      cursor = found.next();
      page++;
      execute(
          """
          INSERT INTO users (id, username, username_key, password_hash)
          SELECT gen_random_uuid(), 'm', 'm-' || gen_random_uuid(), '' FROM generate_series(1, 9)""");
      execute("DELETE FROM users WHERE id = (SELECT id FROM users WHERE username = 'm' LIMIT 1)");
    } while (cursor != null);

    assertThat(listed).doesNotHaveDuplicates().containsAll(there);
  }

  private List<UUID> ids(String query) {
    return text(query).stream().map(UUID::fromString).toList();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x", "", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", "' OR 1=1", "%00"})
  @DisplayName("HT10 a cursor that was not given out is refused")
  void refusesAForgedCursor(String cursor) {
    String token = administrator();

    assertThat(refused(one, UserContract.ACCOUNTS, new Accounts(null, cursor, null), token))
        .isEqualTo(ErrorCode.MALFORMED);
    assertThat(refused(one, UserContract.ACCOUNTS, new Accounts(201, null, null), token))
        .isEqualTo(ErrorCode.INVALID);
  }

  @Test
  @DisplayName("RT10 who deletes the account must know the password, and leaves nothing personal")
  void deletes() {
    UUID bob = registered("Bob.Personal");
    Tokens bobs = login(one, "bob.personal");
    Tokens elsewhere = login(two, "bob.personal");
    assertThat(refused(one, UserContract.DELETE_ME, new DeleteMe("not his"), bobs.accessToken()))
        .isEqualTo(ErrorCode.INVALID);

    patiently(
        () -> one.call(UserContract.DELETE_ME, new DeleteMe(Client.PASSWORD), bobs.accessToken()));
    assertThat(refusal(() -> login(one, "bob.personal"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(refused(two, UserContract.REFRESH, new Refresh(elsewhere.refreshToken()), null))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(refused(one, UserContract.ME, new Me(), bobs.accessToken()))
        .isIn(ErrorCode.NOT_FOUND, ErrorCode.UNAUTHENTICATED);
    String dump =
        Stream.of("users", "sessions", "idempotency_keys", "throttle")
            .flatMap(table -> text("SELECT row_to_json(t)::text FROM " + table + " t").stream())
            .reduce("", String::concat);
    assertThat(dump.toLowerCase(java.util.Locale.ROOT)).doesNotContain("personal");
    assertThat(dump).contains(bob.toString());
    assertThat(text("SELECT revoked_tx::text FROM sessions WHERE user_id = '" + bob + "'"))
        .as("every node is told")
        .hasSize(2)
        .doesNotContainNull();
  }

  @Test
  @DisplayName("EN1 RT10 a deleted user's log-in is refused as one that there never was")
  void answersAsIfThereHadNeverBeenAny() {
    registered("bob");
    Tokens bobs = login(one, "bob");
    patiently(
        () -> one.call(UserContract.DELETE_ME, new DeleteMe(Client.PASSWORD), bobs.accessToken()));
    double before = hashes();
    ServiceException deleted = loginRefusal("bob");
    assertThat(hashes() - before).isEqualTo(1);
    ServiceException never = loginRefusal("never");

    assertThat(deleted.problem("t")).isEqualTo(never.problem("t"));
    assertThat(hashes() - before).isEqualTo(2);
  }

  private ServiceException loginRefusal(String name) {
    return catchThrowableOfType(ServiceException.class, () -> login(one, name));
  }

  @Test
  @DisplayName("ID5 nobody gets the name of a deleted user for a while, and never the id")
  void keepsTheNameBack() {
    UUID bob = registered("bob");
    String token = login(one, "bob").accessToken();
    List<Future<?>> rivals = new ArrayList<>();
    rivals.add(
        one.node()
            .client()
            .call(UserContract.DELETE_ME, new DeleteMe(Client.PASSWORD), Call.begin(token, 2_500)));
    for (int i = 0; i < 8; i++) {
      rivals.add(register(i % 2 == 0 ? one : two, i % 3 == 0 ? "BOB" : "bob"));
    }
    Harness.await(Future.join(rivals).otherwiseEmpty());
    patiently(() -> deleted(token));

    assertThat(rivals.stream().skip(1).map(AdministrationIT::code)).doesNotContainNull();
    assertThat(refusal(() -> registered("Bob"))).isEqualTo(ErrorCode.CONFLICT);
    execute(
        "UPDATE users SET deleted_at = now() - interval '91 days' WHERE deleted_at IS NOT NULL");
    Harness.await(deploy(node())); // which forgets what is old, soon after its start
    await()
        .atMost(Duration.ofSeconds(60))
        .until(
            () ->
                text("SELECT '' FROM users WHERE deleted_at < now() AND name_seal IS NOT NULL")
                    .isEmpty());
    assertThat(registered("bob")).isNotEqualTo(bob);
  }

  /** Once more, if the first time was refused since all came at once. */
  private boolean deleted(String token) {
    if (text("SELECT '' FROM users WHERE deleted_at IS NOT NULL").isEmpty()) {
      one.call(UserContract.DELETE_ME, new DeleteMe(Client.PASSWORD), token);
    }
    return true;
  }

  @Test
  @DisplayName("AZ7 administration is on a port of its own, and on no other")
  void servesAdministrationApart() throws Exception {
    Client open = new Client(gateway(false));
    Client administration = new Client(gateway(true));
    String token = administrator();

    assertThat(administration.get("/admin/users", token).statusCode()).isEqualTo(200);
    assertThat(administration.get("/admin/users", login(one, "ada").accessToken()).statusCode())
        .isEqualTo(200);
    HttpResponse<String> outside = open.get("/admin/users", token);
    assertThat(outside.statusCode()).isEqualTo(404);
    assertThat(administration.register("eve").statusCode()).isEqualTo(404);
    assertThat(administration.get("/api/users/me", token).statusCode()).isEqualTo(404);
    assertThat(open.get("/openapi.json").body()).contains("/api/users/me").doesNotContain("/admin");
    assertThat(administration.get("/openapi.json").body())
        .contains("/admin/users/{id}/roles")
        .doesNotContain("/api/");
    open.register("bob");
    String bob = login(one, "bob").accessToken();
    assertThat(administration.get("/admin/users", bob).statusCode()).isEqualTo(403);
    assertThat(administration.get("/admin/users").statusCode()).isEqualTo(401);
  }

  private URI gateway(boolean administrative) {
    GatewayVerticle gateway = new GatewayVerticle();
    one.deploy(gateway, new JsonObject().put("port", 0).put("administrative", administrative));
    return URI.create("http://127.0.0.1:" + gateway.port());
  }
}
