package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.Account;
import dev.starling.user.api.UserContract.AccountById;
import dev.starling.user.api.UserContract.AccountPage;
import dev.starling.user.api.UserContract.Done;
import dev.starling.user.api.UserContract.FirstAdministrator;
import dev.starling.user.api.UserContract.SetEnabled;
import dev.starling.user.api.UserContract.SetRoles;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * What administrators do to accounts. Whatever takes their role from one, or the account, is
 * decided under one lock, so that one of them remains; it ends the sessions, so that what tokens
 * say is true everywhere two seconds later.
 */
final class Administration {
  private static final long ADMINISTRATORS = 0x6164_6d69_6eL; // "admin"
  private static final int PAGE = 50;
  static final String ACCOUNT =
      "id, username, created_at, enabled, roles, email, totp_since IS NOT NULL AS second_factor";

  private final Database database;
  private final Sessions sessions;
  private final Emails emails;
  private final Cursors cursors;
  private final Throttle throttle;
  private final Buckets buckets;
  private final Optional<byte[]> secret;

  /**
   * Serves administrators.
   *
   * @param secret that makes the first of them; empty: nobody can
   */
  Administration(
      Database database,
      Sessions sessions,
      Emails emails,
      Cursors cursors,
      Throttle throttle,
      Buckets buckets,
      Optional<byte[]> secret) {
    this.database = database;
    this.sessions = sessions;
    this.emails = emails;
    this.cursors = cursors;
    this.throttle = throttle;
    this.buckets = buckets;
    this.secret = secret;
  }

  Future<AccountPage> accounts(UserContract.Accounts request, Call call) {
    int limit = request.limit() == null ? PAGE : request.limit();
    UUID after = cursors.last(request.cursor());
    String name = request.username() == null ? null : Username.key(request.username());
    return database
        .query(
            call,
            "WITH entry AS MATERIALIZED (SELECT happened('accounts-listed', NULL, $4)) SELECT "
                + ACCOUNT
                + """
                 FROM users, entry
                WHERE deleted_at IS NULL AND ($1::uuid IS NULL OR id > $1)
                  AND ($2::text IS NULL OR username_key = $2)
                ORDER BY id LIMIT $3""",
            after,
            name,
            limit + 1,
            Audit.by(call))
        .map(rows -> page(rows, limit));
  }

  /** One more than asked for says that there is another page. */
  private AccountPage page(RowSet<Row> rows, int limit) {
    List<Account> found = new ArrayList<>();
    rows.forEach(row -> found.add(account(row)));
    if (found.size() <= limit) {
      return new AccountPage(found, null);
    }
    List<Account> page = found.subList(0, limit);
    return new AccountPage(page, cursors.after(page.get(limit - 1).id()));
  }

  static Account account(Row row) {
    return new Account(
        row.getUUID("id"),
        row.getString("username"),
        row.getOffsetDateTime("created_at").toInstant(),
        row.getBoolean("enabled"),
        List.of(row.getArrayOfStrings("roles")),
        row.getString("email"),
        row.getBoolean("second_factor"));
  }

  Future<Account> account(AccountById request, Call call) {
    return database
        .query(
            call,
            "SELECT "
                + ACCOUNT
                + ", happened('account-read', id, $2) FROM users"
                + " WHERE id = $1 AND deleted_at IS NULL",
            request.id(),
            Audit.by(call))
        .map(rows -> account(row(rows)));
  }

  static Row row(RowSet<Row> rows) {
    return Accounts.first(rows)
        .orElseThrow(() -> new ServiceException(ErrorCode.NOT_FOUND, "There is no such user"));
  }

  Future<Account> setEnabled(SetEnabled request, Call call) {
    String what = request.enabled() ? "enabled" : "disabled";
    return change(
            call, request.id(), request.enabled(), "enabled = $2", request.enabled(), what, null)
        .compose(
            account ->
                request.enabled()
                    ? throttle
                        .forgive(call, buckets.account(Username.key(account.username())))
                        .map(account)
                    : Future.succeededFuture(account));
  }

  Future<Account> setRoles(SetRoles request, Call call) {
    String[] roles = request.roles().stream().distinct().toArray(String[]::new);
    boolean stays = request.roles().contains(Operation.ADMINISTRATOR);
    JsonObject detail = new JsonObject().put("roles", List.of(roles));
    return change(call, request.id(), stays, "roles = $2", roles, "roles-changed", detail);
  }

  /**
   * Changes a user, unless that would be the end of the last administrator.
   *
   * @param stays whether an administrator stays one
   */
  private Future<Account> change(
      Call call,
      UUID user,
      boolean stays,
      String set,
      Object value,
      String what,
      JsonObject detail) {
    return database.transaction(
        call,
        transaction ->
            (stays ? lock(transaction) : another(transaction, user))
                .compose(v -> stillOne(transaction, call))
                .compose(
                    v ->
                        transaction.query(
                            "UPDATE users SET "
                                + set
                                + " WHERE id = $1 AND deleted_at IS NULL RETURNING "
                                + ACCOUNT
                                + ", happened($3, id, $4, $5)",
                            user,
                            value,
                            what,
                            Audit.by(call),
                            detail))
                .map(Administration::row)
                .compose(
                    row -> Sessions.endAll(transaction, user, "administrator").map(account(row))));
  }

  private static Future<?> lock(Database.Transaction transaction) {
    return transaction.query("SELECT pg_advisory_xact_lock($1)", ADMINISTRATORS);
  }

  /** What the token says may have been taken from the caller a second ago. */
  private static Future<?> stillOne(Database.Transaction transaction, Call call) {
    return transaction
        .query(
            "SELECT FROM users WHERE id = $1 AND enabled AND $2 = ANY(roles)",
            UUID.fromString(call.caller().subject()),
            Operation.ADMINISTRATOR)
        .map(
            rows -> {
              if (rows.size() == 0) {
                throw new ServiceException(
                    ErrorCode.FORBIDDEN, "The caller is no administrator any more");
              }
              return null;
            });
  }

  /** Succeeds when a user is not the only administrator, which stays so in this transaction. */
  static Future<?> another(Database.Transaction transaction, UUID user) {
    return lock(transaction)
        .compose(
            v ->
                transaction.query(
                    """
                    SELECT bool_or(id = $1) AND count(*) = 1 AS last
                    FROM users WHERE enabled AND $2 = ANY(roles)""",
                    user,
                    Operation.ADMINISTRATOR))
        .map(
            rows -> {
              if (Boolean.TRUE.equals(rows.iterator().next().getBoolean("last"))) {
                throw ServiceException.ofField(
                    ErrorCode.CONFLICT,
                    "/id",
                    "last-administrator",
                    "This is the only administrator");
              }
              return null;
            });
  }

  Future<Done> endSessions(AccountById request, Call call) {
    return database
        .query(call, "SELECT FROM users WHERE id = $1 AND deleted_at IS NULL", request.id())
        .map(Administration::row)
        .compose(there -> sessions.endAll(call, request.id(), Audit.by(call)))
        .map(new Done());
  }

  Future<Done> endSecondFactor(AccountById request, Call call) {
    return SecondFactors.end(database.statements(call), call, request.id())
        .map(
            there -> {
              if (!there) {
                throw new ServiceException(ErrorCode.NOT_FOUND, "There is no such user");
              }
              return new Done();
            });
  }

  Future<Done> sendReset(AccountById request, Call call) {
    return emails.sendReset(call, request.id());
  }

  Future<Account> first(FirstAdministrator request, Call call) {
    if (!isSecret(request.secret())) {
      return Future.failedFuture(
          ServiceException.ofField(
              ErrorCode.FORBIDDEN, "/secret", "secret", "is not the secret for this"));
    }
    String name = Username.key(request.username());
    return database
        .transaction(call, transaction -> first(transaction, name, call))
        .compose(account -> throttle.forgive(call, buckets.account(name)).map(account));
  }

  private static Future<Account> first(Database.Transaction transaction, String name, Call call) {
    return lock(transaction)
        .compose(
            v ->
                transaction.query(
                    """
                    SELECT bool_and(username_key = $1 AND enabled) AS itself FROM users
                    WHERE $2 = ANY(roles)""",
                    name,
                    Operation.ADMINISTRATOR))
        .map(Administration::noOther)
        .compose(
            v ->
                transaction.query(
                    """
                    UPDATE users SET roles = CASE
                      WHEN $2 = ANY(roles) THEN roles ELSE array_append(roles, $2) END
                    WHERE username_key = $1 AND enabled RETURNING\s"""
                        + ACCOUNT
                        + ", happened('first-administrator', id, $3)",
                    name,
                    Operation.ADMINISTRATOR,
                    Audit.byNobody(call)))
        .map(Administration::row)
        .compose(
            row ->
                Sessions.endAll(transaction, row.getUUID("id"), "administrator").map(account(row)));
  }

  private static RowSet<Row> noOther(RowSet<Row> administrators) {
    if (Boolean.FALSE.equals(administrators.iterator().next().getBoolean("itself"))) {
      throw ServiceException.ofField(
          ErrorCode.CONFLICT, "", "first-administrator", "There is an administrator already");
    }
    return administrators;
  }

  private boolean isSecret(String given) {
    byte[] text = given.strip().getBytes(StandardCharsets.US_ASCII);
    return secret
        .map(s -> HexFormat.of().formatHex(s).getBytes(StandardCharsets.US_ASCII))
        .filter(expected -> MessageDigest.isEqual(expected, text))
        .isPresent();
  }
}
