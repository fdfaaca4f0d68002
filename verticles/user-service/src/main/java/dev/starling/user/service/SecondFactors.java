package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.RecoveryCodes;
import dev.starling.user.api.UserContract.TotpSecret;
import dev.starling.user.service.Accounts.Credentials;
import dev.starling.user.service.Throttle.Outcome;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.nio.charset.StandardCharsets;
import java.security.SecureRandom;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Asks for something besides the password, where a user wants that: a one-time password, or one of
 * ten recovery codes in its place. Each works once, also when it comes to two nodes at the same
 * moment, and wrong ones are counted for each account. That no session begins without, the database
 * sees to as well ({@code need_second_factor} in V7), since nodes of older releases know of none.
 */
final class SecondFactors {
  /** Of RFC 8176, as a session says how its user was recognised. */
  static final String OTP = "otp";

  static final List<String> PASSWORD = List.of("pwd");
  private static final List<String> BOTH = List.of("pwd", OTP, "mfa");

  private static final String WRONG = "one-time-code";
  private static final String ASKED = "second-factor";

  /** Where requests have the code. */
  private static final String CODE = "/one_time_code";

  private static final int CODES = 10;
  private static final int AT_ONCE = 100;

  /** Of five bits each. */
  private static final int CODE_LENGTH = 16;

  private static final Pattern ONE_TIME = Pattern.compile("[0-9]{6}");
  private static final Pattern RECOVERY = Pattern.compile("[a-z2-7]{16}");
  private static final String BASE32 = "abcdefghijklmnopqrstuvwxyz234567";

  private final Database database;
  private final KeyCipher cipher;
  private final OneTimePasswords passwords;
  private final Mac256 seals;
  private final Throttle throttle;
  private final Buckets buckets;
  private final String issuer;
  private final SecureRandom random = new SecureRandom();

  SecondFactors(
      Database database,
      KeyCipher cipher,
      OneTimePasswords passwords,
      Pepper pepper,
      Throttle throttle,
      Buckets buckets,
      String issuer) {
    this.database = database;
    this.cipher = cipher;
    this.passwords = passwords;
    this.seals = pepper.mac("seals of recovery codes");
    this.throttle = throttle;
    this.buckets = buckets;
    this.issuer = issuer;
  }

  /** What is done once it is known how the user was recognised. */
  interface Work<T> {
    Future<T> of(Database.Statements statements, List<String> amr);
  }

  /**
   * Does the work for a user who has given the right password, and the right code where one is
   * needed: that is used up if the work succeeds, and only then.
   *
   * @param code null for none
   * @return fails with {@link ErrorCode#FORBIDDEN} when a code is needed and this is not one, and
   *     with {@link ErrorCode#TOO_MANY_REQUESTS} after too many wrong ones
   */
  <T> Future<T> check(Call call, Credentials verified, String code, Work<T> work) {
    if (verified.totp() == null) {
      return work.of(database.statements(call), PASSWORD);
    }
    if (code == null || code.isBlank()) {
      return Future.failedFuture(
          ServiceException.ofField(
              ErrorCode.FORBIDDEN, CODE, ASKED, "A one-time password is needed"));
    }
    ServiceException wrong = wrong(ErrorCode.FORBIDDEN, CODE);
    return counted(
        call,
        verified.id(),
        wrong,
        () ->
            database.transaction(
                call,
                t ->
                    use(t, call, verified, code)
                        .compose(right -> right ? work.of(t, BOTH) : Future.failedFuture(wrong))));
  }

  static boolean isWrongCode(Throwable failure) {
    return breaks(failure, WRONG);
  }

  static boolean isAskedFor(Throwable failure) {
    return breaks(failure, ASKED);
  }

  private static boolean breaks(Throwable failure, String rule) {
    return ServiceException.of(failure).errors().stream().anyMatch(e -> e.rule().equals(rule));
  }

  private static ServiceException wrong(ErrorCode code, String pointer) {
    return ServiceException.ofField(
        code, pointer, WRONG, "is not a code of now, or was used before");
  }

  private <T> Future<T> counted(
      Call call, UUID user, ServiceException wrong, Supplier<Future<T>> attempt) {
    List<Bucket> counts = buckets.oneTime(user);
    return throttle.around(
        call,
        counts,
        counts.stream().map(Bucket::key).toList(),
        failure ->
            failure == null ? Outcome.RIGHT : failure == wrong ? Outcome.WRONG : Outcome.UNDONE,
        attempt);
  }

  /** Uses a code up; false when it is none, or was used before. */
  private Future<Boolean> use(
      Database.Statements statements, Call call, Credentials verified, String code) {
    String typed = code.replaceAll("[\\s-]", "").toLowerCase(Locale.ROOT);
    if (ONE_TIME.matcher(typed).matches()) {
      return step(verified.id(), verified.totp(), typed)
          .compose(
              step ->
                  step.isPresent()
                      ? take(statements, verified, step.get())
                      : Future.succeededFuture(false));
    }
    return RECOVERY.matcher(typed).matches()
        ? recover(statements, call, verified.id(), typed)
        : Future.succeededFuture(false);
  }

  private Future<Optional<Long>> step(UUID user, Buffer secret, String password) {
    byte[] text = cipher.decrypt(name(user), secret.getBytes());
    return passwords.step(new String(text, StandardCharsets.US_ASCII), password);
  }

  private static String name(UUID user) {
    return "one-time passwords of " + user;
  }

  private static Future<Boolean> take(
      Database.Statements statements, Credentials verified, long step) {
    return statements
        .query(
            """
            UPDATE users SET totp_step = $3
            WHERE id = $1 AND totp = $2 AND totp_step < $3""",
            verified.id(),
            verified.totp(),
            step)
        .map(rows -> rows.rowCount() == 1);
  }

  private Future<Boolean> recover(
      Database.Statements statements, Call call, UUID user, String code) {
    return statements
        .query(
            """
            WITH used AS (
              DELETE FROM recovery_codes WHERE user_id = $1 AND seal = ANY($2) RETURNING user_id)
            SELECT happened('recovery-code-used', user_id, $3) FROM used""",
            user,
            seals.each(bytes(user), bytes(code)).stream()
                .map(Buffer::buffer)
                .toArray(Buffer[]::new),
            Audit.by(call))
        .map(rows -> rows.size() == 1);
  }

  private static byte[] bytes(Object text) {
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  /**
   * Gives a user a secret, which counts from {@link #confirm} on.
   *
   * @return fails with {@link ErrorCode#CONFLICT} when one counts already
   */
  Future<TotpSecret> begin(Call call, Credentials verified) {
    String secret = OneTimePasswords.secret();
    byte[] encrypted =
        cipher.encrypt(name(verified.id()), secret.getBytes(StandardCharsets.US_ASCII));
    return database
        .query(
            call,
            """
            UPDATE users SET totp = $3, totp_kek = $4, totp_step = 0
            WHERE id = $1 AND version = $2 AND enabled AND totp_since IS NULL
            RETURNING username""",
            verified.id(),
            verified.version(),
            Buffer.buffer(encrypted),
            cipher.id())
        .map(
            rows ->
                Accounts.first(rows)
                    .map(row -> OneTimePasswords.uri(secret, issuer, row.getString("username")))
                    .map(uri -> new TotpSecret(secret, uri))
                    .orElseThrow(
                        () ->
                            conflict("One-time passwords are asked for already; end them first")));
  }

  private static ServiceException conflict(String detail) {
    return ServiceException.ofField(ErrorCode.CONFLICT, "", "one-time-passwords", detail);
  }

  /**
   * From a first right password on they are asked for; tells the recovery codes. All other sessions
   * end, since they began without.
   *
   * @param session of the caller, which goes on as one with a second factor
   */
  Future<RecoveryCodes> confirm(Call call, UUID user, UUID session, String code) {
    ServiceException wrong = wrong(ErrorCode.INVALID, "/code");
    return database
        .query(
            call, "SELECT totp FROM users WHERE id = $1 AND totp_since IS NULL AND enabled", user)
        .map(
            rows ->
                Accounts.first(rows)
                    .map(row -> row.getBuffer("totp"))
                    .orElseThrow(() -> conflict("There is no secret to confirm")))
        .compose(
            secret ->
                counted(
                    call,
                    user,
                    wrong,
                    () ->
                        right(user, secret, code)
                            .compose(
                                step ->
                                    step.map(s -> confirm(call, user, session, secret, s))
                                        .orElse(Future.failedFuture(wrong)))));
  }

  private Future<Optional<Long>> right(UUID user, Buffer secret, String code) {
    String typed = code.replaceAll("\\s", "");
    return ONE_TIME.matcher(typed).matches()
        ? step(user, secret, typed)
        : Future.succeededFuture(Optional.empty());
  }

  private Future<RecoveryCodes> confirm(
      Call call, UUID user, UUID session, Buffer secret, long step) {
    List<String> codes = Stream.generate(this::code).limit(CODES).toList();
    return database
        .transaction(
            call,
            t ->
                on(t, call, user, secret, step, codes)
                    .compose(
                        on ->
                            on
                                ? Sessions.strengthen(t, user, session, BOTH)
                                : Future.failedFuture(conflict("It was confirmed before"))))
        .map(v -> new RecoveryCodes(codes.stream().map(SecondFactors::shown).toList()));
  }

  private Future<Boolean> on(
      Database.Statements statements,
      Call call,
      UUID user,
      Buffer secret,
      long step,
      List<String> codes) {
    return statements
        .query(
            """
            WITH confirmed AS (
              UPDATE users SET totp_since = now(), totp_step = $3
              WHERE id = $1 AND totp = $2 AND totp_since IS NULL AND enabled
              RETURNING id, happened('second-factor-on', id, $5)),
            given AS (
              INSERT INTO recovery_codes (user_id, seal)
              SELECT id, unnest($4::bytea[]) FROM confirmed)
            SELECT id FROM confirmed""",
            user,
            secret,
            step,
            codes.stream()
                .map(c -> Buffer.buffer(seals.of(bytes(user), bytes(c))))
                .toArray(Buffer[]::new),
            Audit.by(call))
        .map(rows -> rows.size() == 1);
  }

  /** Encrypts anew, by the key that is used now, what was encrypted by another one. */
  Future<Void> encryptAgain() {
    return Jobs.portions(this::encryptSomeAgain);
  }

  private Future<Boolean> encryptSomeAgain() {
    return database
        .jobs()
        .transaction(
            statements ->
                statements
                    .query(
                        """
                        SELECT id, totp FROM users WHERE totp_kek <> $1
                        LIMIT $2 FOR UPDATE SKIP LOCKED""",
                        cipher.id(),
                        AT_ONCE)
                    .compose(
                        rows ->
                            Future.join(
                                    rows.stream()
                                        .map(row -> encryptAgain(statements, row))
                                        .toList())
                                .map(rows.size())))
        .map(done -> done == AT_ONCE);
  }

  private Future<?> encryptAgain(Database.Statements statements, Row row) {
    UUID user = row.getUUID("id");
    byte[] secret = cipher.decrypt(name(user), row.getBuffer("totp").getBytes());
    return statements.query(
        "UPDATE users SET totp = $2, totp_kek = $3 WHERE id = $1",
        user,
        Buffer.buffer(cipher.encrypt(name(user), secret)),
        cipher.id());
  }

  private String code() {
    return random
        .ints(CODE_LENGTH, 0, BASE32.length())
        .mapToObj(BASE32::charAt)
        .map(String::valueOf)
        .collect(Collectors.joining());
  }

  /** In groups of four. */
  private static String shown(String code) {
    return String.join("-", code.split("(?<=\\G.{4})"));
  }

  /**
   * From now on the password is enough, whoever wants it.
   *
   * @return whether there is such a user
   */
  static Future<Boolean> end(Database.Statements statements, Call call, UUID user) {
    return statements
        .query(
            """
            WITH there AS (SELECT id FROM users WHERE id = $1 AND deleted_at IS NULL),
            codes AS (DELETE FROM recovery_codes WHERE user_id = $1),
            ended AS (
              UPDATE users SET totp = NULL, totp_kek = NULL, totp_since = NULL
              WHERE id = $1 AND totp_since IS NOT NULL AND deleted_at IS NULL
              RETURNING happened('second-factor-off', id, $2) AS entry)
            SELECT (SELECT entry FROM ended) FROM there""",
            user,
            Audit.by(call))
        .map(rows -> rows.size() == 1);
  }

  /** What a user asks for who has none to end. */
  static ServiceException none() {
    return conflict("No one-time passwords are asked for");
  }
}
