package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import io.vertx.core.Future;
import io.vertx.sqlclient.Row;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The user service and its tables. */
@Timeout(180)
class UserServiceIT extends UserNodes {
  @Test
  @DisplayName("MG1 AT3 nodes that start at once make the tables and the key once")
  void nodesThatStartAtOnceMakeTheTablesAndTheKeyOnce() {
    List<Harness> five = IntStream.range(0, 5).mapToObj(i -> node()).toList();
    Harness.await(Future.all(five.stream().map(this::deploy).toList()));

    assertThat(text("SELECT script FROM schema_history"))
        .contains("V1__accounts.sql")
        .doesNotHaveDuplicates();
    List<String> kids = text("SELECT kid FROM signing_keys");
    assertThat(kids).hasSize(1);
    assertThat(five).extracting(UserNodes::published).containsOnly(kids);
  }

  @Test
  @DisplayName("MG1 a node waits for another that makes the tables")
  void aNodeWaitsForAnotherThatMakesTheTables() {
    execute("SELECT pg_advisory_lock(" + 0x5374_6172_6c69_6e67L + ")");
    Harness node = node();
    Future<?> started = deploy(node);
    await()
        .until(
            () ->
                text("SELECT pid::text FROM pg_stat_activity WHERE query LIKE '%pg_try_advisory_lock%'")
                        .size()
                    == 2); // and this statement
    assertThat(started.isComplete()).isFalse();
    assertThat(text("SELECT tablename::text FROM pg_tables WHERE schemaname = 'public'")).isEmpty();

    execute("SELECT pg_advisory_unlock_all()");
    Harness.await(started);
  }

  @Test
  @DisplayName("MG2 a node refuses tables whose script was changed")
  void aNodeRefusesTablesWhoseScriptWasChanged() {
    start();
    execute("UPDATE schema_history SET checksum = 'x' WHERE script = 'V1__accounts.sql'");

    assertThatThrownBy(this::start)
        .hasMessage("V1__accounts.sql was changed after it had run on this database");
  }

  @Test
  @DisplayName("MG2 a node refuses tables that are newer than itself")
  void aNodeRefusesTablesThatAreNewerThanItself() {
    start();
    execute("INSERT INTO schema_history (script, checksum) VALUES ('V999__later.sql', 'x')");

    assertThatThrownBy(this::start)
        .hasMessage("The database is newer than this program: it has seen V999__later.sql");
  }

  @Test
  @DisplayName("ID3 ID4 one of two who register a name at the same time gets it")
  void oneOfTwoWhoRegisterANameAtTheSameTimeGetsIt() {
    Harness one = start();
    Harness two = start();
    int decided = 0;
    for (int i = 0; decided < 3; i++) {
      Future<User> first = register(one, "user" + i);
      Future<User> second = register(two, "USER" + i);
      Harness.await(Future.join(first, second).otherwiseEmpty());

      List<ErrorCode> refusals =
          Stream.of(first, second)
              .filter(Future::failed)
              .map(refused -> ((ServiceException) refused.cause()).code())
              .toList();
      if (refusals.stream().noneMatch(UserNodes::isOutOfTime)) {
        assertThat(refusals).containsExactly(ErrorCode.CONFLICT);
        decided++;
      }
    }
    assertThat(text("SELECT username_key FROM users")).doesNotHaveDuplicates();
  }

  @Test
  @DisplayName("RT1 RT6 a session begins with its refresh token, of which only the hash is kept")
  void aSessionBeginsWithItsRefreshTokenOfWhichOnlyTheHashIsKept() throws Exception {
    Harness node = start();
    registerAda(node);
    Tokens tokens = login(node);

    byte[] hash =
        MessageDigest.getInstance("SHA-256").digest(tokens.refreshToken().getBytes("US-ASCII"));
    Row row =
        sql.query(
                """
                SELECT u.username, r.hash, r.generation, r.consumed_at,
                  s.absolute_expiry - now() BETWEEN '29 days' AND '30 days' AS lasts,
                  r.expires_at - now() BETWEEN '6 days' AND '7 days' AS rests
                FROM users u JOIN sessions s ON s.user_id = u.id
                  JOIN refresh_tokens r ON r.session_id = s.id
                ORDER BY r.issued_at DESC LIMIT 1""")
            .execute()
            .await()
            .iterator()
            .next();
    assertThat(row.getString("username")).isEqualTo("ada");
    assertThat(row.getBuffer("hash").getBytes()).isEqualTo(hash);
    assertThat(row.getLong("generation")).isZero();
    assertThat(row.getValue("consumed_at")).isNull();
    assertThat(row.getBoolean("lasts")).isTrue();
    assertThat(row.getBoolean("rests")).isTrue();
  }

  @Test
  @DisplayName("EN1 AZ6 a user who is disabled is a stranger")
  void aUserWhoIsDisabledIsAStranger() {
    Harness node = start();
    registerAda(node);
    String token = login(node).accessToken();
    assertThat(me(node, token)).isEqualTo("ada");
    execute("UPDATE users SET enabled = false");

    assertThat(refusal(() -> me(node, token))).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(refusal(() -> login(node))).isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  @ParameterizedTest
  @ValueSource(strings = {"revoked_at", "retire_at"})
  @DisplayName("AT4 a key that has gone is no longer published and another signs")
  void aKeyThatHasGoneIsNoLongerPublishedAndAnotherSigns(String gone) {
    Harness one = start();
    Harness two = start();
    registerAda(one);
    String old = login(one).accessToken();
    assertThat(me(two, old)).isEqualTo("ada");
    List<String> before = published(one);

    execute("UPDATE signing_keys SET " + gone + " = now()");
    await()
        .atMost(Duration.ofSeconds(30)) // promised are 5 s, on a machine that does nothing else
        .until(() -> refusal(() -> me(two, old)) == ErrorCode.UNAUTHENTICATED);
    assertThat(published(one)).hasSize(1).doesNotContainAnyElementsOf(before);
    assertThat(published(two)).isEqualTo(published(one));

    String fresh = login(one).accessToken();
    await()
        .atMost(Duration.ofSeconds(30)) // an unknown key makes them be read once in 10 s
        .until(() -> refusal(() -> me(two, fresh)) == null);
  }

  @Test
  void aTableThatIsLockedFailsACallInTimeAndHarmsNothing() {
    Harness node = start();
    execute("BEGIN");
    execute("LOCK TABLE users IN ACCESS EXCLUSIVE MODE");
    Future<User> registered = register(node, "grace");
    Harness.await(registered.otherwiseEmpty());
    assertThat(registered.cause())
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(isOutOfTime(e.code())).isTrue());
    execute("ROLLBACK");

    registerAda(node);
    assertThat(text("SELECT username FROM users")).containsExactly("ada");
  }
}
