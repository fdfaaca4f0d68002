package dev.starling.user.service;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;

/**
 * Publishes what happened to users on the event bus, at least once, and what happened to one user
 * in its order. One node at a time does so; what it has published when it dies is published again.
 */
final class Outbox {
  private static final long TURN = 0x6f75_7462_6f78L; // "outbox"
  private static final long EVERY = 250;
  private static final int AT_ONCE = 100;

  private final Vertx vertx;
  private final Database database;

  Outbox(Vertx vertx, Database database) {
    this.vertx = vertx;
    this.database = database;
  }

  /** Begins to publish. */
  void start() {
    database.jobs().every(EVERY, "Events are published later", () -> Jobs.portions(this::publish));
  }

  /** Whether there may be more. */
  private Future<Boolean> publish() {
    return database
        .jobs()
        .transaction(
            statements ->
                statements
                    .query(
                        """
                        WITH turn AS MATERIALIZED (SELECT pg_try_advisory_xact_lock($1) AS ours),
                        due AS (
                          SELECT outbox.id FROM outbox, turn WHERE ours ORDER BY id LIMIT $2),
                        taken AS (
                          DELETE FROM outbox USING due WHERE outbox.id = due.id
                          RETURNING outbox.*)
                        SELECT * FROM taken ORDER BY id""",
                        TURN,
                        AT_ONCE)
                    .onSuccess(this::publish))
        .map(rows -> rows.size() == AT_ONCE);
  }

  /** Before the transaction ends, after which they are gone. */
  private void publish(RowSet<Row> rows) {
    for (Row row : rows) {
      JsonObject event =
          new JsonObject()
              .put("id", row.getLong("id"))
              .put("type", row.getString("type"))
              .put("user", row.getUUID("subject").toString())
              .put("at", row.getOffsetDateTime("at").toInstant().toString());
      if (row.getValue("detail") != null) {
        event.put("detail", row.getValue("detail"));
      }
      vertx.eventBus().publish(row.getString("type"), event);
    }
  }
}
