package dev.starling.lab;

import static dev.starling.lab.Outcome.ACKNOWLEDGED;
import static dev.starling.lab.Outcome.REFUSED;
import static dev.starling.lab.Outcome.UNKNOWN;
import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.lab.Checker.Breach;
import dev.starling.lab.Checker.Finding;
import dev.starling.lab.Checker.Row;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Histories made by hand, most of which must be caught. */
class CheckerTest {
  private static final Row ADA = new Row("1", "ada");

  private static Entry keyed(String key, Outcome outcome, String code, String id) {
    return new Entry(Kind.KEYED_REGISTRATION, key, "ada", 0, 0, 1, outcome, code, id);
  }

  private static Entry plain(Outcome outcome, String code, String id) {
    return new Entry(Kind.REGISTRATION, "", "ada", 0, 0, 1, outcome, code, id);
  }

  private static Entry replay(Outcome outcome, String code, String id) {
    return new Entry(Kind.REPLAY, "k", "ada", 0, 2, 3, outcome, code, id);
  }

  private static List<Breach> check(List<Entry> history, Row... rows) {
    return Checker.check(history, List.of(rows)).stream().map(Finding::breach).toList();
  }

  @Test
  void acceptsWhatWasAcknowledgedAndIsThere() {
    assertThat(check(List.of(keyed("k", ACKNOWLEDGED, "201", "1")), ADA)).isEmpty();
    assertThat(check(List.of(plain(ACKNOWLEDGED, "201", "1")), ADA)).isEmpty();
  }

  @Test
  void acceptsEitherEndOfTheUnknown() {
    assertThat(check(List.of(plain(UNKNOWN, "504 timed-out", "")))).isEmpty();
    assertThat(check(List.of(plain(UNKNOWN, "504 timed-out", "")), ADA)).isEmpty();
  }

  @Test
  void acceptsARefusalOfWhatIsNotThere() {
    assertThat(check(List.of(plain(REFUSED, "503 overloaded", "")))).isEmpty();
  }

  @Test
  void acceptsARepetitionThatNamesTheSameUser() {
    List<Entry> history =
        List.of(keyed("k", UNKNOWN, "504 timed-out", ""), replay(ACKNOWLEDGED, "201", "1"));
    assertThat(check(history, ADA)).isEmpty();
  }

  @Test
  void acceptsOneWinnerOfARaceForAName() {
    List<Entry> history =
        List.of(
            keyed("k", ACKNOWLEDGED, "201", "1"),
            keyed("l", REFUSED, "409 conflict", ""),
            plain(REFUSED, "409 conflict", ""));
    assertThat(check(history, ADA)).isEmpty();
  }

  @Test
  void leavesOutWhatRegistersNobody() {
    Entry login = new Entry(Kind.LOGIN, "", "ada", 0, 0, 1, ACKNOWLEDGED, "200", "");
    assertThat(check(List.of(login))).isEmpty();
  }

  @Test
  void findsALostRegistration() {
    assertThat(check(List.of(plain(ACKNOWLEDGED, "201", "1")))).containsExactly(Breach.LOST);
  }

  @Test
  void findsTwoRowsOfOneNameInWhateverSpelling() {
    assertThat(check(List.of(plain(ACKNOWLEDGED, "201", "1")), ADA, new Row("2", "ADA")))
        .containsExactly(Breach.DOUBLED);
  }

  @Test
  void findsAnAnswerThatNamesAnotherUserThanTheDatabase() {
    assertThat(check(List.of(plain(ACKNOWLEDGED, "201", "7")), ADA))
        .containsExactly(Breach.DOUBLED);
  }

  @Test
  void findsARepetitionThatNamesAnotherUser() {
    List<Entry> history =
        List.of(keyed("k", ACKNOWLEDGED, "201", "1"), replay(ACKNOWLEDGED, "201", "2"));
    assertThat(check(history, ADA)).containsExactly(Breach.DOUBLED);
  }

  @Test
  void findsTwoWinnersOfARace() {
    List<Entry> history =
        List.of(keyed("k", ACKNOWLEDGED, "201", "1"), keyed("l", ACKNOWLEDGED, "201", "1"));
    assertThat(check(history, ADA)).containsExactly(Breach.DOUBLED);
    assertThat(
            check(List.of(plain(ACKNOWLEDGED, "201", "1"), plain(ACKNOWLEDGED, "201", "1")), ADA))
        .containsExactly(Breach.DOUBLED);
  }

  @Test
  void findsWhatWasRefusedAndDoneAllTheSame() {
    assertThat(check(List.of(plain(REFUSED, "503 not-started", "")), ADA))
        .containsExactly(Breach.CONTRADICTED);
  }

  @Test
  void findsACommandSentTwiceByTheConflictWithItself() {
    assertThat(check(List.of(plain(REFUSED, "409 conflict", "")), ADA))
        .containsExactly(Breach.CONTRADICTED);
  }

  @Test
  void findsAKeyThatDoesNotStandForItsUser() {
    List<Entry> history =
        List.of(keyed("k", ACKNOWLEDGED, "201", "1"), replay(REFUSED, "409 conflict", ""));
    assertThat(check(history, ADA)).containsExactly(Breach.NOT_REPEATABLE);
  }
}
