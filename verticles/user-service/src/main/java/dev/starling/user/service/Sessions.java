package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.user.api.UserContract.EndedSessions;
import dev.starling.user.api.UserContract.Session;
import dev.starling.user.api.UserContract.Since;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * All SQL about sessions from their beginning to their end; how their tokens follow one another is
 * {@link TokenFamilies}' part. The database's clock counts, since those of nodes differ.
 */
final class Sessions {
  /** Milliseconds: counting takes a look at each. */
  private static final long COUNT_EVERY = 300_000;

  private static final int ENDED_AT_ONCE = 1_000;

  /** What marks a session as ended; $n is why. */
  static final String END =
      "SET revoked_at = now(), revoked_tx = pg_current_xact_id()::text::bigint, reason = ";

  private static final String BEGIN =
      """
        WITH verified AS (
          SELECT id, roles FROM users WHERE id = $2 AND version = $3 AND enabled FOR SHARE),
        begun AS (
          INSERT INTO sessions (id, user_id, absolute_expiry, amr, network, agent)
          SELECT $1, id, now() + make_interval(secs => $5), $10, $11, $12 FROM verified
          RETURNING id, user_id, created_at, amr),
        ended AS (
          UPDATE sessions %s 'too many' WHERE id IN (
            SELECT id FROM sessions WHERE revoked_at IS NULL AND id IN (
              SELECT id FROM sessions
              WHERE user_id = (SELECT id FROM verified) AND revoked_at IS NULL
                AND absolute_expiry > now()
              ORDER BY last_used_at DESC OFFSET $7)
            FOR UPDATE SKIP LOCKED)),
        given AS (
          INSERT INTO refresh_tokens (hash, session_id, generation, expires_at)
          SELECT $4, id, 0, now() + make_interval(secs => $6) FROM begun)
        SELECT begun.id, user_id, created_at, amr, roles, happened($8, user_id, $9)
        FROM begun, verified"""
          .formatted(END);

  private final Database database;
  private final Rules rules;

  /** As they were counted last. */
  private volatile double live = Double.NaN;

  /**
   * How long and how many.
   *
   * @param usual times
   * @param strong those of sessions that began with a second factor (NIST SP 800-63B: 12 hours)
   * @param grace in which a client may ask again with a token that it has used
   * @param most of one user at a time; the one that was used longest ago makes room
   */
  record Rules(Times usual, Times strong, Duration grace, int most) {
    Times of(Live live) {
      return of(live.amr());
    }

    Times of(List<String> amr) {
      return amr.contains(SecondFactors.OTP) ? strong : usual;
    }
  }

  /**
   * How long.
   *
   * @param lifetime of a session
   * @param idle of a refresh token that is not used
   */
  record Times(Duration lifetime, Duration idle) {}

  /**
   * A session that goes on, or has just begun.
   *
   * @param begun when the user gave the password
   * @param roles of the user
   * @param amr how the user was recognised (RFC 8176)
   */
  record Live(UUID session, UUID user, Instant begun, List<String> roles, List<String> amr) {}

  Sessions(Database database, Rules rules, MeterRegistry meters) {
    this.database = database;
    this.rules = rules;
    Gauge.builder("starling.user.sessions", this, s -> s.live)
        .description("Sessions that go on, counted every five minutes; the same at each node")
        .register(meters);
  }

  /**
   * Begins a session with its first refresh token.
   *
   * @param version of the password that the user has just been verified by
   * @param token hash of the token
   * @param amr how the user was recognised
   * @return empty when the user has gone or been disabled, or has another password by now
   */
  Future<Optional<Live>> begin(
      Database.Statements statements,
      Call call,
      UUID user,
      long version,
      byte[] token,
      List<String> amr) {
    return begin(statements, call, "logged-in", user, version, token, amr);
  }

  private Future<Optional<Live>> begin(
      Database.Statements statements,
      Call call,
      String why,
      UUID user,
      long version,
      byte[] token,
      List<String> amr) {
    return statements
        .query(
            BEGIN,
            UUID.randomUUID(),
            user,
            version,
            Buffer.buffer(token),
            seconds(rules.of(amr).lifetime()),
            seconds(rules.of(amr).idle()),
            rules.most() - 1,
            why,
            Audit.by(call),
            amr.toArray(String[]::new),
            Network.of(call.source()).map(Network::text).orElse(null),
            call.agent())
        .map(rows -> Accounts.first(rows).map(Sessions::live));
  }

  static double seconds(Duration duration) {
    return duration.toMillis() / 1_000.0;
  }

  static Live live(Row row) {
    return new Live(
        row.getUUID("id"),
        row.getUUID("user_id"),
        row.getOffsetDateTime("created_at").toInstant(),
        List.of(row.getArrayOfStrings("roles")),
        List.of(row.getArrayOfStrings("amr")));
  }

  /** Ends the session to which a refresh token belongs, if any. */
  Future<Void> end(Call call, byte[] token) {
    return database
        .query(
            call,
            "UPDATE sessions "
                + END
                + """
                'logout' WHERE revoked_at IS NULL
                  AND id = (SELECT session_id FROM refresh_tokens WHERE hash = $1)
                RETURNING happened('logged-out', user_id, $2)""",
            Buffer.buffer(token),
            Audit.by(call))
        .mapEmpty();
  }

  /** Ends a session; says whether it is, or was, one of the user's. */
  Future<Boolean> end(Call call, UUID user, UUID session) {
    return database
        .query(
            call,
            "WITH ended AS (UPDATE sessions "
                + END
                + """
                'ended' WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL
                RETURNING happened('session-ended', user_id, $3) AS entry)
                SELECT (SELECT entry FROM ended) FROM sessions WHERE id = $1 AND user_id = $2""",
            session,
            user,
            Audit.by(call))
        .map(rows -> rows.size() == 1);
  }

  /**
   * Ends all sessions of a user.
   *
   * @param by who wants it, as {@link Audit} says
   */
  Future<Void> endAll(Call call, UUID user, JsonObject by) {
    return database
        .query(
            call,
            "WITH ended AS (UPDATE sessions "
                + END
                + """
                'logout' WHERE user_id = $1 AND revoked_at IS NULL RETURNING id)
                SELECT happened('sessions-ended', $1, $2,
                  jsonb_build_object('sessions', (SELECT count(*) FROM ended)))""",
            user,
            by)
        .mapEmpty();
  }

  /**
   * Ends all sessions of a user but one, whose user has just been recognised better.
   *
   * @param amr how
   */
  static Future<Void> strengthen(
      Database.Statements statements, UUID user, UUID session, List<String> amr) {
    return statements
        .query(
            "WITH ended AS (UPDATE sessions "
                + END
                + """
                'second factor' WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL)
                UPDATE sessions SET amr = $3 WHERE user_id = $1 AND id = $2""",
            user,
            session,
            amr.toArray(String[]::new))
        .mapEmpty();
  }

  /** As part of what is done to the user. */
  static Future<Void> endAll(Database.Statements statements, UUID user, String reason) {
    return statements
        .query(
            "UPDATE sessions " + END + "$2 WHERE user_id = $1 AND revoked_at IS NULL", user, reason)
        .mapEmpty();
  }

  /**
   * Gives a user another password, ends all sessions and begins a new one, all or nothing.
   *
   * @param version of the password of before
   * @param hash the stored string of the new one
   * @param token hash of the new session's first token
   * @param amr how the user was recognised in the session of before
   * @return empty when there is another password than before by now
   */
  Future<Optional<Live>> changePassword(
      Call call, UUID user, long version, String hash, byte[] token, List<String> amr) {
    return database.transaction(
        call,
        transaction ->
            transaction
                .query(
                    """
                    UPDATE users SET password_hash = $3, version = version + 1
                    WHERE id = $1 AND version = $2 AND enabled""",
                    user,
                    version,
                    hash)
                .compose(
                    done ->
                        done.rowCount() == 0
                            ? Future.succeededFuture(Optional.empty())
                            : endAll(transaction, user, "password changed")
                                .compose(
                                    v ->
                                        begin(
                                            transaction,
                                            call,
                                            "password-changed",
                                            user,
                                            version + 1,
                                            token,
                                            amr))));
  }

  /** Those that have not ended, the one used last first. */
  Future<List<Session>> of(Call call, UUID user, String current) {
    return database
        .query(
            call,
            """
            SELECT id, created_at, date_trunc('minute', last_used_at) AS last_used, network, agent
            FROM sessions s
            WHERE user_id = $1 AND revoked_at IS NULL AND absolute_expiry > now() AND EXISTS (
              SELECT FROM refresh_tokens
              WHERE session_id = s.id AND consumed_at IS NULL AND expires_at > now())
            ORDER BY last_used_at DESC""",
            user)
        .map(
            rows -> {
              List<Session> sessions = new ArrayList<>();
              rows.forEach(
                  row ->
                      sessions.add(
                          new Session(
                              row.getUUID("id"),
                              row.getOffsetDateTime("created_at").toInstant(),
                              row.getOffsetDateTime("last_used").toInstant(),
                              row.getUUID("id").toString().equals(current),
                              row.getString("network"),
                              row.getString("agent"))));
              return sessions;
            });
  }

  /**
   * Those that ended lately, as many as fit into one answer. It goes on from the oldest transaction
   * that had not ended when the first answer was made: what that one ends is told the next time.
   */
  Future<EndedSessions> ended(Call call, Since since) {
    return database
        .query(
            call,
            """
            SELECT id, revoked_tx, pg_snapshot_xmin(pg_current_snapshot())::text::bigint AS next
            FROM (SELECT $1::bigint AS tx, coalesce($2, '00000000-0000-0000-0000-000000000000'::uuid)
                AS session) AS since
              LEFT JOIN sessions ON revoked_tx IS NOT NULL
                AND (revoked_tx, id) > (since.tx, since.session)
                AND revoked_at > now() - interval '16 minutes'
            ORDER BY revoked_tx, id LIMIT $3""",
            since.transaction() == null ? 0L : since.transaction(),
            since.session(),
            ENDED_AT_ONCE)
        .map(Sessions::ended);
  }

  private static EndedSessions ended(RowSet<Row> rows) {
    List<UUID> sessions = new ArrayList<>();
    Since next = null;
    Since last = null;
    for (Row row : rows) {
      UUID session = row.getUUID("id");
      next = new Since(row.getLong("next"), null);
      if (session != null) {
        sessions.add(session);
        last = new Since(row.getLong("revoked_tx"), session);
      }
    }
    return new EndedSessions(sessions, sessions.size() == ENDED_AT_ONCE ? last : null, next);
  }

  /** Counts those that go on, now and then. */
  void count() {
    countNow(); // The first that fails is followed by others.
    database.jobs().every(COUNT_EVERY, "Sessions are counted later", this::countNow);
  }

  private Future<Void> countNow() {
    return database
        .jobs()
        .run(
            connection ->
                connection
                    .query(
                        """
                        SELECT count(*) FROM sessions
                        WHERE revoked_at IS NULL AND absolute_expiry > now()""")
                    .execute())
        .onSuccess(rows -> live = rows.iterator().next().getLong(0))
        .mapEmpty();
  }

  /** Forgets sessions that ended a day ago, with their tokens. */
  Future<Void> forget() {
    return database
        .jobs()
        .forget(
            "sessions",
            "id",
            """
        absolute_expiry < now() - interval '1 day'
          OR revoked_tx IS NOT NULL AND revoked_at < now() - interval '1 day'""");
  }
}
