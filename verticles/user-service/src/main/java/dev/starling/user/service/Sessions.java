package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.EndedSessions;
import dev.starling.user.api.UserContract.Session;
import dev.starling.user.api.UserContract.Since;
import io.micrometer.core.instrument.Counter;
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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All SQL about sessions and their refresh tokens. The database's clock counts, since those of
 * nodes differ; what two callers could decide differently is decided by the row of the session,
 * which they lock one after the other.
 */
final class Sessions {
  /** Milliseconds: counting takes a look at each. */
  private static final long COUNT_EVERY = 300_000;

  private static final Logger log = LoggerFactory.getLogger(Sessions.class);

  private static final int ENDED_AT_ONCE = 1_000;

  /** What marks a session as ended; $n is why. */
  private static final String END =
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
  private final Limits limits;
  private final Counter reuses;

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

  Sessions(Database database, Rules rules, Limits limits, MeterRegistry meters) {
    this.database = database;
    this.rules = rules;
    this.limits = limits;
    this.reuses =
        Counter.builder("starling.user.tokens.reused")
            .description("Refresh tokens that came twice; their sessions ended")
            .register(meters);
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

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1_000.0;
  }

  private static Live live(Row row) {
    return new Live(
        row.getUUID("id"),
        row.getUUID("user_id"),
        row.getOffsetDateTime("created_at").toInstant(),
        List.of(row.getArrayOfStrings("roles")),
        List.of(row.getArrayOfStrings("amr")));
  }

  /**
   * Uses a refresh token up and puts its successor in its place. A token that was used before ends
   * its session, unless that was a moment ago and nobody has used the successor: then nothing
   * changes.
   *
   * @param token hash of the token
   * @param successors hash of the one that takes its place, and of those that may have done so
   * @return empty when the token is not valid
   */
  Future<Optional<Refreshed>> refresh(Call call, byte[] token, List<byte[]> successors) {
    return database
        .transaction(call, transaction -> use(transaction, call, token, successors))
        .map(
            use -> {
              if (use.stolen()) {
                reuses.increment();
                log.warn("Session {} has ended: a token of it came twice", use.live().session());
              }
              return use.stolen() || use.live() == null
                  ? Optional.empty()
                  : Optional.of(new Refreshed(use.live(), use.successor()));
            });
  }

  /**
   * A session that goes on.
   *
   * @param successor which of those that could do so has taken the token's place, from 0
   */
  record Refreshed(Live live, int successor) {}

  /**
   * What came of a token.
   *
   * @param live its session; null when the token is not valid
   * @param stolen whether the session has ended by it
   * @param successor as above
   */
  private record Use(Live live, boolean stolen, int successor) {
    private static final Use OF_NO_TOKEN = new Use(null, false, 0);
  }

  private Future<Use> use(
      Database.Transaction transaction, Call call, byte[] token, List<byte[]> successors) {
    return transaction
        .query(
            """
            SELECT s.id, s.user_id, s.created_at, s.amr, u.roles,
              s.revoked_at IS NULL AND s.absolute_expiry > now() AND u.enabled AS live,
              extract(epoch FROM greatest(
                interval '1 minute' - (now() - (
                  SELECT issued_at FROM refresh_tokens
                  WHERE session_id = s.id AND generation = t.generation + 1 - $2
                    AND generation > 0)),
                interval '1 hour' - (now() - (
                  SELECT issued_at FROM refresh_tokens
                  WHERE session_id = s.id AND generation = t.generation + 1 - $3
                    AND generation > 0))))::float8 AS wait
            FROM refresh_tokens t
              JOIN sessions s ON s.id = t.session_id JOIN users u ON u.id = s.user_id
            WHERE t.hash = $1 FOR UPDATE OF s""",
            Buffer.buffer(token),
            limits.get(Limit.REFRESHES),
            limits.get(Limit.REFRESHES_AN_HOUR))
        .map(rows -> Accounts.first(rows).filter(row -> row.getBoolean("live")))
        .compose(
            locked ->
                locked.isEmpty()
                    ? Future.succeededFuture(Use.OF_NO_TOKEN)
                    : useOnce(transaction, call, unhurried(locked.get()), token, successors));
  }

  /** Refuses what comes too often. */
  private static Live unhurried(Row row) {
    Double wait = row.getDouble("wait");
    if (wait != null && wait > 0) {
      throw new ServiceException(ErrorCode.TOO_MANY_REQUESTS, "This session is refreshed too often")
          .retryAfter((long) Math.ceil(wait));
    }
    return live(row);
  }

  private Future<Use> useOnce(
      Database.Transaction transaction,
      Call call,
      Live live,
      byte[] token,
      List<byte[]> successors) {
    return transaction
        .query(
            """
            WITH used AS (
              UPDATE refresh_tokens SET consumed_at = clock_timestamp()
              WHERE hash = $1 AND consumed_at IS NULL AND expires_at > now()
              RETURNING session_id, generation),
            touched AS (
              UPDATE sessions SET last_used_at = now() FROM used WHERE id = session_id)
            INSERT INTO refresh_tokens (hash, session_id, generation, parent, expires_at)
            SELECT $2, session_id, generation + 1, $1, now() + make_interval(secs => $3) FROM used
            RETURNING happened('refreshed', $4, $5)""",
            Buffer.buffer(token),
            Buffer.buffer(successors.get(0)),
            seconds(rules.of(live).idle()),
            live.user(),
            Audit.by(call))
        .compose(
            done ->
                done.rowCount() == 1
                    ? Future.succeededFuture(new Use(live, false, 0))
                    : useAgain(transaction, call, live, token, successors));
  }

  private Future<Use> useAgain(
      Database.Transaction transaction,
      Call call,
      Live live,
      byte[] token,
      List<byte[]> successors) {
    return transaction
        .query(
            """
            SELECT t.consumed_at IS NULL AS unused,
              (SELECT array_position($2::bytea[], hash) - 1 FROM refresh_tokens
                WHERE t.consumed_at > clock_timestamp() - make_interval(secs => $3)
                  AND hash = ANY($2) AND parent = t.hash AND consumed_at IS NULL) AS again
            FROM refresh_tokens t WHERE t.hash = $1""",
            Buffer.buffer(token),
            successors.stream().map(Buffer::buffer).toArray(Buffer[]::new),
            seconds(rules.grace()))
        .compose(
            rows -> {
              Row row = rows.iterator().next();
              Integer again = row.getInteger("again");
              if (again != null) {
                return Future.succeededFuture(new Use(live, false, again));
              }
              return row.getBoolean("unused") // and so too old
                  ? Future.succeededFuture(Use.OF_NO_TOKEN)
                  : transaction
                      .query(
                          "UPDATE sessions "
                              + END
                              + "'token used twice' WHERE id = $1"
                              + " RETURNING happened('token-reused', user_id, $2)",
                          live.session(),
                          Audit.byNobody(call))
                      .map(new Use(live, true, 0));
            });
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
