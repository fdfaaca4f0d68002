package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.EndSession;
import dev.starling.user.api.UserContract.EndedSessions;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.LogoutAll;
import dev.starling.user.api.UserContract.MySessions;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Session;
import dev.starling.user.api.UserContract.Since;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Sessions and their refresh tokens, attacked on two nodes. */
@Timeout(180)
class SessionsIT extends UserNodes {
  private static final String OTHER = "another correct horse";

  private Harness one;
  private Harness two;

  private Tokens begin() {
    one = start();
    two = start();
    registerAda(one);
    return login(one);
  }

  private static Future<Tokens> refresh(Harness node, Tokens tokens) {
    return node.node().client().call(UserContract.REFRESH, new Refresh(tokens.refreshToken()));
  }

  private static Tokens refreshed(Harness node, Tokens tokens) {
    return patiently(() -> node.call(UserContract.REFRESH, new Refresh(tokens.refreshToken())));
  }

  private static void assertDead(Harness node, Tokens tokens) {
    assertThat(refusal(() -> refreshed(node, tokens))).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  private List<Session> sessions(Tokens tokens) {
    return patiently(
        () -> one.call(UserContract.SESSIONS, new MySessions(), tokens.accessToken()).sessions());
  }

  /** Makes what was used seem to have been used so long ago. */
  private void pass(String interval) {
    execute("UPDATE refresh_tokens SET consumed_at = consumed_at - interval '" + interval + "'");
  }

  private long liveTokens() {
    return Long.parseLong(
        text("""
                SELECT count(*)::text FROM refresh_tokens t JOIN sessions s ON s.id = t.session_id
                WHERE t.consumed_at IS NULL AND s.revoked_at IS NULL""")
            .get(0));
  }

  @Test
  @DisplayName("RT2 a refresh token is used up and its successor goes on, on any node")
  void goesOn() {
    Tokens tokens = begin();
    String user = text("SELECT id::text FROM users").get(0);
    for (int i = 0; i < 4; i++) {
      Tokens next = refreshed(i % 2 == 0 ? two : one, tokens);
      assertThat(next.refreshToken()).startsWith("rt_").isNotEqualTo(tokens.refreshToken());
      assertThat(me(two, next.accessToken())).isEqualTo("ada");
      tokens = next;
    }

    assertThat(liveTokens()).isEqualTo(1);
    assertThat(text("SELECT user_id::text FROM sessions")).containsExactly(user);
    assertThat(text("SELECT generation::text FROM refresh_tokens ORDER BY generation"))
        .containsExactly("0", "1", "2", "3", "4");
  }

  @Test
  @DisplayName("RT1 the database holds no token that works")
  void keepsHashesOnly() {
    Tokens tokens = begin();
    Tokens next = refreshed(one, tokens);
    Set<String> dump = new HashSet<>();
    dump.addAll(text("SELECT encode(hash, 'escape') FROM refresh_tokens"));
    dump.addAll(text("SELECT encode(hash, 'base64') FROM refresh_tokens"));
    dump.addAll(text("SELECT row_to_json(s)::text FROM sessions s"));
    String all = String.join(" ", dump);

    assertThat(all).doesNotContain(tokens.refreshToken().substring(3));
    assertThat(all).doesNotContain(next.refreshToken().substring(3));
    for (String hash : text("SELECT encode(hash, 'base64') FROM refresh_tokens")) {
      String stolen = "rt_" + hash.replace('+', '-').replace('/', '_').replace("=", "");
      assertThat(refusal(() -> one.call(UserContract.REFRESH, new Refresh(stolen))))
          .isEqualTo(ErrorCode.UNAUTHENTICATED);
    }
  }

  @Test
  @DisplayName("RT2 RT3 32 who refresh with one token at once get one successor, and one is live")
  void givesOneSuccessorToAllWhoAskAtOnce() {
    Tokens tokens = begin();
    List<Future<Tokens>> asked =
        IntStream.range(0, 32).mapToObj(i -> refresh(i % 2 == 0 ? one : two, tokens)).toList();
    Harness.await(Future.join(asked).otherwiseEmpty());

    assertThat(asked)
        .filteredOn(Future::failed)
        .allMatch(f -> isOutOfTime(ServiceException.of(f.cause()).code()));
    List<Tokens> given = asked.stream().filter(Future::succeeded).map(Future::result).toList();
    assertThat(given).isNotEmpty();
    assertThat(given).extracting(Tokens::refreshToken).containsOnly(given.get(0).refreshToken());
    assertThat(liveTokens()).isEqualTo(1);
    refreshed(two, given.get(0));
  }

  @Test
  @DisplayName("RT3 a token that comes again after its successor was used ends the session")
  void endsTheSessionOfAStolenToken() {
    Tokens first = begin();
    Tokens second = refreshed(one, first);
    Tokens third = refreshed(one, second);

    assertDead(two, first);
    assertDead(one, third);
    assertDead(one, second);
    assertThat(text("SELECT reason FROM sessions")).containsExactly("token used twice");
  }

  @Test
  @DisplayName("RT3 a token that comes again long after it was used ends the session")
  void endsTheSessionOfATokenThatComesAgainLate() {
    Tokens first = begin();
    Tokens second = refreshed(one, first);
    pass("11 seconds");

    assertDead(one, first);
    assertDead(one, second);
  }

  @Test
  @DisplayName("RT3 a client whose answer was lost asks again and goes on")
  void givesALostAnswerAgain() {
    Tokens first = begin();
    Tokens second = refreshed(one, first);
    pass("5 seconds");
    Tokens again = refreshed(two, first);

    assertThat(again.refreshToken()).isEqualTo(second.refreshToken());
    Tokens third = refreshed(one, again);
    assertThat(me(one, third.accessToken())).isEqualTo("ada");
  }

  @Test
  @DisplayName("RT4 of five rotations within a second each older token ends the session")
  void knowsTheOrderOfTokensOfOneSecond() {
    for (int replayed = 0; replayed < 4; replayed++) {
      List<Tokens> all = new ArrayList<>(List.of(replayed == 0 ? begin() : login(one)));
      for (int i = 0; i < 5; i++) {
        all.add(refreshed(one, all.get(i)));
      }
      assertDead(one, all.get(replayed));
      assertDead(one, all.get(5));
    }
  }

  @Test
  @DisplayName("RT5 after a logout nothing works that was refreshed at the same moment")
  void endsWhatIsRefreshedMeanwhile() {
    begin();
    for (int i = 0; i < 50; i++) {
      Tokens tokens = login(one);
      Future<Tokens> refreshing = refresh(one, tokens);
      patiently(() -> two.call(UserContract.LOGOUT, new Logout(tokens.refreshToken())));
      Harness.await(refreshing.otherwiseEmpty());

      assertDead(one, tokens);
      if (refreshing.succeeded()) {
        assertDead(two, refreshing.result());
      }
    }
  }

  @Test
  @DisplayName("RT5 a refresh waits for whoever ends its session, and is refused then")
  void waitsForWhoeverEndsTheSession() {
    Tokens tokens = begin();
    execute("BEGIN");
    execute("UPDATE sessions SET revoked_at = now(), reason = 'test', revoked_tx = 1");
    Future<Tokens> refreshing = refresh(one, tokens);
    commitWhenAwaited(refreshing);

    Harness.await(refreshing.otherwiseEmpty());
    assertThat(refreshing.failed()).isTrue();
    assertThat(text("SELECT generation::text FROM refresh_tokens")).containsExactly("0");
  }

  @Test
  @DisplayName("RT9 a login waits for whoever changes the password, and is refused then")
  void waitsForWhoeverChangesThePassword() {
    begin();
    execute("BEGIN");
    execute("UPDATE users SET password_hash = 'another', version = version + 1");
    Future<Tokens> login =
        one.node().client().call(UserContract.LOGIN, new Login("ada", Client.PASSWORD));
    commitWhenAwaited(login);

    Harness.await(login.otherwiseEmpty());
    assertThat(login.failed()).isTrue();
    assertThat(text("SELECT id::text FROM sessions")).as("that of before").hasSize(1);
  }

  /** Ends the transaction that holds what the call needs, within its patience for locks. */
  private void commitWhenAwaited(Future<?> call) {
    await()
        .pollInterval(5, TimeUnit.MILLISECONDS)
        .until(
            () ->
                call.isComplete() || !text("SELECT 'x' FROM pg_locks WHERE NOT granted").isEmpty());
    execute("COMMIT");
  }

  @Test
  @DisplayName("RT6 a token that was not used for long, and one of an old session, are not valid")
  void forgetsWhatIsOld() {
    Tokens idle = begin();
    execute("UPDATE refresh_tokens SET expires_at = now()");
    assertDead(one, idle);
    assertThat(text("SELECT reason FROM sessions WHERE revoked_at IS NOT NULL")).isEmpty();

    Tokens old = login(one);
    String ends = text("SELECT max(absolute_expiry)::text FROM sessions").get(0);
    Tokens next = refreshed(one, old);
    assertThat(text("SELECT max(absolute_expiry)::text FROM sessions")).containsExactly(ends);
    execute("UPDATE sessions SET absolute_expiry = now()");
    assertDead(one, next);
  }

  @Test
  @DisplayName("RT8 a logout ends the session of any of its tokens, once and again")
  void logsOut() {
    Tokens first = begin();
    Tokens second = refreshed(one, first);
    Tokens elsewhere = login(two);
    for (String token : List.of(first.refreshToken(), first.refreshToken(), "rt_x", "", "x")) {
      assertThat(refusal(() -> one.call(UserContract.LOGOUT, new Logout(token)))).isNull();
    }

    assertDead(one, second);
    refreshed(one, elsewhere);
  }

  @Test
  @DisplayName("RT8 a user sees and ends their own sessions, and no other's")
  void showsAndEndsSessions() {
    Tokens here = begin();
    Tokens there = login(two);
    Tokens eves = registered("eve");

    List<Session> seen = sessions(here);
    assertThat(seen).hasSize(2);
    assertThat(seen).filteredOn(Session::current).hasSize(1);
    UUID other = seen.stream().filter(s -> !s.current()).findFirst().orElseThrow().id();
    assertThat(sessions(there))
        .filteredOn(Session::current)
        .extracting(Session::id)
        .containsExactly(other);

    assertThat(
            refusal(
                () ->
                    one.call(UserContract.END_SESSION, new EndSession(other), eves.accessToken())))
        .isEqualTo(ErrorCode.NOT_FOUND);
    refreshed(one, eves);
    for (int i = 0; i < 2; i++) {
      one.call(UserContract.END_SESSION, new EndSession(other), here.accessToken());
    }
    assertDead(two, there);
    assertThat(sessions(here)).hasSize(1);

    one.call(UserContract.LOGOUT_ALL, new LogoutAll(), here.accessToken());
    assertDead(one, here);
    assertThat(
            text(
                "SELECT u.username FROM sessions s JOIN users u ON u.id = s.user_id"
                    + " WHERE revoked_at IS NULL"))
        .containsExactly("eve");
  }

  @Test
  @DisplayName("RT9 another password ends all sessions but the new one, and the old password")
  void changesThePassword() {
    Tokens here = begin();
    Tokens there = login(two);
    assertThat(
            refusal(
                () ->
                    one.call(
                        UserContract.CHANGE_PASSWORD,
                        new ChangePassword("wrong", OTHER),
                        here.accessToken())))
        .isEqualTo(ErrorCode.INVALID);
    assertThat(
            refusal(
                () ->
                    one.call(
                        UserContract.CHANGE_PASSWORD,
                        new ChangePassword(Client.PASSWORD, "too short"),
                        here.accessToken())))
        .isEqualTo(ErrorCode.INVALID);
    Tokens fresh =
        patiently(
            () ->
                one.call(
                    UserContract.CHANGE_PASSWORD,
                    new ChangePassword(Client.PASSWORD, OTHER),
                    here.accessToken()));

    assertDead(one, here);
    assertDead(two, there);
    refreshed(two, fresh);
    assertThat(refusal(() -> login(one))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    patiently(() -> two.call(UserContract.LOGIN, new Login("ada", OTHER)));
  }

  @Test
  @DisplayName("RT9 of two who change the password at once one does, and a login with the old dies")
  void changesThePasswordOnce() {
    Tokens tokens = begin();
    List<Future<?>> changes = new ArrayList<>();
    List<Future<Tokens>> logins = new ArrayList<>();
    do { // On a busy machine nobody may come to it in time.
      changes.clear();
      for (int i = 0; i < 4; i++) {
        Harness node = i % 2 == 0 ? one : two;
        changes.add(
            node.node()
                .client()
                .call(
                    UserContract.CHANGE_PASSWORD,
                    new ChangePassword(Client.PASSWORD, OTHER + i),
                    Call.begin(tokens.accessToken(), 20_000)));
        logins.add(
            node.node().client().call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)));
      }
      Harness.await(Future.join(changes).otherwiseEmpty());
      Harness.await(Future.join(logins).otherwiseEmpty());
    } while (text("SELECT id::text FROM users WHERE version = 0").size() == 1);

    assertThat(changes).filteredOn(Future::succeeded).hasSizeLessThanOrEqualTo(1);
    assertThat(text("SELECT version::text FROM users")).containsExactly("1");
    logins.stream().filter(Future::succeeded).forEach(login -> assertDead(one, login.result()));
    assertThat(liveTokens()).isEqualTo(1);
  }

  @Test
  @DisplayName("RT11 the session used longest ago makes room for the 21st")
  void keepsTwentySessions() {
    Tokens first = begin();
    Tokens second = login(one);
    for (int i = 0; i < 18; i++) {
      login(one);
    }
    assertThat(sessions(second)).hasSize(20);
    refreshed(one, first);
    Tokens last = login(one);

    assertThat(sessions(last)).hasSize(20);
    assertDead(one, second);
  }

  @Test
  @DisplayName("AT7 tells all sessions that have ended, in pages, and then the new ones")
  void tellsWhichHaveEnded() {
    Tokens tokens = begin();
    UUID session = sessions(tokens).get(0).id();
    execute(
        """
        INSERT INTO sessions (id, user_id, absolute_expiry, revoked_at, revoked_tx)
        SELECT gen_random_uuid(), (SELECT id FROM users), now(),
          now() - n % 7 * interval '1 minute', n % 3
        FROM generate_series(1, 2500) n""");
    execute(
        """
        INSERT INTO sessions (id, user_id, absolute_expiry, revoked_at, revoked_tx)
        SELECT gen_random_uuid(), (SELECT id FROM users), now(), now() - interval '1 hour', 1""");
    Set<UUID> told = new HashSet<>();
    EndedSessions first = ended(new Since(null, null));
    told.addAll(first.sessions());
    for (Since more = first.more(); more != null; ) {
      EndedSessions rest = ended(more);
      told.addAll(rest.sessions());
      more = rest.more();
    }
    assertThat(told).hasSize(2_500).doesNotContain(session);

    one.call(UserContract.LOGOUT, new Logout(tokens.refreshToken()));
    EndedSessions later = ended(first.next());
    assertThat(later.sessions()).contains(session);
    assertThat(later.more()).isNull();
  }

  private EndedSessions ended(Since since) {
    return patiently(() -> two.call(UserContract.REVOCATIONS, since));
  }

  @Test
  @DisplayName("AT7 tells of a session that a transaction ends which began long before")
  void tellsOfASessionThatEndsLate() {
    Tokens tokens = begin();
    UUID session = sessions(tokens).get(0).id();
    execute("BEGIN");
    execute(
        "UPDATE sessions SET revoked_at = now(), revoked_tx = pg_current_xact_id()::text::bigint");
    Tokens other = registered("bob");
    two.call(UserContract.LOGOUT, new Logout(other.refreshToken()));
    Since next = new Since(null, null);
    for (int i = 0; i < 3; i++) {
      EndedSessions answer = ended(next);
      assertThat(answer.sessions()).hasSize(1).doesNotContain(session);
      next = answer.next();
    }
    execute("COMMIT");

    assertThat(ended(next).sessions()).contains(session);
  }

  @Test
  @DisplayName("AT7 asks for ended sessions by an index, however many there are")
  void asksByAnIndex() {
    begin();
    execute(
        """
        INSERT INTO sessions (id, user_id, absolute_expiry)
        SELECT gen_random_uuid(), (SELECT id FROM users), now() FROM generate_series(1, 50000)""");
    execute("ANALYZE sessions");
    String plan =
        String.join(
            "\n",
            text(
                """
                EXPLAIN SELECT id FROM (SELECT 5::bigint AS tx, gen_random_uuid() AS session)
                  AS since
                LEFT JOIN sessions ON revoked_tx IS NOT NULL
                  AND (revoked_tx, id) > (since.tx, since.session)
                  AND revoked_at > now() - interval '16 minutes'
                ORDER BY revoked_tx, id LIMIT 1000"""));

    assertThat(plan).contains("sessions_revoked_tx").doesNotContain("Seq Scan");
  }

  @Test
  @DisplayName("AU5 forgets sessions that ended a day ago, with their tokens, and no others")
  void forgetsOldSessions() {
    begin();
    execute(
        """
        INSERT INTO sessions (id, user_id, absolute_expiry, revoked_at, revoked_tx)
        SELECT gen_random_uuid(), (SELECT id FROM users), now() + n * interval '1 day',
          now() - interval '25 hours', 1
        FROM generate_series(1, 1500) n""");
    execute(
        """
        INSERT INTO sessions (id, user_id, absolute_expiry)
        VALUES (gen_random_uuid(), (SELECT id FROM users), now() - interval '25 hours')""");
    execute(
        """
        INSERT INTO sessions (id, user_id, absolute_expiry, revoked_at, revoked_tx)
        VALUES (gen_random_uuid(), (SELECT id FROM users), now(), now() - interval '23 hours', 1)""");

    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> text("SELECT id::text FROM sessions").size() == 2);
    assertThat(text("SELECT hash::text FROM refresh_tokens")).hasSize(1);
  }

  private Tokens registered(String name) {
    patiently(() -> one.call(UserContract.REGISTER, new Register(name, Client.PASSWORD)));
    return patiently(() -> one.call(UserContract.LOGIN, new Login(name, Client.PASSWORD)));
  }

  @Test
  @DisplayName("H5 a log-in hashes a password anew whose string is of another cost, and fails none")
  void hashesAnewAtLogin() {
    begin();
    String before = text("SELECT password_hash FROM users").get(0);
    Harness costly = node();
    Harness.await(deploy(costly, config().put("hash-iterations", 3)));
    List<Future<Tokens>> logins =
        IntStream.range(0, 16)
            .mapToObj(
                i ->
                    (i % 2 == 0 ? costly : one)
                        .node()
                        .client()
                        .call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)))
            .toList();
    Harness.await(Future.join(logins).otherwiseEmpty());
    assertThat(logins)
        .filteredOn(Future::failed)
        .allMatch(f -> isOutOfTime(ServiceException.of(f.cause()).code()));
    assertThat(logins).filteredOn(Future::succeeded).isNotEmpty();

    await()
        .until(
            () -> {
              login(costly);
              return text("SELECT password_hash FROM users").get(0).contains(",t=3,");
            });
    assertThat(before).contains(",t=2,");
    await()
        .until(
            () -> {
              login(two);
              return text("SELECT password_hash FROM users").get(0).contains(",t=2,");
            });
  }

  @Test
  @DisplayName("H5 a password that changes while it is hashed anew stays changed")
  void hashesNoOldPasswordAnew() {
    Tokens tokens = begin();
    Harness costly = node();
    Harness.await(deploy(costly, config().put("hash-iterations", 10)));
    login(costly);
    patiently(
        () ->
            two.call(
                UserContract.CHANGE_PASSWORD,
                new ChangePassword(Client.PASSWORD, OTHER),
                tokens.accessToken()));

    login(two, OTHER);
    assertThat(refusal(() -> login(one))).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @Test
  @DisplayName("H1 a cost that is too low is refused")
  void refusesALowCost() {
    Future<String> deployed = deploy(node(), config().put("hash-iterations", 1));
    Harness.await(deployed.otherwiseEmpty());
    assertThat(deployed.cause()).hasMessageContaining("is too cheap");
  }

  private static Tokens login(Harness node, String password) {
    return patiently(() -> node.call(UserContract.LOGIN, new Login("ada", password)));
  }

  @Test
  @DisplayName("AZ6 a user who is disabled refreshes nothing")
  void refusesAUserWhoIsDisabled() {
    Tokens tokens = begin();
    execute("UPDATE users SET enabled = false");

    assertDead(one, tokens);
  }

  @Test
  @DisplayName("RT8 a user sees from which network and by what each session was begun, no address")
  void showsWhere() {
    begin();
    String agent = "Curl\r\n\u00fc " + "x".repeat(300);
    Tokens tokens =
        patiently(
            () ->
                Harness.await(
                    one.node()
                        .client()
                        .call(
                            UserContract.LOGIN,
                            new Login("ada", Client.PASSWORD),
                            Call.begin(null, 2_500).from("192.0.2.77", agent))));
    patiently(
        () ->
            Harness.await(
                two.node()
                    .client()
                    .call(
                        UserContract.LOGIN,
                        new Login("ada", Client.PASSWORD),
                        Call.begin(null, 2_500).from("2001:db8:1:2:3:4:5:6"))));
    List<Session> sessions =
        patiently(() -> one.call(UserContract.SESSIONS, new MySessions(), tokens.accessToken()))
            .sessions();

    assertThat(sessions)
        .extracting(Session::network)
        .containsExactlyInAnyOrder("192.0.2.0/24", "2001:db8:1:2::/64", null);
    assertThat(sessions)
        .filteredOn(Session::current)
        .extracting(Session::agent)
        .containsExactly("Curl??? " + "x".repeat(192));
    assertThat(text("SELECT s::text FROM sessions s")).noneMatch(row -> row.contains("2.77"));
  }

  @Test
  @DisplayName("TH10 a session is refreshed a hundred times an hour at most")
  void boundsRefreshesAnHour() {
    Tokens tokens = begin();
    execute("UPDATE refresh_tokens SET generation = 200");
    execute(
        """
        INSERT INTO refresh_tokens (hash, session_id, generation, issued_at, consumed_at, expires_at)
        SELECT sha256(i::text::bytea), session_id, i, now() - interval '50 minutes', now(),
          now() + interval '1 day'
        FROM refresh_tokens, generate_series(1, 199) i""");
    ServiceException refusal =
        catchThrowableOfType(
            ServiceException.class,
            () ->
                patiently(
                    () -> two.call(UserContract.REFRESH, new Refresh(tokens.refreshToken()))));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isBetween(500L, 600L);
    execute("UPDATE refresh_tokens SET issued_at = issued_at - interval '10 minutes'");
    assertThat(
            patiently(() -> two.call(UserContract.REFRESH, new Refresh(tokens.refreshToken())))
                .refreshToken())
        .isNotEmpty();
  }
}
