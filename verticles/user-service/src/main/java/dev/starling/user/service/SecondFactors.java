package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.RecoveryCodes;
import dev.starling.user.api.UserContract.TotpSecret;
import dev.starling.user.service.Accounts.Credentials;
import dev.starling.user.service.Throttle.Outcome;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
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
 * moment, and wrong ones are counted for each account.
 */
final class SecondFactors {
  /** Of RFC 8176, as a session says how its user was recognised. */
  static final String OTP = "otp";

  static final List<String> PASSWORD = List.of("pwd");
  private static final List<String> BOTH = List.of("pwd", OTP, "mfa");

  private static final int CODES = 10;

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

  /**
   * How a user is recognised who has given the right password.
   *
   * @param code null for none
   * @return fails with {@link ErrorCode#FORBIDDEN} when a code is needed and this is not one, and
   *     with {@link ErrorCode#TOO_MANY_REQUESTS} after too many wrong ones
   */
  Future<List<String>> check(Call call, Credentials verified, String code) {
    if (verified.totp() == null) {
      return Future.succeededFuture(PASSWORD);
    }
    if (code == null || code.isBlank()) {
      return Future.failedFuture(
          ServiceException.ofField(
              ErrorCode.FORBIDDEN,
              "/one_time_code",
              "second-factor",
              "A one-time password is needed"));
    }
    return counted(
            call,
            verified.id(),
            wrong(ErrorCode.FORBIDDEN, "/one_time_code"),
            () -> use(call, verified, code))
        .map(BOTH);
  }

  private static ServiceException wrong(ErrorCode code, String pointer) {
    return ServiceException.ofField(
        code, pointer, "one-time-code", "is not a code of now, or was used before");
  }

  private <T> Future<T> counted(
      Call call, UUID user, ServiceException wrong, Supplier<Future<Optional<T>>> attempt) {
    List<Bucket> counts = buckets.oneTime(user);
    return throttle.around(
        call,
        counts,
        counts.stream().map(Bucket::key).toList(),
        failure ->
            failure == null ? Outcome.RIGHT : failure == wrong ? Outcome.WRONG : Outcome.UNDONE,
        () ->
            attempt
                .get()
                .compose(
                    right ->
                        right.map(Future::succeededFuture).orElse(Future.failedFuture(wrong))));
  }

  /** Uses a code up; empty when it is none, or was used before. */
  private Future<Optional<Done>> use(Call call, Credentials verified, String code) {
    String typed = code.replaceAll("[\\s-]", "").toLowerCase(Locale.ROOT);
    if (ONE_TIME.matcher(typed).matches()) {
      return step(verified.id(), verified.totp(), typed)
          .compose(step -> step.isPresent() ? take(call, verified, step.get()) : none());
    }
    return RECOVERY.matcher(typed).matches() ? recover(call, verified.id(), typed) : none();
  }

  private static <T> Future<Optional<T>> none() {
    return Future.succeededFuture(Optional.empty());
  }

  private static Optional<Done> one(RowSet<Row> rows) {
    return Accounts.first(rows).map(row -> new Done());
  }

  private Future<Optional<Long>> step(UUID user, Buffer secret, String password) {
    byte[] text = cipher.decrypt(name(user), secret.getBytes());
    return passwords.step(new String(text, StandardCharsets.US_ASCII), password);
  }

  private static String name(UUID user) {
    return "one-time passwords of " + user;
  }

  private Future<Optional<Done>> take(Call call, Credentials verified, long step) {
    return database
        .query(
            call,
            """
            UPDATE users SET totp_step = $3
            WHERE id = $1 AND totp = $2 AND totp_step < $3 RETURNING id""",
            verified.id(),
            verified.totp(),
            step)
        .map(SecondFactors::one);
  }

  private Future<Optional<Done>> recover(Call call, UUID user, String code) {
    return database
        .query(
            call,
            """
            WITH used AS (
              DELETE FROM recovery_codes WHERE user_id = $1 AND seal = ANY($2) RETURNING user_id)
            SELECT happened('recovery-code-used', user_id, $3) FROM used""",
            user,
            seals.each(bytes(user), bytes(code)).stream()
                .map(Buffer::buffer)
                .toArray(Buffer[]::new),
            Audit.by(call))
        .map(SecondFactors::one);
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
            UPDATE users SET totp = $3, totp_kek = $4
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
    return ServiceException.ofField(ErrorCode.CONFLICT, "", "second-factor", detail);
  }

  /** From a first right password on they are asked for; tells the recovery codes. */
  Future<RecoveryCodes> confirm(Call call, UUID user, String code) {
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
                    wrong(ErrorCode.INVALID, "/code"),
                    () -> confirm(call, user, secret, code.replaceAll("\\s", ""))));
  }

  private Future<Optional<RecoveryCodes>> confirm(
      Call call, UUID user, Buffer secret, String code) {
    if (!ONE_TIME.matcher(code).matches()) {
      return none();
    }
    List<String> codes = Stream.generate(this::code).limit(CODES).toList();
    return step(user, secret, code)
        .compose(step -> step.isPresent() ? on(call, user, secret, step.get(), codes) : none())
        .map(
            on ->
                on.map(
                    done -> new RecoveryCodes(codes.stream().map(SecondFactors::shown).toList())));
  }

  private Future<Optional<Done>> on(
      Call call, UUID user, Buffer secret, long step, List<String> codes) {
    return database
        .query(
            call,
            """
            WITH confirmed AS (
              UPDATE users SET totp_since = now(), totp_step = $3
              WHERE id = $1 AND totp = $2 AND totp_step < $3 AND totp_since IS NULL AND enabled
              RETURNING id, happened('second-factor-on', id, $5)),
            given AS (
              INSERT INTO recovery_codes (user_id, seal)
              SELECT id, unnest($4::bytea[]) FROM confirmed)
            SELECT id FROM confirmed""",
            user,
            secret,
            step,
            codes.stream().map(c -> Buffer.buffer(seals.of(bytes(user), bytes(c)))).toArray(Buffer[]::new),
            Audit.by(call))
        .map(SecondFactors::one);
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
   * From now on the password is enough.
   *
   * @param code one of now, or a recovery code
   */
  Future<Done> end(Call call, Credentials verified, String code) {
    if (verified.totp() == null) {
      return Future.failedFuture(conflict("No one-time passwords are asked for"));
    }
    return counted(
            call,
            verified.id(),
            wrong(ErrorCode.INVALID, "/oneTimeCode"),
            () -> use(call, verified, code))
        .compose(v -> off(call, verified.id()))
        .map(new Done());
  }

  /** Whoever wants it; says whether there is such a user. */
  Future<Boolean> off(Call call, UUID user) {
    return database
        .query(
            call,
            """
            WITH codes AS (DELETE FROM recovery_codes WHERE user_id = $1)
            UPDATE users SET totp = NULL, totp_kek = NULL, totp_since = NULL
            WHERE id = $1 AND deleted_at IS NULL
            RETURNING happened('second-factor-off', id, $2)""",
            user,
            Audit.by(call))
        .map(rows -> rows.size() == 1);
  }
}
