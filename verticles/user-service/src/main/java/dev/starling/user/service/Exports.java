package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.user.api.UserContract.Account;
import dev.starling.user.api.UserContract.Export;
import dev.starling.user.api.UserContract.ExportMe;
import dev.starling.user.api.UserContract.Happening;
import dev.starling.user.api.UserContract.KeptMail;
import dev.starling.user.api.UserContract.KeptSession;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.UUID;

/**
 * Gives users what is kept of them. Who else had a part in what happened to them, and from where,
 * is that other's, and so is what they did to others.
 */
final class Exports {
  private static final int PAGE = 1_000;

  /** Of an entry's detail; what is not named here is for nobody outside. */
  private static final String[] SHOWN = {"reason", "roles", "sessions"};

  private final Database database;
  private final Cursors cursors;

  Exports(Database database, Cursors cursors) {
    this.database = database;
    this.cursors = cursors;
  }

  /** That it was asked for is written down, with the first page. */
  Future<Export> of(UUID user, ExportMe request, Call call) {
    Long before = cursors.lastNumber(request.cursor());
    return database
        .query(
            call,
            "SELECT "
                + Administration.ACCOUNT
                + ", CASE WHEN $2 THEN happened('exported', id, $3) END FROM users"
                + " WHERE id = $1 AND deleted_at IS NULL",
            user,
            before == null,
            Audit.by(call))
        .map(rows -> Administration.account(Administration.row(rows)))
        .compose(account -> of(account, call, user, before == null ? Long.MAX_VALUE : before));
  }

  private Future<Export> of(Account account, Call call, UUID user, long before) {
    Future<List<KeptSession>> sessions = sessions(call, user);
    Future<List<KeptMail>> mails = sessions.compose(v -> mails(call, user));
    return mails
        .compose(v -> history(call, user, before))
        .map(
            rows ->
                new Export(
                    account,
                    sessions.result(),
                    mails.result(),
                    rows.stream().limit(PAGE).map(Exports::happening).toList(),
                    next(rows)));
  }

  private Future<List<KeptSession>> sessions(Call call, UUID user) {
    return database
        .query(
            call,
            """
            SELECT id, created_at, date_trunc('minute', last_used_at) AS last_used,
              absolute_expiry, revoked_at, reason, network, agent
            FROM sessions WHERE user_id = $1 ORDER BY created_at DESC LIMIT $2""",
            user,
            PAGE)
        .map(rows -> rows.stream().map(Exports::session).toList());
  }

  private static KeptSession session(Row row) {
    return new KeptSession(
        row.getUUID("id"),
        time(row, "created_at"),
        time(row, "last_used"),
        time(row, "absolute_expiry"),
        time(row, "revoked_at"),
        row.getString("reason"),
        row.getString("network"),
        row.getString("agent"));
  }

  /** None that would tell whether another account has an address, which only its owner learns. */
  private Future<List<KeptMail>> mails(Call call, UUID user) {
    return database
        .query(
            call,
            """
            SELECT mails.created_at, kind, address, sent_at
            FROM mails JOIN users ON users.id = user_id
            WHERE user_id = $1 AND (kind <> 'verify-email' OR address = email)
            ORDER BY mails.created_at DESC LIMIT $2""",
            user,
            PAGE)
        .map(rows -> rows.stream().map(Exports::mail).toList());
  }

  private static KeptMail mail(Row row) {
    return new KeptMail(
        time(row, "created_at"),
        row.getString("kind"),
        row.getString("address"),
        time(row, "sent_at"));
  }

  private static Instant time(Row row, String column) {
    OffsetDateTime time = row.getOffsetDateTime(column);
    return time == null ? null : time.toInstant();
  }

  /** One more than a page says that there is another. */
  private Future<List<Row>> history(Call call, UUID user, long before) {
    return database
        .query(
            call,
            """
            SELECT id, at, action, coalesce(actor = $1, false) AS by_caller,
              coalesce(subject = $1, false) AS about_caller,
              CASE WHEN actor = $1 THEN source END AS source,
              CASE WHEN subject = $1 THEN (
                SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(detail)
                WHERE key = ANY($4)) END AS detail
            FROM (
              (SELECT * FROM audit WHERE subject = $1 AND id < $2 ORDER BY id DESC LIMIT $3)
              UNION ALL
              (SELECT * FROM audit
                WHERE actor = $1 AND actor IS DISTINCT FROM subject AND id < $2
                ORDER BY id DESC LIMIT $3)) AS entry
            ORDER BY id DESC LIMIT $3""",
            user,
            before,
            PAGE + 1,
            SHOWN)
        .map(rows -> rows.stream().toList());
  }

  private static Happening happening(Row row) {
    return new Happening(
        time(row, "at"),
        row.getString("action"),
        row.getBoolean("by_caller"),
        row.getBoolean("about_caller"),
        row.getString("source"),
        row.getString("detail"));
  }

  private String next(List<Row> rows) {
    return rows.size() > PAGE ? cursors.after(rows.get(PAGE - 1).getLong("id")) : null;
  }
}
