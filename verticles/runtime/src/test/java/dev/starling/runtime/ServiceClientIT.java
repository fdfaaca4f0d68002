package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.Message;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Calls from one node to instances on others, which behave as the test says. */
class ServiceClientIT {
  record Text(String text) {}

  private static final Duration LONG = Duration.ofMinutes(5);
  private static final Operation<Text, Text> ASK =
      Operation.query("lab", "ask", Text.class, Text.class).open().within(LONG);
  private static final Operation<Text, Text> ASK_IN_HASTE =
      Operation.query("lab", "ask-in-haste", Text.class, Text.class).open();
  private static final Operation<Text, Text> MAKE =
      Operation.command("lab", "make", Text.class, Text.class).open().within(LONG);
  private static final Operation<Text, Text> MAKE_IN_HASTE =
      Operation.command("lab", "make-in-haste", Text.class, Text.class).open();
  private static final Operation<Text, Text> KEYED =
      Operation.command("lab", "keyed", Text.class, Text.class).open().keyed().within(LONG);
  private static final Operation<Text, Text> NEW =
      Operation.query("lab", "new", Text.class, Text.class).open().within(LONG);
  private static final Operation<?, ?>[] ALL = {ASK, ASK_IN_HASTE, MAKE, MAKE_IN_HASTE, KEYED};

  @TempDir private Path secrets;

  private final Nodes nodes = new Nodes();
  private final List<Companion> companions = new ArrayList<>();
  private OneNode one;

  @BeforeEach
  void start() {
    one = new OneNode(secrets, nodes);
  }

  @AfterEach
  void stop() {
    one.close();
  }

  @ParameterizedTest
  @EnumSource(names = {"INTERNAL", "UNAVAILABLE", "NOT_STARTED", "OVERLOADED"})
  void makesAnIdempotentCallElsewhereWhenItHasFailed(ErrorCode code) {
    companion().fail(code);
    Companion well = companion();

    assertThat(ends(20, () -> ask(ASK))).containsOnly("a");
    assertThat(well.calls).hasSize(20);
    assertNoneAskedTwice();
  }

  @Test
  void makesAnIdempotentCallElsewhereWhenItIsNotAnsweredInTime() {
    Companion frozen = companion().freeze();
    companion();

    assertThat(ends(20, () -> ask(ASK_IN_HASTE))).containsOnly("a");
    assertThat(frozen.calls).isNotEmpty();
    assertNoneAskedTwice();
  }

  @ParameterizedTest
  @ValueSource(strings = {"make", "keyed"})
  void makesACommandOnceHoweverItFails(String name) {
    companion().fail(ErrorCode.INTERNAL);
    companion();

    List<Object> ends = ends(20, () -> ask(name.equals("make") ? MAKE : KEYED));
    assertThat(ends).containsOnly("a", ErrorCode.INTERNAL);
    assertThat(sent()).isEqualTo(20);
  }

  @Test
  void makesACommandOnceThoughItIsNotAnsweredInTime() {
    companion().freeze();
    companion();

    List<Object> ends = ends(20, () -> ask(MAKE_IN_HASTE));
    assertThat(ends).containsOnly("a", ErrorCode.TIMED_OUT);
    assertThat(sent()).isEqualTo(20);
  }

  @ParameterizedTest
  @EnumSource(names = {"NOT_STARTED", "OVERLOADED"})
  void makesACommandElsewhereWhenItWasRefused(ErrorCode code) {
    Companion refusing = companion().fail(code);
    Companion well = companion();

    assertThat(ends(20, () -> ask(MAKE))).containsOnly("a");
    assertThat(refusing.calls).isNotEmpty();
    assertThat(well.calls).hasSize(20);
    assertNoneAskedTwice();
  }

  @Test
  void sharesWhatIsUnderWayAmongTheInstances() {
    IntStream.range(0, 3).forEach(i -> companion().freeze());
    IntStream.range(0, 300).forEach(i -> ask(MAKE));

    await().until(() -> sent() == 300);
    assertThat(companions).allSatisfy(c -> assertThat(c.calls).hasSizeBetween(80, 120));
  }

  @Test
  void makesACommandWithAKeyElsewhereWhenItHasFailed() {
    Companion broken = companion().fail(ErrorCode.INTERNAL);
    Companion well = companion();

    assertThat(ends(20, () -> ask(KEYED, Call.begin(null, LONG.toMillis()).keyed("k"))))
        .containsOnly("a");
    assertThat(broken.calls).isNotEmpty();
    assertThat(well.calls).hasSize(20);
    assertNoneAskedTwice();
  }

  @Test
  void asksEachInstanceOnceWhenAllRefuse() {
    IntStream.range(0, 4).forEach(i -> companion().fail(ErrorCode.NOT_STARTED));

    assertThat(end(ask(MAKE))).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(companions).allSatisfy(c -> assertThat(c.calls).hasSize(1));
  }

  @ParameterizedTest
  @EnumSource(names = {"INTERNAL", "NOT_STARTED", "OVERLOADED", "CONFLICT"})
  @DisplayName("operator.md: a call to one instance goes there and nowhere else, however it ends")
  void callsOneInstanceAndNoOther(ErrorCode code) {
    Companion wanted = companion();
    Companion other = companion();
    assertThat(ends(20, () -> askOnly(wanted))).containsOnly("a");
    assertThat(wanted.calls).hasSize(20);
    wanted.fail(code);
    assertThat(ends(3, () -> askOnly(wanted))).containsOnly(code);
    assertThat(wanted.calls).hasSize(23);
    assertThat(other.calls).isEmpty();
  }

  @Test
  @DisplayName("operator.md: a call to one instance is refused by its breaker, and says so")
  void callsOneInstanceThroughItsBreaker() {
    limits(Map.of(Limit.BREAKER_CALLS, 1L, Limit.BREAKER_WAIT, 30_000L));
    companion();
    Companion broken = ejected();
    int before = broken.calls.size();
    Future<String> call = askOnly(broken);
    assertThat(end(call)).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(call.cause())
        .hasMessage("The breaker of lab@" + broken.node() + " on this node is open");
    assertThat(broken.calls).hasSize(before);
  }

  @Test
  void makesTwoAttemptsThatMayHaveBegunAtMost() {
    IntStream.range(0, 4).forEach(i -> companion().fail(ErrorCode.INTERNAL));

    assertThat(end(ask(ASK))).isEqualTo(ErrorCode.INTERNAL);
    assertThat(sent()).isEqualTo(2);
  }

  @Test
  void saysThatItMayHaveHappenedThoughItWasRefusedElsewhere() {
    companion().fail(ErrorCode.UNAVAILABLE);
    companion().fail(ErrorCode.NOT_STARTED);

    assertThat(ends(8, () -> ask(ASK))).containsOnly(ErrorCode.UNAVAILABLE);
  }

  @Test
  void makesNoStormOfRetriesWhenAllFail() {
    IntStream.range(0, 3).forEach(i -> companion().fail(ErrorCode.UNAVAILABLE));

    assertThat(ends(1_000, () -> ask(ASK))).containsOnly(ErrorCode.UNAVAILABLE);
    assertThat(sent()).isBetween(1_001, 1_100 + 30);
    assertNoneAskedTwice();
  }

  @Test
  @DisplayName(
      "HT11 Default DeliveryOptions.sendTimeout: ends within the time that its caller gives")
  void endsWithinTheTimeThatItsCallerGives() {
    Companion first = companion().freeze();
    Companion second = companion().freeze();
    long begin = System.nanoTime();

    assertThat(end(ask(ASK_IN_HASTE, Call.begin(null, 1_500)))).isEqualTo(ErrorCode.TIMED_OUT);
    long took = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - begin);
    List<Long> budgets =
        Stream.of(first, second)
            .flatMap(c -> c.calls.stream())
            .map(m -> Long.parseLong(m.headers().get(Call.BUDGET)))
            .sorted()
            .toList();
    assertThat(took).isBetween(1_400L, 5_000L);
    assertThat(budgets).hasSize(2);
    assertThat(budgets.get(0)).isBetween(1L, 500L);
    assertThat(budgets.get(1)).isEqualTo(1_000);
  }

  @Test
  void givesTheOnlyInstanceAllTheTime() {
    Companion frozen = companion().freeze();

    assertThat(end(ask(ASK_IN_HASTE, Call.begin(null, 1_500)))).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(frozen.calls).hasSize(1);
    assertThat(Long.parseLong(frozen.calls.peek().headers().get(Call.BUDGET)))
        .isBetween(1_000L, 1_500L);
  }

  @Test
  void endsACommandAtOnceWhenTheNodeLeavesThatWorksOnIt() {
    Companion frozen = companion().freeze();
    Future<String> pending = ask(MAKE);
    await().until(() -> frozen.calls.size() == 1);
    companion();

    nodes.leave(frozen.node());
    assertThat(end(pending)).isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(sent()).isEqualTo(1);
  }

  @Test
  void makesAnIdempotentCallElsewhereWhenTheNodeLeavesThatWorksOnIt() {
    Companion frozen = companion().freeze();
    List<Future<String>> pending = IntStream.range(0, 10).mapToObj(i -> ask(ASK)).toList();
    await().until(() -> frozen.calls.size() == 10);
    Companion well = companion();

    nodes.leave(frozen.node());
    assertThat(pending).extracting(ServiceClientIT::end).containsOnly("a");
    assertThat(well.calls).hasSize(10);
  }

  @Test
  void skipsInstancesThatLackTheOperation() {
    companion();
    companion();
    Companion newer = companion(ASK, NEW);

    assertThat(ends(20, () -> ask(NEW))).containsOnly("a");
    assertThat(newer.calls).hasSize(20);
  }

  @Test
  @DisplayName(
      "Default DeliveryOptions.sendTimeout: a ping that is lost is soon followed by another")
  void callsNoInstanceThatHasNotAnsweredAPing() {
    companion();
    Companion mute = new Companion(one, member(), "lab", ALL).mute(true).publish();
    companions.add(mute);
    await().until(() -> one.node.directory().announcements().size() == 2);
    assertThat(ends(20, () -> ask(ASK))).containsOnly("a");
    assertThat(mute.calls).isEmpty();

    mute.mute(false);
    await().until(() -> candidates(ASK) == 2);
    ends(20, () -> ask(ASK));
    assertThat(mute.calls).isNotEmpty();
  }

  @Test
  void refusesWhatIsMoreThanMayBeUnderWayToAnInstance() {
    limit(Limit.IN_FLIGHT, 2);
    Companion frozen = companion().freeze();
    List<Future<String>> pending = IntStream.range(0, 2).mapToObj(i -> ask(MAKE)).toList();
    await().until(() -> frozen.calls.size() == 2);
    assertThat(end(ask(MAKE))).isEqualTo(ErrorCode.OVERLOADED);

    Companion well = companion();
    for (int i = 0; i < 10; i++) {
      assertThat(end(ask(MAKE))).isEqualTo("a");
    }
    assertThat(well.calls).hasSize(10);
    assertThat(pending).noneMatch(Future::isComplete);
  }

  @ParameterizedTest
  @EnumSource(names = {"INTERNAL", "UNAVAILABLE"})
  void ejectsHalfOfTheInstancesAtMost(ErrorCode code) {
    limit(Limit.BREAKER_WAIT, 600_000);
    IntStream.range(0, 5).forEach(i -> companion().fail(code));
    ends(600, () -> ask(ASK));

    assertThat(states()).containsOnly("closed", "open").filteredOn("open"::equals).hasSize(2);
  }

  @Test
  void ejectsNoInstanceForOneThatWasNeverReached() {
    limit(Limit.BREAKER_WAIT, 600_000);
    companion().fail(ErrorCode.INTERNAL);
    new Companion(one, member(), "lab", ALL).mute(true).publish();
    await().until(() -> one.node.directory().announcements().size() == 2);
    ends(40, () -> ask(ASK));

    assertThat(states()).containsOnly("closed");
  }

  @Test
  void keepsCallsAwayFromAnInstanceThatFailsItsTrials() {
    limits(Map.of(Limit.BREAKER_CALLS, 1L, Limit.BREAKER_WAIT, 500L));
    companion();
    Companion broken = ejected();
    await()
        .pollInterval(Duration.ofMillis(5))
        .until(() -> status(broken).breaker().equals("half-open"));
    assertThat(ends(10, () -> ask(ASK))).containsOnly("a");

    assertThat(status(broken).reason()).isEqualTo("a trial call failed");
    assertThat(status(broken).breaker()).isEqualTo("open");
  }

  @Test
  void triesAnInstanceByIdempotentCallsOnly() {
    limits(Map.of(Limit.BREAKER_CALLS, 1L, Limit.BREAKER_WAIT, 500L));
    companion();
    Companion broken = ejected();
    broken.calls.clear();
    broken.answer(message -> message.reply(message.body()));
    await()
        .pollInterval(Duration.ofMillis(5))
        .until(() -> status(broken).breaker().equals("half-open"));
    assertThat(ends(10, () -> ask(MAKE))).containsOnly("a");
    assertThat(broken.calls).isEmpty();

    assertThat(ends(10, () -> ask(ASK))).containsOnly("a");
    assertThat(status(broken).breaker()).isEqualTo("closed");
    assertThat(broken.calls).hasSizeGreaterThanOrEqualTo(5);
  }

  @Test
  void triesTheEjectedAgainWhenTooFewOthersAreLeft() {
    limits(Map.of(Limit.BREAKER_CALLS, 1L, Limit.BREAKER_WAIT, 600_000L));
    Companion leaver = companion();
    companion();
    List<Companion> broken = List.of(ejected(), ejected());
    broken.forEach(each -> each.answer(message -> message.reply(message.body())));

    nodes.leave(leaver.node());
    await().until(() -> broken.stream().allMatch(each -> status(each).breaker().equals("closed")));
  }

  @Test
  void callsTheEjectedAtOnceWhenItIsTheOnlyOneLeft() {
    limits(Map.of(Limit.BREAKER_CALLS, 1L, Limit.BREAKER_WAIT, 600_000L));
    Companion well = companion();
    Companion broken = ejected();
    broken.answer(message -> message.reply(message.body()));
    broken.mute(true); // so that no probe brings it back

    nodes.leave(well.node());
    await().until(() -> end(ask(MAKE)).equals("a"));
    assertThat(status(broken).breaker()).isEqualTo("closed");
  }

  private String member() {
    String node = "node-" + (10 + nodes.now.size());
    nodes.now.add(node);
    return node;
  }

  /** One that gets calls already. */
  private Companion companion(Operation<?, ?>... operations) {
    int before = candidates(ASK);
    Operation<?, ?>[] offered = operations.length == 0 ? ALL : operations;
    Companion companion = new Companion(one, member(), "lab", offered).publish();
    companions.add(companion);
    await().until(() -> candidates(ASK) == before + 1);
    return companion;
  }

  /** How many instances an operation could be called on. */
  private int candidates(Operation<?, ?> operation) {
    List<Instance> tried = new ArrayList<>();
    try {
      while (true) {
        tried.add(one.node.directory().choose(operation.spec(), false, tried).instance());
      }
    } catch (ServiceException none) {
      return tried.size();
    }
  }

  private void limit(Limit limit, long value) {
    limits(Map.of(limit, value));
  }

  private void limits(Map<Limit, Long> values) {
    one.node.options().limits().change(values);
  }

  /** The first fault opens the breaker. */
  private Companion ejected() {
    Companion broken = companion().fail(ErrorCode.INTERNAL);
    ends(10, () -> ask(ASK));
    assertThat(status(broken).breaker()).isEqualTo("open");
    return broken;
  }

  private InstanceStatus status(Companion companion) {
    return one.node.directory().instances().stream()
        .filter(i -> i.announcement().node().equals(companion.node()))
        .findFirst()
        .orElseThrow();
  }

  private List<String> states() {
    return one.node.directory().instances().stream().map(InstanceStatus::breaker).toList();
  }

  private int sent() {
    return companions.stream().mapToInt(c -> c.calls.size()).sum();
  }

  private void assertNoneAskedTwice() {
    for (Companion companion : companions) {
      Collection<Message<Buffer>> calls = companion.calls;
      Set<String> traces = new HashSet<>();
      calls.forEach(call -> traces.add(call.headers().get(Call.TRACE)));
      assertThat(traces).hasSameSizeAs(calls);
    }
  }

  private Future<String> ask(Operation<Text, Text> operation) {
    return ask(operation, Call.begin(null, operation.spec().budget()));
  }

  private Future<String> ask(Operation<Text, Text> operation, Call call) {
    return one.node.client().call(operation, new Text("a"), call).map(Text::text);
  }

  private Future<String> askOnly(Companion companion) {
    return one.node
        .client()
        .sendTo(
            "lab@" + companion.node(),
            ASK.spec(),
            Codec.write(new Text("a")),
            Call.begin(null, ASK.spec().budget()))
        .map(reply -> Codec.reply(reply.body(), Text.class).text());
  }

  /** How so many calls end that are made side by side. */
  private static List<Object> ends(int calls, Supplier<Future<String>> call) {
    List<Future<String>> made = IntStream.range(0, calls).mapToObj(i -> call.get()).toList();
    return made.stream().map(ServiceClientIT::end).toList();
  }

  /** The text of the answer, or the code of the failure. */
  private static Object end(Future<String> call) {
    await(call.otherwiseEmpty());
    return call.succeeded() ? call.result() : ServiceException.of(call.cause()).code();
  }
}
