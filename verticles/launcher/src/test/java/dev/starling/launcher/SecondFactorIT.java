package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.FieldError;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.AccountById;
import dev.starling.user.api.UserContract.BeginTotp;
import dev.starling.user.api.UserContract.ChangeName;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.ConfirmTotp;
import dev.starling.user.api.UserContract.DeleteMe;
import dev.starling.user.api.UserContract.EndTotp;
import dev.starling.user.api.UserContract.FirstAdministrator;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Me;
import dev.starling.user.api.UserContract.RecoveryCodes;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.TotpSecret;
import io.vertx.core.json.JsonObject;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.UUID;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** One-time passwords and recovery codes, on two nodes. */
@Timeout(180)
class SecondFactorIT extends TwoUserNodes {
  private static final String BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

  /** The password of now by RFC 6238, computed here once more; none counts as used any longer. */
  private String password(String secret) {
    execute("UPDATE users SET totp_step = 0");
    ByteBuffer key = ByteBuffer.allocate(20);
    long bits = 0;
    for (int i = 0; i < secret.length(); i++) {
      bits = bits << 5 | BASE32.indexOf(secret.charAt(i));
      if (i % 8 == 7) {
        for (int shift = 32; shift >= 0; shift -= 8) {
          key.put((byte) (bits >>> shift));
        }
        bits = 0;
      }
    }
    try {
      Mac mac = Mac.getInstance("HmacSHA1");
      mac.init(new SecretKeySpec(key.array(), "HmacSHA1"));
      byte[] hash =
          mac.doFinal(ByteBuffer.allocate(8).putLong(System.currentTimeMillis() / 30_000).array());
      int number = ByteBuffer.wrap(hash).getInt(hash[19] & 0xf) & 0x7fffffff;
      return "%06d".formatted(number % 1_000_000);
    } catch (GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static Login with(String code) {
    return new Login("ada", Client.PASSWORD, null, code);
  }

  private static Tokens login(Harness node, String code) {
    return patiently(() -> node.call(UserContract.LOGIN, with(code)));
  }

  /** The rule that a log-in breaks; null for none. */
  private static String broken(Harness node, String code) {
    ServiceException refusal =
        catchThrowableOfType(ServiceException.class, () -> login(node, code));
    if (refusal == null) {
      return null;
    }
    return refusal.errors().stream()
        .findFirst()
        .map(FieldError::rule)
        .orElse(refusal.code().name());
  }

  private TotpSecret begin(String token) {
    return patiently(
        () -> one.call(UserContract.BEGIN_TOTP, new BeginTotp(Client.PASSWORD), token));
  }

  private RecoveryCodes confirm(String token, String code) {
    return patiently(() -> two.call(UserContract.CONFIRM_TOTP, new ConfirmTotp(code), token));
  }

  private record Enrolled(String token, String secret, List<String> codes) {}

  private Enrolled enrol() {
    String token = login(one).accessToken();
    String secret = begin(token).secret();
    return new Enrolled(token, secret, confirm(token, password(secret)).codes());
  }

  private static JsonObject claims(Tokens tokens) {
    String payload = tokens.accessToken().split("\\.")[1];
    return new JsonObject(new String(Base64.getUrlDecoder().decode(payload), US_ASCII));
  }

  @Test
  @DisplayName("OP2 from the first right one on log-ins need a one-time password, and say so")
  void isAskedFor() {
    String token = login(one).accessToken();
    TotpSecret secret = begin(token);
    assertThat(secret.uri()).contains("secret=" + secret.secret()).contains("ada");
    assertThat(broken(two, null)).as("not confirmed yet").isNull();
    assertThat(refusal(() -> confirm(token, "000000"))).isEqualTo(ErrorCode.INVALID);
    assertThat(confirm(token, password(secret.secret())).codes())
        .hasSize(10)
        .doesNotHaveDuplicates()
        .allMatch(code -> code.matches("([a-z2-7]{4}-){3}[a-z2-7]{4}"));

    assertThat(patiently(() -> one.call(UserContract.ME, new Me(), token)).secondFactor()).isTrue();
    assertThat(broken(two, null)).isEqualTo("second-factor");
    assertThat(broken(two, "")).isEqualTo("second-factor");
    assertThat(broken(two, "000000")).isEqualTo("one-time-code");
    Tokens tokens = login(two, password(secret.secret()));
    assertThat(claims(tokens).getJsonArray("amr")).containsExactly("pwd", "otp", "mfa");
    assertThat(claims(login(two, password(secret.secret()))).getJsonArray("amr")).contains("otp");
  }

  @Test
  @DisplayName("OP2 AT1 a token says that the password was all that was given")
  void saysHow() {
    assertThat(claims(login(one)).getJsonArray("amr")).containsExactly("pwd");
  }

  @Test
  @DisplayName("OP2 of 32 log-ins with one password at once on two nodes one gets in")
  void takesEachOnce() {
    Enrolled ada = enrol();
    String code = password(ada.secret());
    List<ErrorCode> codes =
        atOnce(
            32, i -> (i % 2 == 0 ? one : two).node().client().call(UserContract.LOGIN, with(code)));

    assertThat(codes.stream().filter(Objects::isNull)).hasSize(1);
    execute("DELETE FROM throttle");
    assertThat(broken(one, code)).as("in the same 30 seconds").isEqualTo("one-time-code");
  }

  @Test
  @DisplayName("OP2 TH10 after five wrong one-time passwords none is taken for 15 minutes")
  void countsWrongOnes() {
    Enrolled ada = enrol();
    for (int i = 0; i < 5; i++) {
      assertThat(broken(i % 2 == 0 ? one : two, "00000" + i)).isEqualTo("one-time-code");
    }

    ServiceException refusal =
        catchThrowableOfType(ServiceException.class, () -> login(two, password(ada.secret())));
    assertThat(refusal.code()).isEqualTo(ErrorCode.TOO_MANY_REQUESTS);
    assertThat(refusal.retryAfter()).isBetween(600L, 900L);
    execute("UPDATE throttle SET expires_at = now() WHERE get_byte(key, 0) = 8");
    assertThat(broken(two, password(ada.secret()))).isNull();
  }

  @Test
  @DisplayName("OP2 each of ten recovery codes takes the place of a password, once")
  void recovers() {
    Enrolled ada = enrol();
    String code = ada.codes().get(0);
    List<ErrorCode> codes =
        atOnce(
            8, i -> (i % 2 == 0 ? one : two).node().client().call(UserContract.LOGIN, with(code)));
    assertThat(codes.stream().filter(Objects::isNull)).hasSize(1);

    execute("DELETE FROM throttle");
    assertThat(broken(one, code)).isEqualTo("one-time-code");
    String typed = ada.codes().get(9).replace("-", " ").toUpperCase(Locale.ROOT);
    assertThat(broken(one, typed)).as("typed otherwise").isNull();
    assertThat(text("SELECT count(*)::text FROM recovery_codes")).containsExactly("8");
  }

  @Test
  @DisplayName(
      "OP2 neither secret nor codes can be read in the database, nor moved to another user")
  void isEncrypted() {
    Enrolled ada = enrol();
    String dump =
        String.join(
            "\n",
            text("SELECT users::text FROM users UNION ALL SELECT c::text FROM recovery_codes c"));
    String hex = java.util.HexFormat.of().formatHex(ada.secret().getBytes(US_ASCII));
    assertThat(dump).doesNotContain(ada.secret()).doesNotContain(hex);
    assertThat(ada.codes()).noneMatch(code -> dump.contains(code.replace("-", "")));

    patiently(() -> Harness.await(register(one, "eve")));
    execute(
        """
        UPDATE users SET totp_since = now(), totp_kek = 'x',
          totp = (SELECT totp FROM users WHERE username = 'ada') WHERE username = 'eve'""");
    execute("UPDATE recovery_codes SET user_id = (SELECT id FROM users WHERE username = 'eve')");
    Login eve = new Login("eve", Client.PASSWORD, null, password(ada.secret()));
    assertThat(refusal(() -> one.call(UserContract.LOGIN, eve))).isNotNull();
    Login code = new Login("eve", Client.PASSWORD, null, ada.codes().get(1));
    assertThat(refusal(() -> patiently(() -> one.call(UserContract.LOGIN, code))))
        .isEqualTo(ErrorCode.FORBIDDEN);
  }

  @Test
  @DisplayName("OP2 it ends with the password and a code, and recovery codes end with it")
  void ends() {
    Enrolled ada = enrol();
    assertThat(refusal(() -> begin(ada.token()))).as("on already").isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(refusal(() -> end(ada, "not her password", ada.codes().get(2))))
        .isEqualTo(ErrorCode.INVALID);
    assertThat(refusal(() -> end(ada, Client.PASSWORD, "000000"))).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(broken(one, null)).isEqualTo("second-factor");

    assertThat(refusal(() -> end(ada, Client.PASSWORD, ada.codes().get(3)))).isNull();
    assertThat(broken(two, null)).isNull();
    assertThat(text("SELECT user_id::text FROM recovery_codes")).isEmpty();
    assertThat(refusal(() -> end(ada, Client.PASSWORD, ada.codes().get(4))))
        .isEqualTo(ErrorCode.CONFLICT);
  }

  private void end(Enrolled ada, String password, String code) {
    patiently(() -> one.call(UserContract.END_TOTP, new EndTotp(password, code), ada.token()));
  }

  @Test
  @DisplayName("OP2 an administrator ends it for who has lost everything; nobody else can")
  void isEndedByAdministrators() throws Exception {
    Enrolled ada = enrol();
    UUID id = UUID.fromString(text("SELECT id::text FROM users").get(0));
    assertThat(refused(one, UserContract.END_SECOND_FACTOR, new AccountById(id), ada.token()))
        .isEqualTo(ErrorCode.FORBIDDEN);

    patiently(() -> Harness.await(register(one, "root-ada")));
    String secret = Files.readString(one.node().secrets().file(Secrets.ADMINISTRATOR));
    patiently(
        () ->
            one.call(UserContract.FIRST_ADMINISTRATOR, new FirstAdministrator("root-ada", secret)));
    String token =
        patiently(() -> one.call(UserContract.LOGIN, new Login("root-ada", Client.PASSWORD)))
            .accessToken();
    patiently(() -> one.call(UserContract.END_SECOND_FACTOR, new AccountById(id), token));
    assertThat(broken(two, null)).isNull();
    assertThat(
            text("SELECT (actor <> subject)::text FROM audit WHERE action = 'second-factor-off'"))
        .containsExactly("true");
    assertThat(
            refused(one, UserContract.END_SECOND_FACTOR, new AccountById(UUID.randomUUID()), token))
        .isEqualTo(ErrorCode.NOT_FOUND);
  }

  @Test
  @DisplayName("RT6 a session with a second factor lasts 12 hours, 30 minutes without use")
  void endsSooner() {
    Enrolled ada = enrol();
    execute("DELETE FROM sessions");
    Tokens tokens = login(one, password(ada.secret()));
    assertThat(lifetimes()).containsExactly("12:00:00 00:30:00");

    patiently(() -> two.call(UserContract.REFRESH, new Refresh(tokens.refreshToken())));
    assertThat(lifetimes()).containsExactly("12:00:00 00:30:00", "12:00:00 00:30:00");
    execute("UPDATE sessions SET absolute_expiry = now()");
    assertThat(refusal(() -> two.call(UserContract.REFRESH, new Refresh(tokens.refreshToken()))))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  private List<String> lifetimes() {
    return text(
        """
        SELECT (absolute_expiry - created_at) || ' ' || (expires_at - issued_at)
        FROM sessions JOIN refresh_tokens ON session_id = sessions.id ORDER BY generation""");
  }

  @Test
  @DisplayName("TH5 a one-time password is the second proof after a hundred wrong passwords")
  void isTheSecondProof() {
    Enrolled ada = enrol();
    Login wrong = new Login("ada", "not her password");
    assertThat(refusal(() -> patiently(() -> one.call(UserContract.LOGIN, wrong))))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    execute(
        "UPDATE throttle SET count = 100, blocked_until = expires_at WHERE get_byte(key, 0) = 5");

    ServiceException refusal = catchThrowableOfType(ServiceException.class, () -> login(one, null));
    assertThat(refusal.errors()).extracting(FieldError::rule).containsExactly("second-proof");
    assertThat(broken(two, "000000")).isEqualTo("one-time-code");
    assertThat(broken(two, password(ada.secret()))).isNull();
    assertThat(broken(two, null)).as("forgiven").isEqualTo("second-factor");
  }

  @Test
  @DisplayName("OP2 RT6 sessions that began without it end, but the one that confirmed it")
  void endsOtherSessions() {
    Tokens other = login(one);
    Enrolled ada = enrol();
    assertThat(
            refusal(
                () ->
                    patiently(
                        () -> one.call(UserContract.REFRESH, new Refresh(other.refreshToken())))))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(patiently(() -> two.call(UserContract.ME, new Me(), ada.token())).username())
        .isEqualTo("ada");
    assertThat(text("SELECT amr::text FROM sessions WHERE revoked_at IS NULL"))
        .containsExactly("{pwd,otp,mfa}");
  }

  @Test
  @DisplayName("OP2 MG3 a release that knows no second factor begins no session without it")
  void isNeededByTheReleaseBefore() {
    enrol();
    String before = text("SELECT count(*)::text FROM sessions").get(0);
    execute(
        """
        INSERT INTO sessions (id, user_id, absolute_expiry)
        SELECT gen_random_uuid(), id, now() + interval '1 day' FROM users""");
    assertThat(text("SELECT count(*)::text FROM sessions")).containsExactly(before);
  }

  @Test
  @DisplayName("OP2 RT9 what needs the password again needs the code again")
  void isNeededForChanges() {
    Enrolled ada = enrol();
    String next = "an entirely different one";
    assertThat(
            refused(
                one,
                UserContract.CHANGE_PASSWORD,
                new ChangePassword(Client.PASSWORD, next),
                ada.token()))
        .isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(
            refused(
                one,
                UserContract.CHANGE_NAME,
                new ChangeName("ada-2", Client.PASSWORD, "000000"),
                ada.token()))
        .isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(refused(one, UserContract.DELETE_ME, new DeleteMe(Client.PASSWORD), ada.token()))
        .isEqualTo(ErrorCode.FORBIDDEN);

    Tokens tokens =
        patiently(
            () ->
                two.call(
                    UserContract.CHANGE_PASSWORD,
                    new ChangePassword(Client.PASSWORD, next, password(ada.secret())),
                    ada.token()));
    assertThat(claims(tokens).getJsonArray("amr")).contains("otp");
  }

  @Test
  @DisplayName("EN1 TH6 a code tells nothing of an account that asks for none, nor lets one guess")
  void tellsNothing() {
    patiently(() -> Harness.await(register(one, "plain")));
    for (String name : List.of("plain", "nobody")) {
      for (String password : List.of(Client.PASSWORD, "not the password")) {
        Login login = new Login(name, password, null, "123456");
        assertThat(refusal(() -> patiently(() -> one.call(UserContract.LOGIN, login))))
            .isEqualTo(ErrorCode.UNAUTHENTICATED);
      }
    }
    Login blank = new Login("plain", Client.PASSWORD, null, " ");
    assertThat(refusal(() -> patiently(() -> one.call(UserContract.LOGIN, blank)))).isNull();
  }

  @Test
  @DisplayName("OP2 a code is used up by a log-in that succeeds, and by no other")
  void keepsCodesOfWhatFails() {
    Enrolled ada = enrol();
    execute(
        """
        CREATE FUNCTION away() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'away'; END $$""");
    execute(
        "CREATE TRIGGER away BEFORE INSERT ON refresh_tokens FOR EACH ROW EXECUTE FUNCTION away()");
    assertThat(refusal(() -> one.call(UserContract.LOGIN, with(ada.codes().get(0))))).isNotNull();
    execute("DROP TRIGGER away ON refresh_tokens");
    execute("DROP FUNCTION away");
    assertThat(broken(two, ada.codes().get(0))).isNull();
  }

  @Test
  @DisplayName("TL6 the secret of one-time passwords is encrypted anew by the key of now")
  void isEncryptedAnew() {
    Enrolled ada = enrol();
    List<String> before = text("SELECT encode(totp, 'hex') FROM users");
    execute("UPDATE users SET totp_kek = 'another'");
    start();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> !text("SELECT totp_kek FROM users").contains("another"));
    assertThat(text("SELECT encode(totp, 'hex') FROM users")).isNotEqualTo(before);
    assertThat(broken(two, password(ada.secret()))).isNull();
  }

  @Test
  @DisplayName("RT10 nothing of it is left when the account is deleted")
  void goesWithTheAccount() {
    Enrolled ada = enrol();
    patiently(
        () ->
            one.call(
                UserContract.DELETE_ME,
                new DeleteMe(Client.PASSWORD, ada.codes().get(5)),
                ada.token()));
    assertThat(text("SELECT totp::text FROM users WHERE totp IS NOT NULL")).isEmpty();
    assertThat(text("SELECT user_id::text FROM recovery_codes")).isEmpty();
  }
}
