package dev.starling.user.service;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.ext.mail.MailClient;
import io.vertx.ext.mail.SMTPException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;

/**
 * Sends the mails that are written down in the database, at least once. A node takes some and
 * leaves them alone for a while: if they are not known to be sent by then, any node tries again,
 * half a minute later at first, twice as long after each further one, four minutes at most.
 */
final class Postman {
  private static final long EVERY = 500;

  /** Less than the first wait, after which somebody else may send it. */
  private static final long SENDING_SECONDS = 25;

  private final Database database;
  private final MailClient client;
  private final Letters letters;

  Postman(Vertx vertx, Database database, MailServer server, SealedIds codes, String system) {
    this.database = database;
    this.client = MailClient.create(vertx, server.connection());
    this.letters = new Letters(server, codes, system);
  }

  void start() {
    database.jobs().every(EVERY, "Mails are sent later", this::round);
  }

  /** What a server says may name an address, so that only its kind is told. */
  private static String reason(Throwable failure) {
    return failure instanceof SMTPException refusal
        ? "the server answers " + refusal.getReplyCode()
        : failure.getClass().getSimpleName();
  }

  private Future<Void> round() {
    return database
        .jobs()
        .run(
            connection ->
                connection
                    .preparedQuery(
                        """
                        UPDATE mails SET attempts = attempts + 1,
                          due_at = now() + make_interval(secs => 30 * 2 ^ least(attempts, 3))
                        WHERE id IN (
                          SELECT id FROM mails WHERE sent_at IS NULL AND due_at < now()
                            AND used_at IS NULL AND expires_at > now()
                          ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED)
                        RETURNING id, kind, address""")
                    .execute(Tuple.of(MailServer.CONNECTIONS)))
        .compose(this::send)
        .<Void>mapEmpty()
        .recover(failure -> Future.failedFuture(reason(failure)));
  }

  private Future<?> send(RowSet<Row> due) {
    List<Future<?>> sent = new ArrayList<>();
    for (Row row : due) {
      sent.add(send(row.getUUID("id"), row.getString("kind"), row.getString("address")));
    }
    return Future.join(sent);
  }

  /** What is sent late is known to be sent all the same, so that it is not sent again. */
  private Future<?> send(UUID id, String kind, String address) {
    return Future.succeededFuture()
        .compose(v -> client.sendMail(letters.of(id, kind, address)))
        .compose(sent -> settle(id))
        .timeout(SENDING_SECONDS, TimeUnit.SECONDS);
  }

  private Future<?> settle(UUID id) {
    return database
        .jobs()
        .run(
            connection ->
                connection
                    .preparedQuery("UPDATE mails SET sent_at = now() WHERE id = $1")
                    .execute(Tuple.of(id)));
  }
}
