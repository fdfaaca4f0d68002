package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.starling.runtime.DesiredState.Entry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** Several nodes' views of one map and one bus, those of a Vertx that they share. */
class DesiredStateIT {
  private static final byte[] SECRET = new byte[32];
  private static final String TEN = "{\"breaker.calls\":10}";
  private static final String TWENTY = "{\"breaker.calls\":20}";

  /** Longer than two comparisons. */
  private static final Duration PATIENCE = Duration.ofSeconds(8);

  private final Vertx vertx = Vertx.vertx();
  private final SimpleMeterRegistry meters = new SimpleMeterRegistry();
  private final Time time = new Time();
  private final ListAppender<ILoggingEvent> log = new ListAppender<>();
  private DesiredState one;
  private DesiredState other;
  private AsyncMap<String, Object> map;

  @BeforeEach
  void start() {
    map = await(vertx.sharedData().<String, Object>getAsyncMap(DesiredState.NAME));
    log.start();
    ((Logger) LoggerFactory.getLogger(Refusals.class)).addAppender(log);
    one = join(time, true);
    other = join(time, true);
  }

  @AfterEach
  void stop() {
    ((Logger) LoggerFactory.getLogger(Refusals.class)).detachAppender(log);
    await(vertx.close());
  }

  private DesiredState join(Clock clock, boolean faults) {
    DesiredState joined =
        new DesiredState(
            vertx,
            List.of(SECRET),
            meters,
            clock,
            "user@n2"::equals,
            faults,
            new Journal("self", "n1"));
    await(joined.start());
    return joined;
  }

  private static Entry put(DesiredState node, String key, String value) {
    return await(node.put(key, Buffer.buffer(value), null, "ada"));
  }

  private static Entry put(DesiredState node, String key, String value, Duration life) {
    return await(node.put(key, Buffer.buffer(value), life, "ada"));
  }

  private static ServiceException refused(DesiredState node, String key, String value) {
    return catchThrowableOfType(ServiceException.class, () -> put(node, key, value));
  }

  private static String limits(DesiredState node) {
    Entry entry = node.all().get("limits");
    return entry == null ? null : entry.value().encode();
  }

  private double refused() {
    return meters.counter("starling.desired.refused").count();
  }

  @Test
  void isKnownToEveryNodeAtOnce() {
    Entry entry = put(one, "limits", TEN);

    assertThat(one.all()).isEqualTo(Map.of("limits", entry));
    await().atMost(Duration.ofSeconds(1)).until(() -> other.all().equals(one.all()));
    assertThat(entry.by()).isEqualTo("ada");
    assertThat(entry.at()).isEqualTo(time.instant());
    assertThat(entry.expires()).isNull();
  }

  @Test
  void isKnownToANodeThatJoinsLater() {
    put(one, "limits", TEN);
    put(other, "breaker/user@n2", "{\"state\":\"open\"}");
    await().until(() -> one.all().size() == 2);

    assertThat(join(time, true).all()).isEqualTo(one.all());
  }

  @Test
  void isFoundInTheMapByANodeThatMissedTheNotice() {
    JsonObject members = new JsonObject().put("key", "limits").put("by", "ada").put("value", TEN);
    Seal seal = new Seal(SECRET, DesiredState.NAME);

    await(map.put("limits", seal.seal(members, time.instant()).encode()));

    await().atMost(PATIENCE).until(() -> TEN.equals(limits(one)) && TEN.equals(limits(other)));
  }

  @Test
  void tellsThoseWhoFollowAPrefixOfEachChangeBelowIt() {
    put(one, "drain/n1", "{}");
    Queue<Map<String, Entry>> told = new ConcurrentLinkedQueue<>();
    other.on("drain/", told::add);
    await().until(() -> told.size() == 1);

    put(one, "limits", TEN);
    put(one, "drain/n2", "{}");
    await().until(() -> told.size() == 2);
    await(other.remove("drain/n1", "bob"));

    await().until(() -> told.size() == 3);
    assertThat(told.stream().map(Map::keySet).map(List::copyOf))
        .containsExactly(List.of("drain/n1"), List.of("drain/n1", "drain/n2"), List.of("drain/n2"));
  }

  @Test
  void tellsOfTheSameWishASecondTime() {
    Queue<Entry> told = new ConcurrentLinkedQueue<>();
    other.on("breaker/", entries -> told.addAll(entries.values()));

    put(one, "breaker/user@n2", "{\"state\":\"reset\"}");
    put(one, "breaker/user@n2", "{\"state\":\"reset\"}");

    await().until(() -> told.size() == 2);
    assertThat(told).extracting(Entry::at).doesNotHaveDuplicates().isSorted();
  }

  @Test
  void endsWhenItsTimeIsOver() {
    Queue<Integer> told = new ConcurrentLinkedQueue<>();
    other.on("fault/", entries -> told.add(entries.size()));
    String fault = "{\"share\":1,\"error\":true}";
    Entry entry = put(one, "fault/user@n2", fault, Duration.ofMinutes(30));
    assertThat(Duration.between(entry.at(), entry.expires())).hasMinutes(30);
    await().until(() -> told.size() == 1);

    time.passes(Duration.ofMinutes(30));

    await().atMost(PATIENCE).until(() -> told.size() == 2);
    assertThat(told).containsExactly(1, 0);
    assertThat(other.all()).isEmpty();
    assertThat(join(time, true).all()).isEmpty();
    assertThat(refused()).isZero();
  }

  @Test
  void leavesTheMapADayAfterItsEnd() {
    put(one, "breaker/user@n2", "{\"state\":\"open\"}");
    put(one, "limits", TEN);

    time.passes(Duration.ofDays(1).plusMinutes(11));

    await().atMost(PATIENCE).until(() -> await(map.keys()).equals(Set.of("limits")));
    assertThat(one.all()).containsOnlyKeys("limits");
  }

  @Test
  void endsForAllWhenItIsRemoved() {
    put(one, "limits", TEN);
    await().until(() -> other.all().size() == 1);

    await(other.remove("limits", "bob"));

    await().atMost(Duration.ofSeconds(1)).until(() -> one.all().isEmpty());
    assertThat(join(time, true).all()).isEmpty();
    ServiceException none =
        catchThrowableOfType(ServiceException.class, () -> await(one.remove("limits", "bob")));
    assertThat(none.code()).isEqualTo(ErrorCode.NOT_FOUND);
    put(one, "limits", TWENTY);
    await().until(() -> TWENTY.equals(limits(other)));
  }

  @Test
  void staysRemovedWhenSomebodyWritesItAgain() {
    put(one, "limits", TEN);
    Object old = await(map.get("limits"));
    await().until(() -> other.all().size() == 1);
    await(one.remove("limits", "ada"));
    await().until(() -> other.all().isEmpty());
    Object end = await(map.get("limits"));
    Queue<Integer> told = new ConcurrentLinkedQueue<>();
    other.on("limits", entries -> told.add(entries.size()));

    await(map.put("limits", old));
    vertx.eventBus().publish(DesiredState.NAME, old);

    await().atMost(PATIENCE).until(() -> end.equals(await(map.get("limits"))));
    assertThat(one.all()).isEmpty();
    assertThat(other.all()).isEmpty();
    assertThat(told).isEmpty();
  }

  @Test
  void isPutBackWhenTheMapWasWiped() {
    put(one, "limits", TEN);
    await().until(() -> other.all().size() == 1);
    Object genuine = await(map.get("limits"));

    await(map.clear());

    await().atMost(PATIENCE).until(() -> genuine.equals(await(map.get("limits"))));
    assertThat(limits(one)).isEqualTo(TEN);
  }

  @Test
  void replacesWhatNoNodeOfOursWrote() {
    put(one, "limits", TEN);
    Object genuine = await(map.get("limits"));

    await(map.put("limits", "{\"key\":\"limits\"}"));

    await().atMost(PATIENCE).until(() -> genuine.equals(await(map.get("limits"))));
    assertThat(limits(one)).isEqualTo(TEN);
    assertThat(refused()).isPositive();
  }

  private static Map<String, Object> forged() {
    Instant at = Instant.now();
    JsonObject wish = new JsonObject().put("key", "limits").put("by", "x").put("value", TEN);
    JsonObject fault =
        new JsonObject()
            .put("key", "fault/user@n2")
            .put("by", "x")
            .put("value", "{\"share\":1,\"error\":true}");
    Seal genuine = new Seal(SECRET, DesiredState.NAME);
    Map<String, Object> forged = new LinkedHashMap<>();
    forged.put("limits", wish.encode());
    forged.put("drain/secret", new Seal(new byte[] {1}, DesiredState.NAME).seal(wish, at).encode());
    forged.put("drain/purpose", new Seal(SECRET, "starling.registry").seal(wish, at).encode());
    forged.put("drain/changed", genuine.seal(wish, at).put("value", TWENTY).encode());
    forged.put(
        "fault/user@n2",
        genuine
            .seal(fault.copy().put("expires", at.plusSeconds(3_601).toEpochMilli()), at)
            .encode());
    forged.put("fault/user@n3", genuine.seal(fault, at).encode());
    forged.put("odd", genuine.seal(wish.copy().put("key", "odd"), at).encode());
    forged.put(
        "drain/odd",
        genuine.seal(new JsonObject().put("key", "drain/odd").put("value", "{"), at).encode());
    forged.put("drain/junk\nFAKE LINE", "{junk\0");
    forged.put("drain/array", "[]");
    forged.put("drain/number", 42);
    forged.put("drain/bytes", Buffer.buffer("x"));
    return forged;
  }

  @Test
  void ignoresAndReportsWhatIsForgedInTheMap() {
    Map<String, Object> forged = forged();
    forged.forEach((key, entry) -> await(map.put(key, entry)));

    DesiredState joined = join(time, true);

    assertThat(joined.all()).isEmpty();
    await().atMost(PATIENCE).until(() -> refused() >= 2 * 3 * forged.size());
    assertThat(one.all()).isEmpty();
    assertThat(log.list)
        .as("one line for each entry from each of the three nodes")
        .hasSize(3 * forged.size())
        .extracting(ILoggingEvent::getFormattedMessage)
        .allMatch(line -> !line.contains("\n"))
        .filteredOn(line -> line.endsWith("entry drain/changed of the desired state"))
        .hasSize(3);
  }

  @Test
  void ignoresAGenuineEntryUnderAnotherKey() {
    put(one, "drain/n1", "{}");
    await(map.put("drain/n2", await(map.get("drain/n1"))));

    await().atMost(PATIENCE).until(() -> refused() >= 2);
    assertThat(one.all()).containsOnlyKeys("drain/n1");
    assertThat(join(time, true).all()).containsOnlyKeys("drain/n1");
  }

  @Test
  void ignoresAndReportsForgedNotices() {
    Map<String, Object> forged = forged();

    forged.values().forEach(notice -> vertx.eventBus().publish(DesiredState.NAME, notice));
    vertx.eventBus().publish(DesiredState.NAME, null);
    vertx.eventBus().publish(DesiredState.NAME, new JsonArray());
    put(one, "drain/last", "{}");

    await().until(() -> other.all().containsKey("drain/last"));
    await().until(() -> refused() == 2 * (forged.size() + 2));
    assertThat(one.all()).containsOnlyKeys("drain/last");
    assertThat(other.all()).containsOnlyKeys("drain/last");
  }

  @Test
  void theLaterCountsThoughItsNodesClockIsBehind() {
    Time behind = new Time();
    behind.passes(Duration.ofHours(-1));
    DesiredState late = join(behind, true);
    put(one, "limits", TEN);
    await().until(() -> TEN.equals(limits(late)));

    put(late, "limits", TWENTY);

    await().until(() -> TWENTY.equals(limits(one)) && TWENTY.equals(limits(other)));
    await(late.remove("limits", "ada"));
    await().until(() -> one.all().isEmpty() && other.all().isEmpty());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "limit",
        "limits/x",
        "breaker",
        "breaker/",
        "breaker/user",
        "breaker/user@n9",
        "breaker/user@n2/x",
        "fault/user@n9",
        "drain",
        "drain/",
        "drain/a b",
        "drain/a/b",
        "constructor"
      })
  void doesNotKnowOtherKeys(String key) {
    assertThat(refused(one, key, "{}").code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(one.all()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = ';',
      quoteCharacter = '`',
      value = {
        "limits; {\"breaker.call\":10}; INVALID; /breaker.call; nearest is breaker.calls",
        "limits; {\"breaker.calls\":0}; INVALID; /breaker.calls; from 1 to 100000",
        "limits; {\"breaker.calls\":100001}; INVALID; /breaker.calls; from 1 to 100000",
        "limits; {\"breaker.calls\":1.5}; INVALID; /breaker.calls; a whole number",
        "limits; {\"breaker.calls\":\"10\"}; INVALID; /breaker.calls; a whole number",
        "limits; {\"breaker.calls\":null}; INVALID; /breaker.calls; a whole number",
        "limits; {\"breaker.calls\":99999999999999999999}; INVALID; /breaker.calls; a whole number",
        "limits; {\"calls.attempt-timeout\":5}; INVALID; /calls.attempt-timeout; (milliseconds)",
        "limits; {\"breaker.calls\":10,\"breaker.calls\":11}; MALFORMED; ; given twice",
        "limits; []; MALFORMED; ; a",
        "limits; {; MALFORMED; ; JSON",
        "limits; ``; MALFORMED; ; empty",
        "drain/n1; {\"a\":1}; MALFORMED; /a; not a member",
        "drain/n1; null; MALFORMED; ; null",
        "breaker/user@n2; {}; INVALID; /state; null",
        "breaker/user@n2; {\"state\":\"ajar\"}; INVALID; /state; open, closed or reset",
        "breaker/user@n2; {\"state\":\"open\",\"a\":1}; MALFORMED; /a; not a member",
        "log/root; {}; INVALID; /level; null",
        "log/root; {\"level\":\"off\"}; INVALID; /level; trace, debug, info, warn or error",
        "log/org.example; {\"level\":\"debug\"}; INVALID; ; of org.example cannot be changed",
        "log/io.vertx.ext.mail; {\"level\":\"debug\"}; INVALID; ; mails, which hold secrets",
        "fault/user@n2; {\"error\":true}; INVALID; /share; null",
        "fault/user@n2; {\"share\":1.1,\"error\":true}; INVALID; /share; less",
        "fault/user@n2; {\"share\":-0.1,\"error\":true}; INVALID; /share; greater",
        "fault/user@n2; {\"share\":1}; INVALID; ``; needs either",
        "fault/user@n2; {\"share\":1,\"error\":false}; INVALID; ``; needs either",
        "fault/user@n2; {\"share\":1,\"error\":true,\"delay\":9}; INVALID; ``; needs either",
        "fault/user@n2; {\"share\":1,\"delay\":0}; INVALID; /delay; greater",
        "fault/user@n2; {\"share\":1,\"delay\":60001}; INVALID; /delay; less",
        "fault/user@n2; {\"share\":\"1\",\"delay\":5}; MALFORMED; /share; number"
      })
  void saysWhatIsWrongWithAValue(
      String key, String value, ErrorCode code, String pointer, String detail) {
    ServiceException refusal = refused(one, key, value);

    assertThat(refusal.code()).isEqualTo(code);
    if (pointer == null) {
      assertThat(refusal).hasMessageContaining(detail);
    } else {
      assertThat(refusal.errors())
          .singleElement()
          .satisfies(e -> assertThat(e.pointer()).isEqualTo(pointer))
          .satisfies(e -> assertThat(e.detail()).contains(detail));
    }
    assertThat(one.all()).isEmpty();
    assertThat(await(map.size())).isZero();
  }

  @Test
  void namesEveryLimitThatIsWrong() {
    ServiceException refusal =
        refused(one, "limits", "{\"breaker.calls\":0,\"breaker.wait\":1000,\"x\":1}");

    assertThat(refusal.errors())
        .extracting(FieldError::pointer)
        .containsExactly("/breaker.calls", "/x");
  }

  @ParameterizedTest
  @CsvSource({
    "fault/user@n2, PT1H1M",
    "fault/user@n2, PT0S",
    "breaker/user@n2, PT24H1S",
    "log/root, PT24H1S",
    "drain/n1, P366D",
    "limits, P999999999D"
  })
  void lastsNoLongerThanItsKindMay(String key, Duration life) {
    String value = key.startsWith("fault") ? "{\"share\":1,\"error\":true}" : "{}";
    value = key.startsWith("breaker") ? "{\"state\":\"open\"}" : value;
    String wanted = key.startsWith("log") ? "{\"level\":\"debug\"}" : value;

    ServiceException refusal =
        catchThrowableOfType(ServiceException.class, () -> put(one, key, wanted, life));

    assertThat(refusal.code()).isEqualTo(ErrorCode.INVALID);
    assertThat(refusal).hasMessageContaining("at most");
    assertThat(one.all()).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "fault/user@n2, PT10M",
    "breaker/user@n2, PT10M",
    "log/root, PT10M",
    "drain/n1,",
    "limits,"
  })
  void lastsAsLongAsItsKindDoesByDefault(String key, Duration life) {
    String value = key.startsWith("fault") ? "{\"share\":1,\"error\":true}" : "{}";
    value = key.startsWith("breaker") ? "{\"state\":\"open\"}" : value;
    value = key.startsWith("log") ? "{\"level\":\"debug\"}" : value;

    Entry entry = put(one, key, value);

    assertThat(entry.expires()).isEqualTo(life == null ? null : entry.at().plus(life));
  }

  @Test
  void takesNoFaultOnANodeThatMakesNone() {
    DesiredState safe = join(time, false);
    String fault = "{\"share\":1,\"error\":true}";

    assertThat(refused(safe, "fault/user@n2", fault).code()).isEqualTo(ErrorCode.FORBIDDEN);
    assertThat(refused(safe, "fault/user@n2", fault)).hasMessageContaining("faults.enabled");
    assertThat(one.all()).isEmpty();
  }

  @Test
  void holdsAThousandEntriesAtMost() {
    for (int i = 0; i < 1_000; i++) {
      put(one, "drain/n" + i, "{}");
    }

    assertThat(refused(one, "drain/more", "{}").code()).isEqualTo(ErrorCode.CONFLICT);
    put(one, "drain/n7", "{}");
    await(one.remove("drain/n7", "ada"));
  }

  /** A clock that goes by order. */
  private static final class Time extends Clock {
    private volatile Instant now = Instant.ofEpochMilli(System.currentTimeMillis());

    void passes(Duration time) {
      now = now.plus(time);
    }

    @Override
    public Instant instant() {
      return now;
    }

    @Override
    public ZoneId getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(ZoneId zone) {
      return this;
    }
  }
}
