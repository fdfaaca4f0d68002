package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Guessing, on two nodes: how far it comes, and whom it must not hinder. */
@Timeout(180)
class ThrottleIT extends TwoUserNodes {
  private static final String HOME = "192.0.2.1";
  private static final String WRONG = "not her password";

  private static String elsewhere(int network) {
    return "198.%d.%d.7".formatted(18 + network / 250, network % 250);
  }

  private static <I, O> Future<O> ask(
      Harness node, Operation<I, O> operation, I request, String source) {
    Call call = Call.begin(null, operation.spec().budget()).from(source);
    return node.node().client().call(operation, request, call);
  }

  private static Future<Tokens> login(Harness node, String source, Login login) {
    return ask(node, UserContract.LOGIN, login, source);
  }

  private static Login wrong(String name) {
    return new Login(name, WRONG);
  }

  private static Login right(String deviceToken) {
    return new Login("ada", Client.PASSWORD, deviceToken);
  }

  /** What came of it once the machine had time for it. */
  private static ErrorCode outcome(Harness node, String source, Login login) {
    return refusal(() -> patiently(() -> Harness.await(login(node, source, login))));
  }

  private static ServiceException refused(Harness node, String source, Login login) {
    return catchThrowableOfType(
        ServiceException.class, () -> patiently(() -> Harness.await(login(node, source, login))));
  }

  /** Makes everything that was counted seem so much longer ago. */
  private void pass(String interval) {
    execute(
        """
        UPDATE throttle SET pending_until = pending_until - interval '%1$s',
          blocked_until = blocked_until - interval '%1$s',
          expires_at = expires_at - interval '%1$s'"""
            .formatted(interval));
  }

  @Test
  @DisplayName("TH1 of 64 guesses at once on two nodes as many are verified as the limit says")
  void countsBeforeItVerifies() {
    double before = hashes();
    List<ErrorCode> codes =
        atOnce(64, i -> login(i % 2 == 0 ? one : two, elsewhere(i), wrong("ada")));

    assertThat(hashes() - before).isEqualTo(10);
    assertThat(codes).filteredOn(ErrorCode.UNAUTHENTICATED::equals).hasSize(10);
    assertThat(codes)
        .doesNotContainNull()
        .filteredOn(code -> code != ErrorCode.UNAUTHENTICATED && !isOutOfTime(code))
        .containsOnly(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(outcome(two, elsewhere(100), right(null))).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
  }

  @Test
  @DisplayName("TH2 forty log-ins of one user from one place, at once on two nodes, all get in")
  void letsManyInAtOnce() {
    List<ErrorCode> codes = atOnce(40, i -> login(i % 2 == 0 ? one : two, HOME, right(null)));

    assertThat(codes).doesNotContain(ErrorCode.TOO_MANY_REQUESTS, ErrorCode.UNAUTHENTICATED);
    assertThat(codes.stream().filter(c -> c == null).count()).isGreaterThan(5);
    assertThat(outcome(one, HOME, right(null))).isNull();
    assertThat(counts()).allMatch(count -> count.endsWith(" 0 0"));
  }

  @Test
  @DisplayName("TH2 a log-in that waited in vain for the outcome of others is counted once")
  void countsOnceWhoeverWaitedInVain() {
    assertThat(outcome(one, HOME, wrong("ada"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    execute(
        """
        UPDATE throttle SET pending = 1, pending_until = now() + interval '1 minute',
          blocked_until = now() + interval '1 minute' WHERE get_byte(key, 0) > 0""");
    ServiceException refusal;
    int before;
    do { // once more where the machine was too slow for the time that is left after the wait
      before = loginsCounted();
      refusal =
          catchThrowableOfType(
              ServiceException.class, () -> Harness.await(login(two, HOME, right(null))));
    } while (refusal != null && isOutOfTime(refusal.code()));

    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isEqualTo(1);
    assertThat(loginsCounted()).isEqualTo(before + 1);
  }

  private int loginsCounted() {
    return Integer.parseInt(
        text("SELECT sum(count)::text FROM throttle WHERE get_byte(key, 0) = 0").get(0));
  }

  /** What is counted besides the log-ins themselves: key, count, pending. */
  private List<String> counts() {
    return text(
        """
        SELECT get_byte(key, 0) || ' ' || count || ' ' || pending FROM throttle
        WHERE get_byte(key, 0) > 0 ORDER BY 1""");
  }

  @Test
  @DisplayName("TH3 after five wrong passwords waits of 1, 2, 4 ... 900 seconds, then forgotten")
  void makesThoseWaitWhoGuess() {
    for (int i = 0; i < 5; i++) {
      assertThat(outcome(i % 2 == 0 ? one : two, HOME, wrong("ada")))
          .isEqualTo(ErrorCode.UNAUTHENTICATED);
    }
    for (int wait : new int[] {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900}) {
      execute( // What is counted for the account and for the network has limits of its own.
          "DELETE FROM throttle WHERE get_byte(key, 0) IN (2, 4)");
      assertThat(writtenWait()).isEqualTo(wait);
      if (wait > 4) {
        ServiceException refusal = refused(two, HOME, right(null));
        assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
        assertThat(refusal.retryAfter()).isBetween(wait - 4L, (long) wait);
      }
      pass((wait + 1) + " seconds");
      assertThat(outcome(one, HOME, wrong("ada"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    }

    pass("12 hours");
    for (int i = 0; i < 5; i++) {
      assertThat(outcome(one, HOME, wrong("ada"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    }
  }

  /** Seconds for which the latest of a kind blocks what comes next, as they were written. */
  private int writtenWait() {
    return Integer.parseInt(
        text("""
                SELECT round(extract(epoch FROM blocked_until - (expires_at - interval '12 hours')))
                  ::int::text FROM throttle WHERE get_byte(key, 0) = 3""")
            .get(0));
  }

  @Test
  @DisplayName(
      "TH3 thirty wrong passwords from one network, whatever the names, then none for 15 min")
  void boundsASource() {
    for (int i = 0; i < 30; i++) {
      assertThat(outcome(one, "192.0.2." + (i + 1), wrong("name-" + i)))
          .isEqualTo(ErrorCode.UNAUTHENTICATED);
    }

    ServiceException refusal = refused(two, "192.0.2.200", wrong("name-31"));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isBetween(600L, 900L);
    assertThat(outcome(two, "192.0.3.1", right(null))).as("another network").isNull();
    pass("15 minutes");
    assertThat(outcome(two, HOME, right(null))).isNull();
  }

  @Test
  @DisplayName("TH3 a network of IPv6 is one source, whatever the last 64 bits are")
  void takesANetworkOfIpv6ForOne() {
    for (int i = 0; i < 30; i++) {
      outcome(one, "2001:db8:1:2::" + i, wrong("name-" + i));
    }

    assertThat(outcome(one, "2001:db8:1:2:ffff::1", right(null)))
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(outcome(one, "2001:db8:1:3::1", right(null))).isNull();
  }

  @Test
  @DisplayName("TH3 a hundred log-ins a minute from one network, right or wrong")
  void boundsTheLoginsOfASource() {
    one.node().options().limits().change(Map.of(Limit.LOGINS, 10L));
    for (int i = 0; i < 10; i++) {
      assertThat(outcome(one, HOME, right(null))).isNull();
    }

    ServiceException refusal = refused(one, HOME, right(null));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isLessThanOrEqualTo(60);
    pass("1 minute");
    assertThat(outcome(one, HOME, right(null))).isNull();
  }

  @Test
  @DisplayName("TH4 nobody who guesses from 200 networks keeps a device out that is known")
  void letsTheOwnerIn() {
    Tokens known = patiently(() -> Harness.await(login(one, HOME, right(null))));
    assertThat(known.deviceToken()).startsWith("dt_");
    for (int i = 0; i < 200; i++) {
      login(i % 2 == 0 ? one : two, elsewhere(i), wrong("ada")).otherwiseEmpty().await();
    }

    ServiceException unknown = refused(two, elsewhere(777), right(null));
    assertThat(unknown.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(unknown.retryAfter()).isLessThanOrEqualTo(900);
    assertThat(outcome(two, elsewhere(778), right(known.deviceToken()))).isNull();
    assertThat(outcome(one, elsewhere(3), right(known.deviceToken()))).isNull();
  }

  @Test
  @DisplayName("TH4 a device that is known has ten wrong passwords an hour, and no other account")
  void countsADeviceApart() {
    registerBob();
    String device = patiently(() -> Harness.await(login(one, HOME, right(null)))).deviceToken();
    for (int i = 0; i < 5; i++) {
      assertThat(outcome(one, elsewhere(i), new Login("ada", WRONG, device)))
          .isEqualTo(ErrorCode.UNAUTHENTICATED);
    }

    ServiceException refusal = refused(two, HOME, right(device));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isBetween(600L, 720L);
    assertThat(outcome(two, HOME, right(null))).as("without it").isNull();
    for (int i = 0; i < 5; i++) {
      outcome(two, HOME, new Login("bob", WRONG, device));
    }
    assertThat(outcome(two, HOME, new Login("bob", WRONG, device)))
        .as("a token of ada is none of bob")
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    String forged = device.substring(0, 20) + (device.charAt(20) == 'A' ? 'B' : 'A');
    assertThat(outcome(two, HOME, right(forged + device.substring(21)))).isNull();
  }

  @Test
  @DisplayName("TH4 a device is known for as long as the password is the same")
  void forgetsDevicesWithThePassword() {
    Tokens tokens = patiently(() -> Harness.await(login(one, HOME, right(null))));
    ChangePassword another = new ChangePassword(Client.PASSWORD, "another correct horse");
    Tokens changed =
        patiently(() -> one.call(UserContract.CHANGE_PASSWORD, another, tokens.accessToken()));
    for (int i = 0; i < 12; i++) {
      login(two, elsewhere(i), wrong("ada")).otherwiseEmpty().await();
    }

    String password = "another correct horse";
    assertThat(outcome(one, HOME, new Login("ada", password, tokens.deviceToken())))
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(outcome(one, HOME, new Login("ada", password, changed.deviceToken()))).isNull();
  }

  @Test
  @DisplayName("TH3 wrong passwords are forgotten one by one, whoever logs in meanwhile")
  void forgetsOneByOne() {
    for (int i = 0; i < 9; i++) {
      assertThat(outcome(one, elsewhere(i), wrong("ada"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    }
    for (int i = 0; i < 9; i++) {
      pass("6 minutes");
      assertThat(outcome(two, elsewhere(20 + i), right(null))).isNull();
    }
    for (int i = 0; i < 10; i++) {
      assertThat(outcome(two, elsewhere(40 + i), wrong("ada")))
          .as("guess %s", i)
          .isEqualTo(ErrorCode.UNAUTHENTICATED);
    }

    assertThat(outcome(two, elsewhere(60), wrong("ada"))).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
  }

  @Test
  @DisplayName("TH10 whoever guesses what an Idempotency-Key came with is counted, too")
  void countsGuessesOfARequest() {
    assertThat(registration("203.0.113.9", "carol", Client.PASSWORD)).isNull();
    for (int i = 0; i < 10; i++) {
      assertThat(registration(HOME, "carol", "a guess of hers no. " + i))
          .isEqualTo(ErrorCode.INVALID);
    }

    assertThat(registration(HOME, "carol", "a guess of hers no. 11"))
        .isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(registration("203.0.113.9", "carol", Client.PASSWORD)).as("her own").isNull();
  }

  /** Under a key that anybody could think of. */
  private ErrorCode registration(String source, String name, String password) {
    return refusal(
        () ->
            patiently(
                () ->
                    Harness.await(
                        one.node()
                            .client()
                            .call(
                                UserContract.REGISTER,
                                new Register(name, password),
                                Call.begin(null, 2_500).from(source).keyed("key-" + name)))));
  }

  private void registerBob() {
    patiently(() -> Harness.await(register(one, "bob")));
  }

  @Test
  @DisplayName("TH5 after 100 wrong passwords a right one is not enough on an unknown device")
  void asksForMoreAfterAHundred() {
    String device = patiently(() -> Harness.await(login(one, HOME, right(null)))).deviceToken();
    for (int i = 0; i < 100; i++) {
      assertThat(outcome(i % 2 == 0 ? one : two, elsewhere(i), wrong("ada")))
          .isEqualTo(ErrorCode.UNAUTHENTICATED);
      execute("UPDATE throttle SET blocked_until = '-infinity' WHERE get_byte(key, 0) IN (3, 4)");
    }

    ServiceException refusal = refused(one, elsewhere(200), right(null));
    assertThat(refusal.code()).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(refusal.errors().get(0).rule()).isEqualTo("second-proof");
    assertThat(outcome(one, elsewhere(201), wrong("ada"))).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(outcome(one, elsewhere(202), right(device))).isNull();
    assertThat(outcome(one, elsewhere(203), right(null))).as("after a right one").isNull();
  }

  @Test
  @DisplayName("TH6 unknown names are counted and answered as known ones are")
  void tellsNoNamesApart() {
    List<List<String>> answers = new ArrayList<>();
    List<List<String>> rows = new ArrayList<>();
    for (String name : List.of("ada", "nobody")) {
      List<String> answered = new ArrayList<>();
      for (int i = 0; i < 12; i++) {
        ServiceException refusal = refused(one, elsewhere(i / 3), wrong(name));
        answered.add(refusal.code() + " " + refusal.getMessage().replaceAll("\\d+ s", "n s"));
      }
      answers.add(answered);
      rows.add(counts());
      execute("DELETE FROM throttle");
    }

    assertThat(answers.get(0))
        .isEqualTo(answers.get(1))
        .contains("TOO_MANY_REQUESTS Too many attempts; try again in n s");
    assertThat(rows.get(0)).isEqualTo(rows.get(1)).isNotEmpty();
  }

  @Test
  @DisplayName("TH6 the table has neither names nor addresses, and other keys with another secret")
  void keepsNoNames() {
    outcome(one, HOME, wrong("ada"));

    assertThat(text("SELECT encode(key, 'escape') FROM throttle"))
        .hasSize(5)
        .noneMatch(key -> key.contains("ada") || key.contains("192"));
    assertThat(text("SELECT length(key)::text FROM throttle")).containsOnly("33");
  }

  @Test
  @DisplayName("TH7 what is refused for want of time or place counts for nothing")
  void countsNothingThatWasNotTried() {
    execute("DELETE FROM throttle");
    one.node().options().limits().change(Map.of(Limit.HASH_QUEUE, 1L, Limit.HASH_PERMITS, 1L));
    List<ErrorCode> codes = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      codes.addAll(atOnce(20, n -> login(one, HOME, right(null))));
    }
    assertThat(codes).contains(ErrorCode.OVERLOADED).doesNotContain(ErrorCode.TOO_MANY_REQUESTS);

    Call late = Call.begin(null, 60).from(HOME);
    one.node().client().call(UserContract.LOGIN, right(null), late).otherwiseEmpty().await();
    assertThat(refusal(() -> Harness.await(login(one, HOME, new Login("a".repeat(300), "x")))))
        .isEqualTo(ErrorCode.INVALID);

    assertThat(outcome(one, HOME, right(null))).isNull();
    assertThat(counts()).allMatch(count -> count.endsWith(" 0 0"));
  }

  @Test
  @DisplayName("TH9 random names from one network make no more rows than it has attempts")
  void makesNoMoreRowsThanAttempts() {
    for (int round = 0; round < 6; round++) {
      int first = 50 * round;
      atOnce(50, i -> login(one, HOME, wrong("random-" + (first + i))));
    }

    int rows = text("SELECT encode(key, 'hex') FROM throttle").size();
    assertThat(rows).as("a hundred a minute").isLessThanOrEqualTo(2 + 3 * 100);
    execute("UPDATE throttle SET expires_at = now() - interval '1 second'");
    Harness.await(deploy(node()));
    await().atMost(Duration.ofSeconds(60)).until(() -> text("SELECT '' FROM throttle").isEmpty());
  }

  @Test
  @DisplayName("TH9 when nobody can count, nobody gets in, and a wrong password is not told")
  void letsNobodyInUncounted() {
    execute("BEGIN");
    execute("LOCK TABLE throttle IN ACCESS EXCLUSIVE MODE");
    try {
      for (Login login : List.of(right(null), wrong("ada"), wrong("nobody"))) {
        assertThat(refusal(() -> Harness.await(login(one, HOME, login))))
            .isIn(ErrorCode.UNAVAILABLE, ErrorCode.TIMED_OUT);
      }
    } finally {
      execute("ROLLBACK");
    }

    assertThat(outcome(one, HOME, right(null))).isNull();
  }

  @Test
  @DisplayName(
      "TH9 what a node left undecided when it died counts as wrong, and hinders for seconds")
  void goesOnAfterANodeDied() {
    outcome(one, HOME, wrong("ada"));
    execute("UPDATE throttle SET pending = 3, count = 8 WHERE get_byte(key, 0) = 3");

    assertThat(outcome(two, HOME, wrong("ada"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    ServiceException refusal = refused(two, HOME, right(null));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    pass("17 seconds");
    assertThat(outcome(two, HOME, right(null))).isNull();
  }

  @Test
  @DisplayName("TH10 ten registrations an hour from one network, taken names too, replays not")
  void boundsRegistrations() {
    Call keyed = Call.begin(null, 2_500).from(HOME).keyed("again");
    for (int i = 0; i < 5; i++) {
      patiently(
          () ->
              Harness.await(
                  one.node()
                      .client()
                      .call(
                          UserContract.REGISTER,
                          new Register("again", Client.PASSWORD),
                          Call.begin(null, 2_500).from(HOME).keyed(keyed.key()))));
    }
    for (int i = 0; i < 9; i++) {
      String name = i % 3 == 0 ? "ada" : "new-" + i;
      ErrorCode code = registration(HOME, name);
      assertThat(code).isEqualTo(i % 3 == 0 ? ErrorCode.CONFLICT : null);
    }

    assertThat(registration(HOME, "eleventh")).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(registration(HOME, "ada")).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(registration("203.0.113.9", "eleventh")).isNull();
    pass("1 hour");
    assertThat(registration(HOME, "twelfth")).isNull();
  }

  private ErrorCode registration(String source, String name) {
    return refusal(
        () ->
            patiently(
                () ->
                    Harness.await(
                        ask(
                            one,
                            UserContract.REGISTER,
                            new Register(name, Client.PASSWORD),
                            source))));
  }

  @Test
  @DisplayName("TH10 thirty refreshes a minute of one session")
  void boundsRefreshes() {
    one.node().options().limits().change(Map.of(Limit.REFRESHES, 5L));
    Tokens tokens = patiently(() -> Harness.await(login(one, HOME, right(null))));
    for (int i = 0; i < 5; i++) {
      Refresh refresh = new Refresh(tokens.refreshToken());
      tokens = patiently(() -> one.call(UserContract.REFRESH, refresh));
    }

    Refresh sixth = new Refresh(tokens.refreshToken());
    ServiceException refusal =
        catchThrowableOfType(
            ServiceException.class, () -> patiently(() -> one.call(UserContract.REFRESH, sixth)));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isBetween(40L, 60L);
    execute("UPDATE refresh_tokens SET issued_at = issued_at - interval '1 minute'");
    assertThat(patiently(() -> one.call(UserContract.REFRESH, sixth)).deviceToken()).isNull();
  }

  @Test
  @DisplayName("RT9 guesses of the current password with a stolen token are counted, too")
  void countsGuessesOfTheCurrentPassword() {
    Tokens stolen = patiently(() -> Harness.await(login(one, HOME, right(null))));
    ChangePassword guess = new ChangePassword(WRONG, "another correct horse");
    for (int i = 0; i < 5; i++) {
      assertThat(change(i % 2 == 0 ? one : two, stolen, guess)).isEqualTo(ErrorCode.INVALID);
    }

    ChangePassword rightOne = new ChangePassword(Client.PASSWORD, "another correct horse");
    assertThat(change(one, stolen, rightOne)).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    pass("12 minutes");
    assertThat(change(one, stolen, rightOne)).isNull();
  }

  private static ErrorCode change(Harness node, Tokens tokens, ChangePassword request) {
    return refusal(
        () ->
            patiently(
                () -> node.call(UserContract.CHANGE_PASSWORD, request, tokens.accessToken())));
  }

  @ParameterizedTest
  @ValueSource(strings = {"ada", "nobody"})
  @DisplayName("EN2 TH11 what is refused is not hashed, for known and unknown names alike")
  void hashesNothingThatIsRefused(String name) {
    for (int i = 0; i < 5; i++) {
      outcome(one, HOME, wrong(name));
    }
    execute("UPDATE throttle SET blocked_until = now() + interval '77 seconds'");
    double before = hashes();
    for (int i = 0; i < 20; i++) {
      ServiceException refusal = refused(i % 2 == 0 ? one : two, HOME, wrong(name));
      assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
      assertThat(refusal.retryAfter()).isBetween(60L, 77L);
    }

    assertThat(hashes()).isEqualTo(before);
  }
}
