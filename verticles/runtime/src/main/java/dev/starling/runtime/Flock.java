package dev.starling.runtime;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All nodes as this one knows them. Each tells the others once a second how it does; reading it
 * never leaves the JVM. A report is sealed, counts only while its node is a member, and only when
 * it is newer than the last.
 *
 * <p>A node that has left is kept for a while, with the reason, as far as others can know it.
 */
public final class Flock {
  private static final Logger log = LoggerFactory.getLogger(Flock.class);
  private static final String NAME = "starling.reports";
  private static final long EVERY = 1_000;

  /** Reports that may be missing, in milliseconds, before a node counts as silent. */
  private static final long SILENT = 3_000;

  private static final long KEPT_NANOS = TimeUnit.MINUTES.toNanos(10);
  private static final int MOST_LEFT = 100;

  private final Vertx vertx;
  private final Context context;
  private final Node node;
  private final Journal journal;
  private final Seal seal;
  private final Refusals refusals;
  private final Counter unread;
  private final Reporter reporter;
  private final Map<String, Seen> seen = new ConcurrentHashMap<>();
  private MessageConsumer<Object> consumer;
  private long timer = -1;
  private volatile String operator;
  private volatile String gateway;
  private final List<Consumer<NodeReport>> listeners = new CopyOnWriteArrayList<>();

  /** A report, and when it came by {@link System#nanoTime}. */
  private record Seen(NodeReport report, long heard, Long left, String why) {}

  /**
   * A node of the flock.
   *
   * @param report the last that it gave; null before the first
   * @param id in the cluster
   * @param age milliseconds since the report came
   * @param state {@code up}, {@code silent} or {@code left}
   * @param why it has left, as far as that is known; null while it is there
   */
  public record Member(String id, NodeReport report, long age, State state, String why) {
    /** Its name for people. */
    public String name() {
      return report == null ? id : report.name();
    }
  }

  /** Whether a node is there. */
  public enum State {
    /** It has reported lately. */
    UP,
    /** It is a member and has not reported lately, or not yet. */
    SILENT,
    /** It is a member no more. */
    LEFT
  }

  Flock(
      Vertx vertx,
      Context context,
      Node node,
      List<byte[]> clusterSecrets,
      MeterRegistry meters,
      Journal journal) {
    this.vertx = vertx;
    this.context = context;
    this.node = node;
    this.journal = journal;
    this.seal = new Seal(clusterSecrets, NAME);
    this.refusals = new Refusals(meters, NAME + ".refused");
    this.unread =
        Counter.builder(NAME + ".unread")
            .description("Reports that another release has written in another way")
            .register(meters);
    this.reporter = new Reporter(node, meters, journal);
  }

  Future<Void> start() {
    node.membership().onLeft(id -> context.runOnContext(v -> left(id)));
    return Future.future(
        promise ->
            context.runOnContext(
                v -> {
                  consumer = vertx.eventBus().consumer(NAME, this::hear);
                  node.watchEventLoop();
                  timer = vertx.setPeriodic(1, EVERY, t -> tell(false));
                  consumer.completion().onComplete(promise);
                }));
  }

  /** Tells where this node's operator port is. */
  public void operatorAt(String address) {
    operator = address;
  }

  /** Tells where this node takes requests from outside. */
  public void gatewayAt(String address) {
    gateway = address;
  }

  /** Says farewell. */
  void close() {
    context.runOnContext(
        v -> {
          vertx.cancelTimer(timer);
          consumer.unregister(); // first: what comes to it afterwards would be warned of
          tell(true);
        });
  }

  private void tell(boolean stopping) {
    forget();
    try {
      NodeReport next = reporter.next(stopping, operator, gateway, hears());
      JsonObject report = new JsonObject().put("report", Codec.write(next).toString());
      vertx.eventBus().publish(NAME, seal.seal(report, Instant.now()));
    } catch (RuntimeException e) {
      log.warn("This node could not report how it does", e);
    }
  }

  /** The other nodes whose reports have come lately. */
  private List<String> hears() {
    return seen.entrySet().stream()
        .filter(e -> !e.getKey().equals(node.membership().self()))
        .filter(e -> e.getValue().left() == null && millis(e.getValue().heard()) < SILENT)
        .map(Map.Entry::getKey)
        .sorted()
        .toList();
  }

  private void hear(Message<Object> message) {
    Optional<JsonObject> told = seal.open(message.body());
    if (told.isPresent()) {
      read(told.get()).ifPresent(this::hear);
    } else {
      refusals.report("message on " + NAME);
    }
  }

  private void hear(NodeReport report) {
    if (!node.membership().nodes().contains(report.node())) {
      return; // It has left, or somebody sends again what it said.
    }
    Seen before = seen.get(report.node());
    if (before != null && before.report().sequence() >= report.sequence()) {
      return;
    }
    seen.put(report.node(), new Seen(report, System.nanoTime(), null, null));
    report.events().stream()
        .filter(event -> event.kind() != null) // one that only another release knows
        .forEach(journal::learn);
    listeners.forEach(listener -> listener.accept(report));
    if (before == null) {
      journal.notice("joined-" + report.node(), Event.Kind.NODE, report.name(), "is there");
    } else if (before.left() != null) {
      String id = "back-" + report.node() + "-" + report.sequence();
      journal.notice(id, Event.Kind.NODE, report.name(), "is there again");
    }
  }

  private Optional<NodeReport> read(JsonObject sealed) {
    try {
      return Optional.of(
          Codec.reply(Buffer.buffer(sealed.getString("report", "")), NodeReport.class));
    } catch (RuntimeException e) {
      unread.increment(); // of a release that writes it otherwise
      return Optional.empty();
    }
  }

  private void left(String id) {
    if (!seen.containsKey(id)) {
      journal.notice("left-" + id, Event.Kind.NODE, id, "left, and had not reported");
    }
    seen.computeIfPresent(
        id,
        (same, last) -> {
          String why =
              last.report().stopping()
                  ? "it was stopped"
                  : "no word from it for %d ms: killed, frozen or cut off"
                      .formatted(millis(last.heard()));
          journal.notice("left-" + id, Event.Kind.NODE, last.report().name(), "left: " + why);
          return new Seen(last.report(), last.heard(), System.nanoTime(), why);
        });
  }

  private void forget() {
    long now = System.nanoTime();
    seen.values().removeIf(last -> last.left() != null && now - last.left() > KEPT_NANOS);
    long over = seen.values().stream().filter(last -> last.left() != null).count() - MOST_LEFT;
    seen.values().stream()
        .filter(last -> last.left() != null)
        .sorted(Comparator.comparing(Seen::left))
        .limit(Math.max(0, over))
        .forEach(last -> seen.remove(last.report().node()));
  }

  private static long millis(long since) {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - since);
  }

  /** All nodes, by name; those that have left lately too. */
  public List<Member> members() {
    Map<String, Member> all = new HashMap<>();
    for (String id : node.membership().nodes()) {
      all.put(id, new Member(id, null, 0, State.SILENT, null));
    }
    seen.forEach((id, last) -> all.put(id, member(id, last, all.containsKey(id))));
    return all.values().stream()
        .sorted(Comparator.comparing(Member::name).thenComparing(Member::id))
        .toList();
  }

  private static Member member(String id, Seen last, boolean present) {
    long age = millis(last.heard());
    State state = age < SILENT ? State.UP : State.SILENT;
    return new Member(id, last.report(), age, present ? state : State.LEFT, last.why());
  }

  /** Tells of each report that counts, one after the other on one thread; it must not block. */
  public void onReport(Consumer<NodeReport> listener) {
    listeners.add(listener);
  }

  /** What has happened lately. */
  public Journal journal() {
    return journal;
  }
}
