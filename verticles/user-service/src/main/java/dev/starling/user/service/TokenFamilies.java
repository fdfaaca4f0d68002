package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.ServiceException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All SQL about the refresh tokens of a session, of which each takes the place of another. What two
 * callers could decide differently is decided by the row of the session, which they lock one after
 * the other.
 */
final class TokenFamilies {
  private static final Logger log = LoggerFactory.getLogger(TokenFamilies.class);

  private final Database database;
  private final Sessions.Rules rules;
  private final Limits limits;
  private final Counter reuses;

  TokenFamilies(Database database, Sessions.Rules rules, Limits limits, MeterRegistry meters) {
    this.database = database;
    this.rules = rules;
    this.limits = limits;
    this.reuses =
        Counter.builder("starling.user.tokens.reused")
            .description("Refresh tokens that came twice; their sessions ended")
            .register(meters);
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
  record Refreshed(Sessions.Live live, int successor) {}

  /**
   * What came of a token.
   *
   * @param live its session; null when the token is not valid
   * @param stolen whether the session has ended by it
   * @param successor as above
   */
  private record Use(Sessions.Live live, boolean stolen, int successor) {
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
  private static Sessions.Live unhurried(Row row) {
    Double wait = row.getDouble("wait");
    if (wait != null && wait > 0) {
      throw new ServiceException(ErrorCode.TOO_MANY_REQUESTS, "This session is refreshed too often")
          .retryAfter((long) Math.ceil(wait));
    }
    return Sessions.live(row);
  }

  private Future<Use> useOnce(
      Database.Transaction transaction,
      Call call,
      Sessions.Live live,
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
            Sessions.seconds(rules.of(live).idle()),
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
      Sessions.Live live,
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
            Sessions.seconds(rules.grace()))
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
                              + Sessions.END
                              + "'token used twice' WHERE id = $1"
                              + " RETURNING happened('token-reused', user_id, $2)",
                          live.session(),
                          Audit.byNobody(call))
                      .map(new Use(live, true, 0));
            });
  }
}
