package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.AuditVerification;
import dev.starling.user.api.UserContract.VerifyAudit;
import dev.starling.user.api.UserContract.WrongEntry;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Attacks on the audit log by somebody who may do anything to the database; two nodes seal. */
@Timeout(180)
class AuditSealsIT extends UserNodes {
  private static final String ENTRIES =
      """
      SELECT happened('probe', NULL, jsonb_build_object('trace', n, 'source', '192.0.2.1'),
        jsonb_build_object('n', n)) FROM generate_series(1, %d) AS n""";

  /** To one entry. */
  private static final List<String> CHANGES =
      List.of(
          "at = at + interval '1 microsecond'",
          "action = 'prove'",
          "actor = gen_random_uuid()",
          "subject = gen_random_uuid()",
          "source = NULL",
          "source = ''",
          "trace = '1' || trace",
          "detail = '{\"n\": 0}'",
          "detail = NULL",
          "complete = complete + interval '1 s'",
          "seal = NULL",
          "seal = sha256(seal)");

  private static final String UNBOUND = "ALTER TABLE audit DROP CONSTRAINT audit_position;";

  private Harness one;
  private Harness two;
  private String token;

  @BeforeEach
  void begins() {
    execute("SET starling.forgetting = 'on'"); // as whoever knows how nodes forget
    one = start();
    two = start();
    registerAda(one);
    execute("UPDATE users SET roles = '{user,admin}'");
    token = login(two).accessToken();
    awaitSealed();
    execute(ENTRIES.formatted(30));
    awaitSealed();
  }

  private void awaitSealed() {
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> text("SELECT id::text FROM audit WHERE position IS NULL").isEmpty());
  }

  private AuditVerification portion(Harness node, String cursor) {
    return patiently(() -> node.call(UserContract.VERIFY_AUDIT, new VerifyAudit(cursor), token));
  }

  /** To the end, or to the first entry that is wrong. */
  private AuditVerification verify(String cursor) {
    AuditVerification portion = portion(one, cursor);
    int verified = portion.verified();
    while (portion.next() != null) {
      portion = portion(verified % 2 == 0 ? one : two, portion.next());
      verified += portion.verified();
    }
    return new AuditVerification(verified, portion.wrong(), null, portion.end());
  }

  private long number(String query) {
    return execute(query).iterator().next().getLong(0);
  }

  private void assertWrong(String what, Long position) {
    for (Harness node : List.of(one, two)) {
      WrongEntry wrong = portion(node, null).wrong();
      assertThat(wrong).isNotNull();
      assertThat(wrong.what()).isEqualTo(what);
      assertThat(wrong.position()).isEqualTo(position);
    }
  }

  @Test
  @DisplayName("AU6 what nobody has changed is verified, however many entries there are")
  void verifiesAll() {
    execute(ENTRIES.formatted(2_500));
    awaitSealed();

    AuditVerification verification = verify(null);
    assertThat(verification.wrong()).isNull();
    assertThat(verification.verified()).isEqualTo((int) number("SELECT count(*) FROM audit"));
    assertThat(verification.verified()).isGreaterThan(2_530);
    assertThat(verification.end()).startsWith(verification.verified() + ":");
    assertThat(text("SELECT position::text FROM audit")).doesNotHaveDuplicates();
    assertThat(number("SELECT max(position) FROM audit")).isEqualTo(verification.verified());
  }

  @Test
  @DisplayName("AU6 an entry of which anything was altered is named")
  void namesWhatWasAltered() {
    long entry = number("SELECT id FROM audit WHERE position = 12");
    execute("CREATE TABLE kept AS SELECT * FROM audit WHERE position = 12");
    for (String change : CHANGES) {
      execute("UPDATE audit SET " + change + " WHERE position = 12");

      assertWrong("altered", 12L);
      assertThat(portion(one, null).verified()).as(change).isEqualTo(11);
      assertThat(portion(one, null).wrong().entry()).as(change).isEqualTo(entry);

      execute(
          "DELETE FROM audit WHERE position = 12; INSERT INTO audit"
              + " OVERRIDING SYSTEM VALUE SELECT * FROM kept");
      assertThat(portion(one, null).wrong()).as("after %s was undone", change).isNull();
    }
  }

  @Test
  @DisplayName("AU6 an entry that was removed is named, wherever it was")
  void namesWhatWasRemoved() {
    execute("DELETE FROM audit WHERE position = 12");
    assertWrong("removed", 12L);

    execute("DELETE FROM audit WHERE position <= 12");
    assertWrong("removed", 1L);
    execute("DELETE FROM audit");
    assertWrong("removed", 1L);
  }

  @Test
  @DisplayName("AU6 it does not help to let the rest move up")
  void namesWhatWasRemovedThoughTheRestMovedUp() {
    execute(
        UNBOUND
            + "DELETE FROM audit WHERE position = 12;"
            + "UPDATE audit SET position = position - 1 WHERE position > 12");

    assertWrong("altered", 12L);
  }

  @Test
  @DisplayName("AU6 an altered entry that is to be sealed once more is missed where it was")
  void namesWhatWasSealedOnceMore() {
    execute(
        "UPDATE audit SET action = 'prove', position = NULL, seal = NULL, complete = NULL"
            + " WHERE position = 12");
    awaitSealed();

    assertWrong("removed", 12L);
  }

  @Test
  @DisplayName("AU6 an entry that was inserted is named")
  void namesWhatWasInserted() {
    long last = number("SELECT max(position) FROM audit");
    String copy =
        """
        INSERT INTO audit (at, action, actor, subject, source, trace, position, seal, complete)
        SELECT at, 'forged', actor, subject, source, trace, %s FROM audit WHERE position = 12""";
    execute(UNBOUND + copy.formatted("position, seal, complete"));
    assertWrong("inserted", 12L);

    execute("DELETE FROM audit WHERE action = 'forged'");
    assertThat(verify(null).wrong()).isNull();
    execute(copy.formatted(last + 1 + ", seal, complete"));
    assertWrong("inserted", last + 1);

    execute("DELETE FROM audit WHERE action = 'forged'");
    execute("UPDATE audit SET position = position + 1 WHERE position >= 12");
    execute(copy.formatted("12, seal, complete").replace("position = 12", "position = 13"));
    assertWrong("altered", 12L);
  }

  @Test
  @DisplayName("AU6 an entry that comes late and claims to be old is named")
  void namesWhatClaimsToBeOld() {
    execute("INSERT INTO audit (at, action) VALUES (now() - interval '1 day', 'forged')");
    awaitSealed();

    assertWrong("inserted", number("SELECT position FROM audit WHERE action = 'forged'"));
  }

  @Test
  @DisplayName("AU6 entries that have changed places are named")
  void namesWhatChangedPlaces() {
    execute(
        UNBOUND
            + """
            UPDATE audit SET position = 25 - position, seal = other.seal
            FROM (SELECT 25 - position AS place, seal FROM audit WHERE position IN (12, 13)) AS other
            WHERE position = place""");

    assertWrong("altered", 12L);
  }

  @Test
  @DisplayName("AU6 a log whose end was cut off does not pass for a whole one")
  void noticesThatTheEndIsMissing() {
    execute("CREATE TABLE kept AS SELECT * FROM audit_head");
    long last = number("SELECT max(position) FROM audit");
    execute("DELETE FROM audit WHERE position = " + last);
    assertWrong("removed", last);
    execute("DELETE FROM audit WHERE position > 20");
    assertWrong("removed", 21L);

    execute(
        """
        UPDATE audit_head SET last = 20,
          latest = (SELECT seal FROM audit WHERE position = 20)""");
    assertWrong("head", null);
    execute("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept");
    assertWrong("removed", 21L);
    execute("UPDATE audit_head SET key = sha256(key)");
    assertWrong("head", null);
    execute("DELETE FROM audit_head");
    assertWrong("head", null);
  }

  @Test
  @DisplayName("AU6 an earlier end of the log, signed at the time, does not pass for the latest")
  void noticesAnEarlierEnd() {
    String earlier = verify(null).end();
    execute("CREATE TABLE kept AS SELECT * FROM audit_head");
    execute(ENTRIES.formatted(5));
    awaitSealed();
    String later = verify(null).end();
    assertThat(verify(earlier).verified()).isEqualTo(5);
    assertThat(portion(two, earlier).wrong()).isNull();
    long last = Long.parseLong(earlier.split(":")[0]);

    execute("DELETE FROM audit WHERE position > " + last);
    execute("DELETE FROM audit_head; INSERT INTO audit_head SELECT * FROM kept");
    assertWrong("removed", last + 1);
    Harness another = start();
    assertThat(portion(another, null).wrong()).as("it has not seen more").isNull();
    assertThat(portion(another, later).wrong().what()).as("who has sees it").isEqualTo("removed");
  }

  @Test
  @DisplayName("AU6 the entry at which somebody goes on is looked at once more")
  void looksAtTheSeenOnceMore() {
    String end = verify(null).end();
    long last = number("SELECT max(position) FROM audit");
    assertThat(portion(two, end).verified()).isZero();
    assertThat(portion(two, end).wrong()).isNull();

    execute("UPDATE audit SET action = 'prove' WHERE position = " + last);
    assertThat(portion(two, end).wrong().what()).isEqualTo("altered");
    execute("DELETE FROM audit WHERE position = " + last);
    assertThat(portion(two, end).wrong()).isEqualTo(new WrongEntry(last, null, "removed"));
    execute("DELETE FROM audit WHERE position >= " + (last - 1));
    assertThat(portion(two, end).wrong()).isEqualTo(new WrongEntry(last - 1, null, "removed"));
    String other = "2:" + "0".repeat(64);
    assertThat(portion(two, other).wrong().what()).isEqualTo("altered");
    assertThat(portion(two, "1:" + "0".repeat(64)).wrong().what()).isEqualTo("altered");
    assertThat(portion(two, "0:" + "0".repeat(64)).verified()).isEqualTo((int) last - 2);
  }

  @Test
  @DisplayName("AU6 a log that was changed is not sealed as if it were none")
  void doesNotSealWhatWasChanged() {
    execute("UPDATE audit_head SET last = last + 1");
    execute(ENTRIES.formatted(3));
    awaitTwoTurns();
    assertThat(number("SELECT count(*) FROM audit WHERE position IS NULL")).isEqualTo(3);

    execute("DELETE FROM audit_head");
    awaitTwoTurns();
    assertThat(number("SELECT count(*) FROM audit WHERE position IS NULL")).isEqualTo(3);
  }

  @Test
  @DisplayName(
      "AU6 a log that is made to be sealed anew as a whole is refused by nodes that knew it")
  void refusesToSealItAnew() {
    execute(
        "BEGIN; DELETE FROM audit_head; UPDATE audit SET position = NULL, seal = NULL,"
            + " complete = NULL, action = 'forged'; COMMIT");
    awaitTwoTurns();
    assertThat(text("SELECT position::text FROM audit WHERE position IS NOT NULL")).isEmpty();
    assertWrong("removed", 1L);
  }

  @Test
  @DisplayName("AU6 it is told when entries wait for a seal for long")
  void tellsThatNothingIsSealed() {
    execute("SELECT pg_advisory_lock(" + 0x7365_616c_73L + ")");
    execute("INSERT INTO audit (at, action) VALUES (now() - interval '2 minutes', 'waits')");
    assertWrong("unsealed", null);
    execute("SELECT pg_advisory_unlock_all()");
    awaitSealed();
    assertThat(portion(one, null).wrong()).isNull();
  }

  @Test
  @DisplayName("AU6 MG3 a release that knows no seals forgets nothing that has one")
  void keepsWhatTheReleaseBeforeWouldForget() {
    execute("RESET starling.forgetting");
    execute("DELETE FROM audit WHERE at < now()");
    assertThat(verify(null).wrong()).isNull();
    assertThat(number("SELECT min(position) FROM audit")).isEqualTo(1);
  }

  /** Both nodes have had time to look; it is what does not happen that is waited for. */
  private static void awaitTwoTurns() {
    await().pollDelay(Duration.ofMillis(2_500)).until(() -> true);
  }

  @Test
  @DisplayName("AU6 an entry whose transaction ends late is sealed then, by whichever node")
  void sealsWhatComesLate() {
    Vertx vertx = Vertx.vertx();
    try {
      PgConnection late = PgConnection.connect(vertx, PgConnectOptions.fromUri(url())).await();
      late.query("BEGIN").execute().await();
      late.query("SELECT happened('late', NULL, '{}')").execute().await();
      for (int i = 0; i < 20; i++) {
        execute(ENTRIES.formatted(10));
      }
      awaitSealed();
      late.query("COMMIT").execute().await();
      awaitSealed();

      assertThat(number("SELECT position FROM audit WHERE action = 'late'"))
          .isEqualTo(number("SELECT max(position) FROM audit"));
      assertThat(verify(null).wrong()).isNull();
    } finally {
      vertx.close().await();
    }
  }

  @Test
  @DisplayName("AU6 entries that are forgotten leave a log that can be verified")
  void forgetsFromTheBeginning() {
    execute(
        "BEGIN; TRUNCATE audit, audit_head; INSERT INTO audit (at, action)"
            + " SELECT now() - interval '366 days', 'old' FROM generate_series(1, 1500); COMMIT");
    execute(ENTRIES.formatted(10));
    stop(one);
    stop(two);
    Harness third = start();
    awaitSealed();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> text("SELECT id::text FROM audit WHERE action = 'old'").isEmpty());

    AuditVerification whole = portion(third, null);
    assertThat(whole.wrong()).isNull();
    assertThat(whole.verified()).isEqualTo((int) number("SELECT count(*) FROM audit"));
    assertThat(number("SELECT first FROM audit_head")).isEqualTo(1_501);
    execute("DELETE FROM audit WHERE position = 1501");
    assertThat(portion(third, null).wrong()).isEqualTo(new WrongEntry(1_501L, null, "removed"));
    execute("UPDATE audit_head SET first = 1502");
    assertThat(portion(third, null).wrong().what()).isEqualTo("head");
  }

  @Test
  @DisplayName("AU6 nobody gets rid of entries by making them look old")
  void keepsWhatLooksOld() {
    long before = number("SELECT count(*) FROM audit WHERE position <= 32");
    execute("UPDATE audit SET at = at - interval '2 years'");
    execute(
        """
        INSERT INTO idempotency_keys (key, request_hash, user_id, created_at)
        VALUES ('old', '', gen_random_uuid(), now() - interval '2 days')""");
    start();
    await()
        .atMost(Duration.ofSeconds(60))
        .until(() -> text("SELECT key FROM idempotency_keys").isEmpty());
    awaitTwoTurns();

    assertThat(number("SELECT count(*) FROM audit WHERE position <= 32")).isEqualTo(before);
    assertWrong("altered", 1L);
  }

  @Test
  @DisplayName("AU6 a cursor that is none is refused")
  void refusesACursorThatIsNone() {
    for (String cursor : List.of("", "x", "1", "1:", "1:xyz", "-1:0")) {
      assertThat(refusal(() -> portion(one, cursor))).as(cursor).isEqualTo(ErrorCode.INVALID);
    }
  }

  @Test
  @DisplayName("AU6 two nodes that seal while entries are written make one log")
  void makesOneLog() {
    for (int i = 0; i < 30; i++) {
      execute(ENTRIES.formatted(100));
    }
    awaitSealed();

    assertThat(number("SELECT count(*) - max(position) FROM audit")).isZero();
    assertThat(verify(null).wrong()).isNull();
  }
}
