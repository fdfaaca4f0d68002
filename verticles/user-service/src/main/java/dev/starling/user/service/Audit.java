package dev.starling.user.service;

import dev.starling.runtime.Call;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.time.Duration;
import java.util.UUID;

/**
 * Who does what, as the database function {@code happened} writes it down in the statement that
 * does it.
 */
final class Audit {
  private static final long FORGETTING = 0x6175_6469_74L; // "audit"
  private static final String ACTOR = "actor";

  static final int FORGOTTEN_AT_ONCE = 1_000;

  private final Database database;

  Audit(Database database) {
    this.database = database;
  }

  /** A call by whoever is logged in, or else by the user whom it is about. */
  static JsonObject by(Call call) {
    JsonObject by = new JsonObject().put("trace", call.trace()).put("source", call.source());
    return call.hasCaller() ? by.put(ACTOR, call.caller().subject()) : by;
  }

  /** A call by somebody who is not known. */
  static JsonObject byNobody(Call call) {
    return by(call).putNull(ACTOR);
  }

  /**
   * Writes down what changes nothing else.
   *
   * @param subject whose account, null for none
   * @param by {@link #by} or {@link #byNobody}
   */
  Future<Void> happened(Call call, String what, UUID subject, JsonObject by, JsonObject detail) {
    return database
        .query(call, "SELECT happened($1, $2, $3, $4)", what, subject, by, detail)
        .mapEmpty();
  }

  /**
   * Forgets what is older, {@link #FORGOTTEN_AT_ONCE} at most, and nothing while another node is at
   * it.
   *
   * @return how many entries
   */
  Future<Integer> forget(Duration kept) {
    return database.job(
        connection ->
            connection
                .preparedQuery(
                    """
                    WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($1) AS ours),
                    old AS (
                      SELECT id FROM audit, turn
                      WHERE ours AND at < now() - make_interval(secs => $2) LIMIT $3)
                    DELETE FROM audit USING old WHERE audit.id = old.id""")
                .execute(Tuple.of(FORGETTING, (double) kept.toSeconds(), FORGOTTEN_AT_ONCE))
                .map(RowSet::rowCount));
  }
}
