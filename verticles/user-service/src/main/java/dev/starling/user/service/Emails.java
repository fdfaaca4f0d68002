package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.service.Accounts.Credentials;
import dev.starling.user.service.Throttle.Outcome;
import io.vertx.core.Future;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;

/**
 * Addresses of accounts. One is an account's once a code has come back that was sent there, so that
 * nobody claims another's; whether an address is known is told to the address alone.
 *
 * <p>All that sends mail writes it down in the transaction that wants it; {@link Postman} sends it.
 */
final class Emails {
  private static final String ADDRESS_KEY = "users_email_key";

  private final Database database;
  private final SealedIds codes;
  private final Throttle throttle;
  private final Buckets buckets;
  private final boolean sending;

  /**
   * @param codes of mails
   * @param sending whether there is a mail server
   */
  Emails(Database database, SealedIds codes, Throttle throttle, Buckets buckets, boolean sending) {
    this.database = database;
    this.codes = codes;
    this.throttle = throttle;
    this.buckets = buckets;
    this.sending = sending;
  }

  /**
   * An address as somebody typed it.
   *
   * @throws ServiceException {@link ErrorCode#INVALID} for what is none, and where no mail is sent
   */
  Email typed(String pointer, String text) {
    if (!sending) {
      throw ServiceException.ofField(
          ErrorCode.INVALID, pointer, "mail", "No mail is sent here, so that no address is kept");
    }
    return Email.at(pointer, text);
  }

  /**
   * Does what sends a mail with a code, unless that was done too often.
   *
   * @return fails with {@link ErrorCode#TOO_MANY_REQUESTS} then
   */
  <T> Future<T> counted(Call call, Email email, Supplier<Future<T>> work) {
    return throttle.around(
        call,
        buckets.mail(email.key(), call.source()),
        List.of(),
        failure -> failure == null ? Outcome.WRONG : Outcome.UNDONE,
        work);
  }

  /** Sends a code to another address of a user, or that it is known to the one who has it. */
  Future<Done> change(Call call, Credentials verified, Email email) {
    return counted(call, email, () -> database.transaction(call, t -> ask(t, verified, email)));
  }

  /** Codes that were sent to others of the user's addresses are of no use any more. */
  private static Future<Done> ask(Database.Statements statements, Credentials user, Email email) {
    return statements
        .query(
            "SELECT id FROM users WHERE id = $1 AND version = $2 AND enabled FOR UPDATE",
            user.id(),
            user.version())
        .compose(
            there ->
                there.size() == 0
                    ? Reauthentication.<RowSet<Row>>wrong("/password")
                    : statements.query(
                        """
                        UPDATE mails SET used_at = now()
                        WHERE user_id = $1 AND kind = 'verify-email' AND used_at IS NULL""",
                        user.id()))
        .compose(
            v ->
                statements.query(
                    "SELECT verify_email($1, $2, $3, $4)",
                    user.id(),
                    email.address(),
                    email.key(),
                    user.version()))
        .map(new Done());
  }

  /** Makes the address of a mail the user's who asked for it. */
  Future<Done> verify(Call call, UUID user, String code) {
    return tried(
        call,
        () ->
            codes
                .read(code)
                .map(mail -> database.transaction(call, t -> take(t, call, user, mail)))
                .orElseGet(Emails::wrong));
  }

  /**
   * Tries a code, right or wrong, unless that was done too often.
   *
   * @return fails with {@link ErrorCode#TOO_MANY_REQUESTS} then
   */
  <T> Future<T> tried(Call call, Supplier<Future<T>> attempt) {
    return throttle.around(
        call, buckets.code(call.source()), List.of(), failure -> Outcome.WRONG, attempt);
  }

  static <T> Future<T> wrong() {
    return Future.failedFuture(
        ServiceException.ofField(
            ErrorCode.INVALID, "/code", "code", "is not a code of a mail, too old, or was used"));
  }

  /** The user's row is locked first, by whatever changes password or address. */
  private static Future<Done> take(
      Database.Statements statements, Call call, UUID user, UUID mail) {
    return statements
        .query("SELECT version FROM users WHERE id = $1 AND enabled FOR UPDATE", user)
        .map(Accounts::first)
        .compose(
            owner ->
                owner.isEmpty()
                    ? Emails.<RowSet<Row>>wrong()
                    : statements.query(
                        """
                        UPDATE mails SET used_at = now()
                        WHERE id = $1 AND user_id = $2 AND version = $3 AND kind = 'verify-email'
                          AND used_at IS NULL AND expires_at > now()
                        RETURNING address""",
                        mail,
                        user,
                        owner.get().getLong("version")))
        .map(Accounts::first)
        .compose(
            used ->
                used.map(row -> set(statements, call, user, row.getString("address")))
                    .orElseGet(Emails::wrong));
  }

  /** Tells the address of before, whose owner should know. */
  private static Future<Done> set(
      Database.Statements statements, Call call, UUID user, String address) {
    Email email = Email.of(address).orElseThrow();
    return statements
        .query(
            """
            INSERT INTO mails (kind, user_id, address, expires_at)
            SELECT 'email-changed', id, email, now() + interval '1 day' FROM users
            WHERE id = $1 AND email IS NOT NULL""",
            user)
        .compose(
            v ->
                statements.query(
                    """
                    UPDATE users SET email = $2, email_key = $3 WHERE id = $1
                    RETURNING happened('email-changed', id, $4)""",
                    user,
                    email.address(),
                    email.key(),
                    Audit.by(call)))
        .map(new Done())
        .recover(
            failure ->
                failure instanceof PgException refusal
                        && ADDRESS_KEY.equals(refusal.getConstraint())
                    ? Future.failedFuture(
                        ServiceException.ofField(
                            ErrorCode.CONFLICT,
                            "/code",
                            "unique",
                            "This address is another account's by now"))
                    : Future.failedFuture(failure));
  }

  /** Sends a code for another password to an address, if it is an account's. */
  Future<Done> startReset(Call call, Email email) {
    return counted(
        call,
        email,
        () ->
            database
                .query(
                    call,
                    """
                    WITH asked AS (
                      INSERT INTO mails (kind, user_id, address, version, expires_at)
                      SELECT 'reset-password', id, email, version, now() + interval '30 minutes'
                      FROM users WHERE email_key = $1 AND enabled FOR KEY SHARE
                      RETURNING user_id)
                    SELECT happened('reset-requested', (SELECT user_id FROM asked), $2)""",
                    email.key(),
                    Audit.byNobody(call))
                .map(new Done()));
  }

  /**
   * Sends a user a code for another password, on somebody else's wish.
   *
   * @return fails with {@link ErrorCode#NOT_FOUND} or, without an address, {@link
   *     ErrorCode#CONFLICT}
   */
  Future<Done> sendReset(Call call, UUID user) {
    return database
        .query(
            call,
            """
            WITH there AS (
              SELECT id, email, version, email IS NOT NULL AND enabled AND $3 AS reachable
              FROM users WHERE id = $1 AND deleted_at IS NULL FOR KEY SHARE),
            sent AS (
              INSERT INTO mails (kind, user_id, address, version, expires_at)
              SELECT 'reset-password', id, email, version, now() + interval '30 minutes'
              FROM there WHERE reachable)
            SELECT reachable, CASE WHEN reachable THEN happened('reset-sent', id, $2) END
            FROM there""",
            user,
            Audit.by(call),
            sending)
        .map(
            rows -> {
              Row row =
                  Accounts.first(rows)
                      .orElseThrow(
                          () -> new ServiceException(ErrorCode.NOT_FOUND, "There is no such user"));
              if (!row.getBoolean("reachable")) {
                throw new ServiceException(
                    ErrorCode.CONFLICT,
                    "The account has no address, or is disabled, or no mail is sent here");
              }
              return new Done();
            });
  }

  /** Whose password a code may replace; empty when it may not. */
  Future<Optional<Credentials>> resettable(Call call, UUID mail) {
    return database
        .query(
            call,
            Accounts.CREDENTIALS
                + """
                 WHERE enabled AND (id, version, email) IN (
                  SELECT user_id, mails.version, address FROM mails
                  WHERE mails.id = $1 AND kind = 'reset-password' AND used_at IS NULL
                    AND expires_at > now())""",
            mail)
        .map(rows -> Accounts.first(rows).map(Accounts::credentials));
  }

  /** The id of the mail that a code is of. */
  Optional<UUID> mail(String code) {
    return codes.read(code);
  }

  /**
   * Replaces a password, once for a code; says whether it did.
   *
   * @param forgiven keys of what counts no more, since the address is a second proof
   */
  Future<Boolean> reset(
      Call call, UUID mail, Credentials found, String hash, List<byte[]> forgiven) {
    return database.transaction(
        call,
        transaction ->
            transaction
                .query(
                    """
                    WITH owner AS MATERIALIZED (
                      SELECT id, email FROM users
                      WHERE id = $2 AND version = $3 AND enabled FOR UPDATE),
                    used AS (
                      UPDATE mails SET used_at = now() FROM owner
                      WHERE mails.id = $1 AND user_id = owner.id AND address = owner.email
                        AND used_at IS NULL AND expires_at > now()
                      RETURNING user_id)
                    UPDATE users SET password_hash = $4, version = version + 1
                    FROM used WHERE id = user_id
                    RETURNING happened('password-reset', id, $5)""",
                    mail,
                    found.id(),
                    found.version(),
                    hash,
                    Audit.by(call))
                .compose(
                    done ->
                        done.rowCount() == 0
                            ? Future.succeededFuture(false)
                            : Sessions.endAll(transaction, found.id(), "password reset")
                                .compose(v -> Throttle.forgive(transaction, forgiven))
                                .map(true)));
  }

  /** Forgets mails whose code has been of no use for a day. */
  Future<Void> forget() {
    return database.jobs().forget("mails", "id", "expires_at < now() - interval '1 day'");
  }
}
