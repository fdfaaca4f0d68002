package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.user.api.UserContract.AuditVerification;
import dev.starling.user.api.UserContract.VerifyAudit;
import dev.starling.user.api.UserContract.WrongEntry;
import dev.starling.user.service.AuditWalk.Cursor;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.List;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes changes of the audit log show, those of whoever may do anything to the database but has no
 * secret of the nodes. Each entry has a seal, made of the entry and the seal before it; the head is
 * signed. What has not been sealed yet, a second's entries, can be changed, and what is added as
 * any node would add it is sealed as any entry is.
 *
 * <p>Entries are written by transactions that end in any order, so they get their positions
 * afterwards, from one node at a time: what ends late gets a late one.
 */
final class AuditSeals {
  private static final Logger log = LoggerFactory.getLogger(AuditSeals.class);
  private static final long TURN = 0x7365_616c_73L; // "seals"
  private static final long EVERY = 1_000;
  private static final int AT_ONCE = 1_000;

  private static final String ENTRY =
      "id, at, action, actor, subject, source, trace, detail::text AS detail, position, seal,"
          + " complete";
  private static final String HEAD = "first, before, last, latest, whole, key, kek_id, signature";

  private static final String OF_HEAD =
      HEAD
          + ", EXISTS (SELECT FROM audit WHERE position IS NOT NULL) AS any"
          + " FROM (SELECT) AS one LEFT JOIN audit_head ON true";

  /** Beside each entry the head, and at least that. */
  private static final String PORTION =
      """
      SELECT %s, EXISTS (SELECT FROM audit WHERE position IS NOT NULL) AS any,
        EXISTS (SELECT FROM audit WHERE position < audit_head.first) AS outside,
        EXISTS (SELECT FROM audit WHERE position IS NULL AND at < now() - interval '1 minute')
          AS late, entry.*
      FROM (SELECT) AS one LEFT JOIN audit_head ON true LEFT JOIN LATERAL (
        SELECT %s FROM audit WHERE position >= greatest($1 - 1, audit_head.first)
        ORDER BY position, audit.id LIMIT $2) AS entry ON true
      ORDER BY entry.position, entry.id"""
          .formatted(HEAD, ENTRY);

  private final Database database;
  private final KeyCipher cipher;

  /** Where the log ended when this node last looked; it never ends before that, or otherwise. */
  private volatile Cursor seen = new Cursor(0, null);

  AuditSeals(Database database, KeyCipher cipher) {
    this.database = database;
    this.cipher = cipher;
  }

  /** Begins to seal. */
  void start() {
    database.jobs().every(EVERY, "The audit log is sealed later", this::seal);
  }

  /** One portion, so that the longest backlog takes time, and no more. */
  private Future<Void> seal() {
    return database
        .jobs()
        .transaction(
            statements ->
                statements
                    .query("SELECT pg_try_advisory_xact_lock($1) AS ours, " + OF_HEAD, TURN)
                    .compose(rows -> sealSome(statements, rows.iterator().next())))
        .onSuccess(this::hasSeen)
        .mapEmpty();
  }

  /** All nodes look where the log ends, whosever turn it is. */
  private Future<Cursor> sealSome(Database.Statements statements, Row row) {
    boolean begun = row.getLong("first") != null;
    if (!begun && seen.position() > 0) {
      return Future.failedFuture("it has no head any more");
    }
    Cursor end = seen;
    if (begun) {
      AuditHead head = head(row);
      if (!continues(head, seen)) {
        return Future.failedFuture("it does not go on from what this node has seen of it");
      }
      end = new Cursor(head.last(), head.latest());
    }
    return row.getBoolean("ours") ? sealSome(statements, end) : Future.succeededFuture(end);
  }

  private synchronized void hasSeen(Cursor end) {
    seen = end.position() > seen.position() ? end : seen;
  }

  private static boolean continues(AuditHead head, Cursor before) {
    return head.last() > before.position()
        || head.last() == before.position()
            && (before.seal() == null || MessageDigest.isEqual(head.latest(), before.seal()));
  }

  private Future<Cursor> sealSome(Database.Statements statements, Cursor end) {
    return statements
        .query(
            "SELECT statement_timestamp() AS now, "
                + ENTRY
                + " FROM audit WHERE position IS NULL ORDER BY id LIMIT $1",
            AT_ONCE)
        .compose(
            rows ->
                rows.size() == 0
                    ? Future.succeededFuture(end)
                    : head(statements).compose(head -> seal(statements, head, rows)));
  }

  /**
   * That of a log in which nothing is sealed where there is none yet. It is read once more by whose
   * turn it is: another may have had it since the statement that took the turn began.
   */
  private Future<AuditHead> head(Database.Statements statements) {
    return statements.query("SELECT " + OF_HEAD).map(rows -> head(rows.iterator().next()));
  }

  /**
   * The head of a row.
   *
   * @throws IllegalStateException if it is not as it was signed
   */
  private AuditHead head(Row row) {
    if (row.getLong("first") != null) {
      return AuditHead.of(row, cipher);
    }
    if (row.getBoolean("any")) {
      throw new IllegalStateException("The audit log has no head any more");
    }
    log.info("The audit log has no head: it is sealed from its first entry on");
    return AuditHead.of(cipher);
  }

  private Future<Cursor> seal(Database.Statements statements, AuditHead head, RowSet<Row> entries) {
    Mac256 mac = new Mac256(head.key());
    long position = head.last();
    byte[] seal = head.latest();
    List<Long> ids = new ArrayList<>();
    List<Long> positions = new ArrayList<>();
    List<Buffer> seals = new ArrayList<>();
    OffsetDateTime now = null;
    for (Row entry : entries) {
      seal = AuditWalk.seal(mac, seal, ++position, head.whole(), entry);
      ids.add(entry.getLong("id"));
      positions.add(position);
      seals.add(Buffer.buffer(seal));
      now = entry.getOffsetDateTime("now");
    }
    OffsetDateTime whole = entries.size() < AT_ONCE ? now : head.whole();
    AuditHead next = head.upTo(position, seal, whole);
    return statements
        .query(
            """
            UPDATE audit SET position = s.position, seal = s.seal, complete = $4
            FROM unnest($1::bigint[], $2::bigint[], $3::bytea[]) AS s (id, position, seal)
            WHERE audit.id = s.id""",
            ids.toArray(Long[]::new),
            positions.toArray(Long[]::new),
            seals.toArray(Buffer[]::new),
            head.whole())
        .compose(
            done ->
                done.rowCount() == entries.size()
                    ? write(statements, next)
                    : Future.failedFuture("Entries have gone while they were sealed"))
        .map(new Cursor(next.last(), next.latest()));
  }

  private Future<Void> write(Database.Statements statements, AuditHead changed) {
    AuditHead head = changed.encryptedBy(cipher);
    return statements
        .query(
            """
            INSERT INTO audit_head (first, before, last, latest, whole, key, kek_id, signature)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (id) DO UPDATE SET first = excluded.first, before = excluded.before,
              last = excluded.last, latest = excluded.latest, whole = excluded.whole,
              key = excluded.key, kek_id = excluded.kek_id, signature = excluded.signature""",
            head.first(),
            Buffer.buffer(head.before()),
            head.last(),
            Buffer.buffer(head.latest()),
            head.whole(),
            Buffer.buffer(head.encrypted()),
            head.kek(),
            Buffer.buffer(head.signature()))
        .mapEmpty();
  }

  /**
   * Forgets entries that are older, as far as they are the first ones, so that the log is whole
   * from there on. What was changed stays: nobody gets rid of it by making it look old.
   */
  Future<Void> forget(Duration kept) {
    return Jobs.portions(() -> forgetSome(kept));
  }

  private Future<Boolean> forgetSome(Duration kept) {
    return database
        .jobs()
        .transaction(
            statements ->
                statements
                    .query("SELECT pg_advisory_xact_lock($1)", TURN)
                    .compose(turn -> forgetSome(statements, kept)))
        .map(forgotten -> forgotten == AT_ONCE);
  }

  private Future<Integer> forgetSome(Database.Statements statements, Duration kept) {
    return head(statements)
        .compose(
            head ->
                statements
                    .query(
                        "SELECT at < now() - make_interval(secs => $2) AS old, "
                            + ENTRY
                            + " FROM audit WHERE position >= $1 ORDER BY position LIMIT $3",
                        head.first(),
                        (double) kept.toSeconds(),
                        AT_ONCE)
                    .compose(entries -> forgetSome(statements, head, entries)));
  }

  private Future<Integer> forgetSome(
      Database.Statements statements, AuditHead head, RowSet<Row> entries) {
    AuditWalk walk = new AuditWalk(head);
    int old = 0;
    for (Row entry : entries) {
      if (!entry.getBoolean("old")) {
        break;
      }
      WrongEntry wrong = walk.step(entry);
      if (wrong != null) {
        log.error("The audit log was changed and is kept as it is: {}", wrong);
        break;
      }
      old++;
    }
    if (old == 0) {
      return head.last() == 0 || head.kek().equals(cipher.id())
          ? Future.succeededFuture(0)
          : write(statements, head).map(0);
    }
    int forgotten = old;
    return statements
        .query("SELECT set_config('starling.forgetting', 'on', true)")
        .compose(
            v ->
                statements.query(
                    "DELETE FROM audit WHERE position BETWEEN $1 AND $2",
                    head.first(),
                    walk.position()))
        .compose(v -> write(statements, head.from(walk.position() + 1, walk.seal())))
        .map(forgotten);
  }

  /** Looks at {@link #AT_ONCE} entries, all in the state of one moment. */
  Future<AuditVerification> verify(VerifyAudit request, Call call) {
    Cursor cursor = Cursor.of(request.cursor());
    Cursor before = seen;
    return database
        .query(call, PORTION, cursor.position(), AT_ONCE)
        .map(rows -> verify(rows, cursor, before));
  }

  private AuditVerification verify(RowSet<Row> rows, Cursor cursor, Cursor before) {
    AuditHead head;
    try {
      head = head(rows.iterator().next());
    } catch (IllegalStateException e) {
      log.error("The audit log was changed: {}", e.getMessage());
      return wrong(0, new WrongEntry(null, null, "head"), null);
    }
    if (!continues(head, before) || head.last() < cursor.position()) {
      return wrong(0, new WrongEntry(head.last() + 1, null, "removed"), head);
    }
    hasSeen(new Cursor(head.last(), head.latest()));
    if (rows.iterator().next().getBoolean("late")) {
      return wrong(0, new WrongEntry(null, null, "unsealed"), head);
    }
    if (rows.iterator().next().getBoolean("outside")) {
      return wrong(0, new WrongEntry(null, null, "inserted"), head);
    }
    List<Row> entries = rows.stream().filter(row -> row.getLong("position") != null).toList();
    return verify(head, entries, cursor);
  }

  private static AuditVerification verify(AuditHead head, List<Row> entries, Cursor cursor) {
    AuditWalk walk = new AuditWalk(head);
    List<Row> further = entries;
    if (cursor.position() > head.first()) {
      Row before = entries.isEmpty() ? null : entries.get(0);
      walk =
          new AuditWalk(
              head,
              cursor.position() - 1,
              before == null ? AuditWalk.NONE : AuditWalk.seal(before));
      if (before == null || before.getLong("position") != cursor.position() - 1) {
        return wrong(0, new WrongEntry(cursor.position() - 1, null, "removed"), head);
      }
      further = entries.subList(1, entries.size());
    }
    if (cursor.position() >= head.first()) {
      WrongEntry wrong = walk.again(further, cursor);
      if (wrong != null) {
        return wrong(0, wrong, head);
      }
      further = further.subList(1, further.size());
    }
    int verified = 0;
    for (Row entry : further) {
      WrongEntry wrong = walk.step(entry);
      if (wrong != null) {
        return wrong(verified, wrong, head);
      }
      verified++;
    }
    boolean more = entries.size() == AT_ONCE;
    if (!more && walk.position() < head.last()) {
      return wrong(verified, walk.removed(), head);
    }
    if (!more && !MessageDigest.isEqual(walk.seal(), head.latest())) {
      return wrong(verified, new WrongEntry(walk.position(), null, "altered"), head);
    }
    return new AuditVerification(
        verified,
        null,
        more ? walk.here() : null,
        new Cursor(head.last(), head.latest()).toString());
  }

  private static AuditVerification wrong(int verified, WrongEntry wrong, AuditHead head) {
    return new AuditVerification(
        verified,
        wrong,
        null,
        head == null ? null : new Cursor(head.last(), head.latest()).toString());
  }
}
