package dev.starling.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.AsyncMap;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What operators want of the whole flock, known to every node, also to one that joins later.
 *
 * <p>An entry lies sealed in a cluster map and is told to all nodes when it is written; every two
 * seconds each node compares the map with what it knows. Of two entries with one key the later
 * counts, everywhere and for ever, and the end of an entry is an entry too: so an old one that
 * somebody writes again does nothing, and what is lost or wiped from the map is put back by any
 * node. This is a map of last-writer-wins registers (Shapiro et al., A comprehensive study of
 * convergent and commutative replicated data types, 2011, 3.2.1).
 *
 * <p>It lives as long as one node does. Reading it never leaves the JVM. Entries expire by the
 * clock of the node that reads.
 */
public final class DesiredState {
  private static final Logger log = LoggerFactory.getLogger(DesiredState.class);

  /** The cluster map, and the address on which changes are told. */
  static final String NAME = "starling.desired";

  /** The mail client would log whole mails, and with them their codes. */
  private static final Pattern LOGGERS =
      Pattern.compile(
          "root|(?!io\\.vertx\\.ext\\.mail(\\.|$))"
              + "(dev\\.starling|io\\.vertx|io\\.netty|com\\.hazelcast)(\\.[\\w$-]+)*");

  private static final long COMPARE_EVERY = 2_000;
  private static final int MOST_ENTRIES = 1_000;

  /** How long the end of an entry that had none is remembered. */
  private static final Duration END = Duration.ofDays(30);

  /** For how long after its end an entry is kept, so that no slow clock takes it for new. */
  private static final Duration KEEP = Duration.ofDays(1);

  /**
   * What is wanted.
   *
   * @param key kind and name, such as {@code breaker/user@n2}
   * @param value in the form of its kind
   * @param by who wants it
   * @param at since when, by the clock of the node that was told
   * @param expires until when, null for until it is removed
   */
  public record Entry(String key, JsonObject value, String by, Instant at, Instant expires) {}

  private record Listener(String prefix, Consumer<Map<String, Entry>> consumer) {
    void tell(SortedMap<String, Entry> before, SortedMap<String, Entry> now) {
      if (!below(before).equals(below(now))) {
        consumer.accept(below(now));
      }
    }

    private Map<String, Entry> below(SortedMap<String, Entry> entries) {
      return Collections.unmodifiableSortedMap(
          entries.subMap(prefix, prefix + Character.MAX_VALUE));
    }
  }

  private final Vertx vertx;
  private final Context context;
  private final Seal seal;
  private final Refusals refusals;
  private final Clock clock;
  private final Predicate<String> instances;
  private final boolean faults;
  private final Journal journal;
  private final List<Listener> listeners = new CopyOnWriteArrayList<>();

  /**
   * Everything that was learned, ends and expired entries included; touched on the context only.
   */
  private final Map<String, HeldEntry> held = new HashMap<>();

  private volatile SortedMap<String, Entry> view = Collections.emptySortedMap();
  private MessageConsumer<?> notices;
  private long comparison;
  private boolean comparing;

  /**
   * The desired state as one node knows it.
   *
   * @param secrets of the cluster, first the one that seals
   * @param instances whether there is an instance of a name
   * @param faults whether this node takes orders to make faults
   * @param journal in which the orders are written that are given here
   */
  DesiredState(
      Vertx vertx,
      List<byte[]> secrets,
      MeterRegistry meters,
      Clock clock,
      Predicate<String> instances,
      boolean faults,
      Journal journal) {
    this.vertx = vertx;
    this.context = ((VertxInternal) vertx).createEventLoopContext();
    this.seal = new Seal(secrets, NAME);
    this.refusals = new Refusals(meters, NAME + ".refused");
    this.clock = clock;
    this.instances = instances;
    this.faults = faults;
    this.journal = journal;
  }

  /** Succeeds when the map has been read and all listeners know, also when it cannot be read. */
  Future<Void> start() {
    return onContext(
        () -> {
          notices = vertx.eventBus().consumer(NAME, message -> hear(message.body()));
          comparison = vertx.setPeriodic(COMPARE_EVERY, t -> compare());
          return notices.completion().eventually(this::compare);
        });
  }

  void close() {
    context.runOnContext(
        v -> {
          vertx.cancelTimer(comparison);
          notices.unregister();
        });
  }

  /**
   * Wants something of the flock.
   *
   * @param value JSON as it came, which is read strictly
   * @param life how long it lasts, null for the default of its kind
   * @param by who wants it
   * @return fails with a {@link ServiceException} only; {@link ErrorCode#NOT_FOUND} when there is
   *     no such kind or instance, {@link ErrorCode#FORBIDDEN} for a fault where none may be made,
   *     {@link ErrorCode#MALFORMED} and {@link ErrorCode#INVALID} for what is wrong with the value
   */
  public Future<Entry> put(String key, Buffer value, Duration life, String by) {
    try {
      DesiredKind kind = DesiredKind.of(key);
      admit(kind, kind.name(key));
      JsonObject wanted = kind.read(value);
      if (kind == DesiredKind.LIMITS) {
        LimitChanges.of(wanted.getMap());
      }
      Duration lasts = kind.life(life);
      return onContext(() -> write(key, wanted, lasts, by));
    } catch (ServiceException e) {
      return Future.failedFuture(e);
    }
  }

  private void admit(DesiredKind kind, String name) {
    if (kind == DesiredKind.FAULT && !faults) {
      throw new ServiceException(
          ErrorCode.FORBIDDEN, "This node makes no faults; faults.enabled would allow it");
    }
    if (kind == DesiredKind.LOG && !LOGGERS.matcher(name).matches()) {
      throw new ServiceException(
          ErrorCode.INVALID,
          "The level of "
              + name
              + " cannot be changed: only that of root, and of loggers of"
              + " dev.starling, io.vertx (but for mails, which hold secrets), io.netty and"
              + " com.hazelcast");
    }
    boolean ofInstance = kind == DesiredKind.FAULT || kind == DesiredKind.BREAKER;
    if (ofInstance && !instances.test(name)) {
      throw new ServiceException(ErrorCode.NOT_FOUND, "There is no instance " + name);
    }
  }

  /**
   * Wants it no longer.
   *
   * @return fails with {@link ErrorCode#NOT_FOUND} when there is no such entry
   */
  public Future<Void> remove(String key, String by) {
    return onContext(
        () -> {
          Entry entry = view.get(key);
          if (entry == null) {
            String none = "Nobody wants anything of this name";
            return Future.failedFuture(new ServiceException(ErrorCode.NOT_FOUND, none));
          }
          Instant now = clock.instant();
          Duration rest = entry.expires() == null ? END : Duration.between(now, entry.expires());
          return write(key, null, rest, by).mapEmpty();
        });
  }

  /** What is wanted now, by key; those who follow it know already. */
  public Map<String, Entry> all() {
    return view;
  }

  /**
   * Follows the entries whose keys have a prefix.
   *
   * @param listener gets all of them at first, if there are any, and after each change; on any
   *     thread, one call after the other; it must not block
   */
  public void on(String prefix, Consumer<Map<String, Entry>> listener) {
    context.runOnContext(
        v -> {
          Listener added = new Listener(prefix, listener);
          listeners.add(added);
          added.tell(Collections.emptySortedMap(), view);
        });
  }

  private <T> Future<T> onContext(Supplier<Future<T>> task) {
    return Future.future(promise -> context.runOnContext(v -> task.get().onComplete(promise)));
  }

  private Future<Entry> write(String key, JsonObject value, Duration life, String by) {
    HeldEntry before = held.get(key);
    if (before == null && held.size() >= MOST_ENTRIES) {
      return Future.failedFuture(
          new ServiceException(ErrorCode.CONFLICT, "There are " + MOST_ENTRIES + " entries"));
    }
    Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
    Instant expires = life == null ? null : now.plus(life);
    boolean later = before == null || now.isAfter(before.entry().at());
    Instant at = later ? now : before.entry().at().plusMillis(1);
    Entry entry = new Entry(key, value, by, at, expires);
    HeldEntry written = HeldEntry.seal(entry, seal);
    held.put(key, written);
    journal.note(Event.Kind.ORDER, key, order(entry), by);
    refresh();
    vertx.eventBus().publish(NAME, written.text());
    return map().compose(map -> map.put(key, written.text())).map(entry).recover(this::unwritten);
  }

  private static String order(Entry entry) {
    if (entry.value() == null) {
      return "is wanted no longer";
    }
    String until = entry.expires() == null ? "" : " until " + entry.expires();
    return "is to be " + entry.value().encode() + until;
  }

  private <T> Future<T> unwritten(Throwable failure) {
    log.warn("The desired state could not be written; trying again: {}", failure.toString());
    return Future.failedFuture(
        new ServiceException(
            ErrorCode.UNAVAILABLE,
            "The cluster's map cannot be written; this node knows and goes on trying"));
  }

  private Future<AsyncMap<Object, Object>> map() {
    return vertx.sharedData().getAsyncMap(NAME);
  }

  private void hear(Object notice) {
    Optional<HeldEntry> told = HeldEntry.open(notice, seal);
    if (told.isPresent()) {
      learn(told.get());
      refresh();
    } else {
      refusals.report("message on " + NAME);
    }
  }

  private void learn(HeldEntry told) {
    Instant kept = clock.instant().minus(KEEP);
    if (!told.isOver(kept) && told.isAfter(held.get(told.entry().key()))) {
      held.put(told.entry().key(), told);
    }
  }

  private Future<Void> compare() {
    if (comparing) {
      return Future.succeededFuture();
    }
    comparing = true;
    return map()
        .compose(map -> map.entries().compose(found -> compare(map, found)))
        .onFailure(e -> log.warn("The desired state could not be compared: {}", e.toString()))
        .otherwiseEmpty()
        .onComplete(done -> comparing = false)
        .eventually(
            () -> {
              refresh();
              return Future.succeededFuture();
            });
  }

  private Future<Void> compare(AsyncMap<Object, Object> map, Map<Object, Object> found) {
    found.forEach(this::find);
    Instant kept = clock.instant().minus(KEEP);
    List<Future<?>> repairs = new ArrayList<>();
    for (HeldEntry known : List.copyOf(held.values())) {
      String key = known.entry().key();
      Object present = found.get(key);
      if (known.isOver(kept)) {
        held.remove(key);
        repairs.add(map.removeIfPresent(key, known.text()));
      } else if (present == null) {
        repairs.add(map.putIfAbsent(key, known.text()));
      } else if (!present.equals(known.text())) {
        repairs.add(map.replaceIfPresent(key, present, known.text()));
      }
    }
    return Future.join(repairs).mapEmpty();
  }

  private void find(Object key, Object text) {
    HeldEntry known = held.get(key);
    if (known != null && known.text().equals(text)) {
      return;
    }
    Optional<HeldEntry> read = HeldEntry.open(text, seal).filter(h -> h.entry().key().equals(key));
    if (read.isPresent()) {
      learn(read.get());
    } else {
      refusals.report("entry " + key + " of the desired state");
    }
  }

  private void refresh() {
    Instant now = clock.instant();
    SortedMap<String, Entry> fresh = new TreeMap<>();
    for (HeldEntry known : held.values()) {
      if (known.entry().value() != null && !known.isOver(now)) {
        fresh.put(known.entry().key(), known.entry());
      }
    }
    SortedMap<String, Entry> before = view;
    if (!fresh.equals(before)) {
      listeners.forEach(listener -> listener.tell(before, fresh));
      view = Collections.unmodifiableSortedMap(fresh);
      report(before);
    }
  }

  private void report(SortedMap<String, Entry> before) {
    view.forEach(
        (key, entry) -> {
          if (!Objects.equals(before.get(key), entry)) {
            String until = entry.expires() == null ? "it is removed" : entry.expires().toString();
            log.info("{} wants {} to be {} until {}", entry.by(), key, entry.value(), until);
          }
        });
    before.keySet().stream()
        .filter(key -> !view.containsKey(key))
        .forEach(key -> ended(key, held.get(key)));
  }

  private void ended(String key, HeldEntry end) {
    log.info("{} is no longer wanted, {}", key, why(end));
    if (end != null && end.entry().value() != null) {
      String id = key + "-" + end.entry().at().toEpochMilli();
      journal.notice(id, Event.Kind.ORDER, key, "is over");
    }
  }

  private static String why(HeldEntry end) {
    boolean removed = end != null && end.entry().value() == null;
    return removed ? "as " + end.entry().by() + " says" : "since its time is over";
  }
}
