package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.service.Names.Name;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Duration;
import java.time.Instant;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/** What users read and change of their accounts, in SQL. */
final class Accounts {
  /** The primary key of idempotency_keys. */
  private static final String KEYS = "idempotency_keys_pkey";

  private static final String UNIQUE = "23505";

  private static final String USER =
      "id, username, created_at, email, totp_since IS NOT NULL AS second_factor";

  static final String CREDENTIALS =
      """
      SELECT id, username_key, password_hash, enabled, version, email,
        CASE WHEN totp_since IS NOT NULL THEN totp END AS totp
      FROM users
      """;

  private final Database database;

  Accounts(Database database) {
    this.database = database;
  }

  /**
   * What is needed to verify a password.
   *
   * @param id the user
   * @param name by which the user is unique
   * @param hash the stored string
   * @param enabled whether the user may log in
   * @param version changes with the password, and with nothing else
   * @param email its address, null for none
   * @param totp what one-time passwords are made of, encrypted; null where none are asked for
   */
  record Credentials(
      UUID id, String name, String hash, boolean enabled, long version, String email, Buffer totp) {
    /** With the next password. */
    Credentials with(String nextHash) {
      return new Credentials(id, name, nextHash, enabled, version + 1, email, totp);
    }

    /** What others who know the user would try as a password. */
    List<String> guesses() {
      return email == null ? List.of(name) : List.of(name, Email.local(email));
    }

    @Override
    public String toString() {
      return "Credentials[id=" + id + "]";
    }
  }

  /**
   * What stands when somebody wants to register.
   *
   * @param taken whether the name is
   * @param kept what the call's key led to, null when it is new or there is none
   */
  record Standing(boolean taken, Kept kept) {}

  /**
   * What a key led to.
   *
   * @param seal of the request that it came with
   * @param user made then
   * @param created when
   */
  record Kept(byte[] seal, UUID user, Instant created) {}

  /** A name is taken by one who was deleted, too, for a while. */
  Future<Standing> standing(Call call, Name name) {
    return database
        .query(
            call,
            """
            SELECT k.request_hash, k.user_id, k.created_at,
              EXISTS (SELECT FROM users WHERE username_key = $2 OR name_seal = ANY($3)) AS taken
            FROM (SELECT $1::text AS key) AS asked LEFT JOIN idempotency_keys k USING (key)""",
            call.key(),
            name.key(),
            name.seals().stream().map(Buffer::buffer).toArray(Buffer[]::new))
        .map(
            rows -> {
              Row row = rows.iterator().next();
              UUID user = row.getUUID("user_id");
              return new Standing(
                  row.getBoolean("taken"),
                  user == null
                      ? null
                      : new Kept(
                          row.getBuffer("request_hash").getBytes(),
                          user,
                          row.getOffsetDateTime("created_at").toInstant()));
            });
  }

  /**
   * Adds a user and, in the same statement, what the call's key led to. Two with the same name or
   * key wait for each other here, and only here: nothing is left behind by a node that dies.
   *
   * @param seal of the request, null without a key
   * @param email to which a code is sent, or that there is an account already; null for none
   * @return empty when the name is taken or the key used, also by one who was faster by a moment
   */
  Future<Optional<User>> add(Call call, UUID id, Name name, String hash, byte[] seal, Email email) {
    return database
        .query(
            call,
            """
            WITH added AS (
              INSERT INTO users (id, username, username_key, password_hash, name_seal)
              VALUES ($1, $2, $3, $4, $7)
              ON CONFLICT DO NOTHING
              RETURNING id, username, created_at, email, false AS second_factor),
            kept AS (
              INSERT INTO idempotency_keys (key, request_hash, user_id, created_at)
              SELECT $5, $6, id, created_at FROM added WHERE $5::text IS NOT NULL)
            SELECT added.*, happened('registered', id, $8), verify_email(id, $9, $10, 0)
            FROM added""",
            id,
            name.typed(),
            name.key(),
            hash,
            call.key(),
            seal == null ? null : Buffer.buffer(seal),
            Buffer.buffer(name.seal()),
            Audit.by(call),
            email == null ? null : email.address(),
            email == null ? null : email.key())
        .map(rows -> first(rows).map(Accounts::user))
        .recover(
            failure ->
                failure instanceof PgException refusal && KEYS.equals(refusal.getConstraint())
                    ? Future.succeededFuture(Optional.empty())
                    : Future.failedFuture(failure));
  }

  /** Forgets keys of more than 24 hours ago. */
  Future<Void> forgetKeys() {
    return database
        .jobs()
        .forget("idempotency_keys", "key", "created_at < now() - interval '24 hours'");
  }

  Future<Optional<User>> find(Call call, UUID id) {
    return database
        .query(call, "SELECT " + USER + " FROM users WHERE id = $1 AND enabled", id)
        .map(rows -> first(rows).map(Accounts::user));
  }

  Future<Optional<Credentials>> credentials(Call call, String key) {
    return database
        .query(call, CREDENTIALS + "WHERE username_key = $1", key)
        .map(rows -> first(rows).map(Accounts::credentials));
  }

  /** What is needed to verify the password of a user who is known already. */
  Future<Optional<Credentials>> credentials(Call call, UUID user) {
    return database
        .query(call, CREDENTIALS + "WHERE id = $1", user)
        .map(rows -> first(rows).map(Accounts::credentials));
  }

  static Credentials credentials(Row row) {
    return new Credentials(
        row.getUUID("id"),
        row.getString("username_key"),
        row.getString("password_hash"),
        row.getBoolean("enabled"),
        row.getLong("version"),
        row.getString("email"),
        row.getBuffer("totp"));
  }

  /**
   * Erases what is personal of a user and ends the sessions, unless it is the only administrator;
   * the name stays taken by its seal.
   *
   * @return whether the user was there with this password
   */
  Future<Boolean> delete(Call call, Credentials verified, Names names) {
    return database.transaction(
        call,
        transaction ->
            Administration.another(transaction, verified.id())
                .compose(
                    v ->
                        transaction.query(
                            """
                            UPDATE users SET username = '', username_key = '!' || id,
                              name_seal = CASE WHEN EXISTS (
                                SELECT FROM users other WHERE other.name_seal = $3 AND other.id <> $1)
                                THEN NULL ELSE $3 END, password_hash = '', roles = '{}', enabled = false,
                              version = version + 1, deleted_at = now()
                            WHERE id = $1 AND version = $2 AND enabled
                            RETURNING happened('deleted', id, $4)""",
                            verified.id(),
                            verified.version(),
                            Buffer.buffer(names.seal(verified.name())),
                            Audit.by(call)))
                .compose(
                    done ->
                        done.rowCount() == 0
                            ? Future.succeededFuture(false)
                            : Sessions.endAll(transaction, verified.id(), "deleted").map(true)));
  }

  /**
   * Gives a user another name. The one of before stays taken for a while, as that of a user who was
   * deleted.
   *
   * @param before seal of that
   * @return fails with {@link ErrorCode#CONFLICT} when the new one is taken, and as for a wrong
   *     password when there is another one by now
   */
  Future<User> rename(Call call, Credentials verified, Name name, byte[] before) {
    return database
        .transaction(
            call,
            t -> free(t, verified, name).compose(v -> rename(t, call, verified, name, before)))
        .recover(
            failure ->
                Future.failedFuture(
                    failure instanceof PgException refusal && UNIQUE.equals(refusal.getSqlState())
                        ? taken()
                        : failure));
  }

  /** Names that are kept may be by a seal of another secret than the one of now. */
  private static Future<Void> free(
      Database.Statements statements, Credentials verified, Name name) {
    return statements
        .query(
            "SELECT FROM users WHERE name_seal = ANY($1) AND id <> $2",
            name.seals().stream().map(Buffer::buffer).toArray(Buffer[]::new),
            verified.id())
        .compose(
            rows -> rows.size() == 0 ? Future.succeededFuture() : Future.failedFuture(taken()));
  }

  private static Future<User> rename(
      Database.Statements statements, Call call, Credentials verified, Name name, byte[] before) {
    return statements
        .query(
            """
            UPDATE users SET username = $3, username_key = $4, name_seal = $5
            WHERE id = $1 AND version = $2 AND enabled
            RETURNING\s"""
                + USER
                + ", happened('username-changed', id, $6)",
            verified.id(),
            verified.version(),
            name.typed(),
            name.key(),
            Buffer.buffer(name.seal()),
            Audit.by(call))
        .compose(
            rows ->
                first(rows)
                    .map(row -> keep(statements, before).map(user(row)))
                    .orElseGet(() -> Reauthentication.wrong("/password")));
  }

  private static Future<?> keep(Database.Statements statements, byte[] seal) {
    return statements.query(
        """
        INSERT INTO users
          (id, username, username_key, password_hash, roles, enabled, name_seal, deleted_at)
        SELECT id, '', '!' || id, '', '{}', false, $1, now() FROM gen_random_uuid() id
        ON CONFLICT DO NOTHING""",
        Buffer.buffer(seal));
  }

  static ServiceException taken() {
    return ServiceException.ofField(
        ErrorCode.CONFLICT, "/username", "unique", "This username is taken");
  }

  /**
   * Gives names of deleted users back.
   *
   * @param kept for how long they were to be taken
   */
  Future<Void> forgetNames(Duration kept) {
    return database
        .jobs()
        .forgetColumn(
            "name_seal",
            "users",
            "id",
            "name_seal IS NOT NULL AND deleted_at < now() - make_interval(secs => $1)",
            (double) kept.toSeconds());
  }

  /** Stores another string for the same password, unless there is another password by now. */
  Future<Void> rehash(Call call, Credentials before, String hash) {
    return database
        .query(
            call,
            "UPDATE users SET password_hash = $3 WHERE id = $1 AND password_hash = $2",
            before.id(),
            before.hash(),
            hash)
        .mapEmpty();
  }

  static Optional<Row> first(RowSet<Row> rows) {
    Iterator<Row> iterator = rows.iterator();
    return iterator.hasNext() ? Optional.of(iterator.next()) : Optional.empty();
  }

  private static User user(Row row) {
    return new User(
        row.getUUID("id"),
        row.getString("username"),
        row.getOffsetDateTime("created_at").toInstant(),
        row.getString("email"),
        row.getBoolean("second_factor"));
  }
}
