package dev.starling.lab;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import io.vertx.pgclient.PgBuilder;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.sqlclient.Pool;
import io.vertx.sqlclient.PoolOptions;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowIterator;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.UUID;

/** HTTP and the PostgreSQL client, in plain Vert.x: the query that the user service makes. */
public final class BareReads {
  private static final String QUERY =
      "SELECT id, username, created_at FROM users WHERE id = $1 AND enabled";

  private BareReads() {}

  /**
   * Serves until it is ended.
   *
   * @param args size of the pool; what to connect to is in the environment (PGHOST and so on)
   */
  public static void main(String[] args) {
    Vertx vertx = Vertx.vertx(BareRoute.options());
    Pool pool =
        PgBuilder.pool()
            .with(new PoolOptions().setMaxSize(Integer.parseInt(args[0])))
            .connectingTo(PgConnectOptions.fromEnv().setCachePreparedStatements(true))
            .using(vertx)
            .build();
    BareRoute.serve(vertx, "/api/users/:id", context -> read(pool, context));
  }

  private static void read(Pool pool, RoutingContext context) {
    pool.preparedQuery(QUERY)
        .execute(Tuple.of(UUID.fromString(context.pathParam("id"))))
        .onSuccess(rows -> answer(context, rows))
        .onFailure(context::fail);
  }

  private static void answer(RoutingContext context, RowSet<Row> rows) {
    RowIterator<Row> found = rows.iterator();
    if (!found.hasNext()) {
      context.fail(404);
      return;
    }
    Row row = found.next();
    BareRoute.answer(
        context,
        new JsonObject()
            .put("id", row.getUUID("id").toString())
            .put("username", row.getString("username"))
            .put("created", row.getOffsetDateTime("created_at").toInstant())
            .toBuffer());
  }
}
