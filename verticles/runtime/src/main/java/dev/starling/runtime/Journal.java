package dev.starling.runtime;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableSet;
import java.util.Objects;
import java.util.TreeSet;

/**
 * What has happened on all nodes lately, the newest events of each kind of which this one knows, so
 * that many of one kind drive out none of another. The newest of its own are in each {@link
 * NodeReport}, so that no single message is needed.
 */
public final class Journal {
  private static final Comparator<Event> IN_TIME =
      Comparator.comparing(Event::at).thenComparing(Event::id);

  /** Of each kind. */
  private static final int MOST = 500;

  /** Of one's own of each kind in each report. */
  private static final int TOLD = 10;

  /** Seconds in which the same call is one event. */
  private static final long AGAIN = 10;

  private final String self;
  private final String name;
  private final Map<Event.Kind, NavigableSet<Event>> all = new EnumMap<>(Event.Kind.class);
  private final Map<Event.Kind, Deque<Event>> own = new EnumMap<>(Event.Kind.class);
  private long number;

  /**
   * An empty one.
   *
   * @param self id of this node
   * @param name of this node
   */
  Journal(String self, String name) {
    this.self = self;
    this.name = name;
  }

  /** Writes down what has happened here. */
  void note(Event.Kind kind, String subject, String text) {
    note(kind, subject, text, null);
  }

  /**
   * Writes down what an operator did here. The same call again within seconds is not, so that one
   * who makes many drives out nothing else.
   */
  public synchronized void note(Event.Kind kind, String subject, String text, String by) {
    Event event = event(self + "-" + ++number, kind, subject, text, by);
    Deque<Event> told = own.computeIfAbsent(kind, k -> new ArrayDeque<>());
    if (kind == Event.Kind.CALL && told.stream().anyMatch(last -> isAgain(last, event))) {
      return;
    }
    told.addLast(event);
    if (told.size() > TOLD) {
      told.removeFirst();
    }
    learn(event);
  }

  private static boolean isAgain(Event last, Event event) {
    return last.subject().equals(event.subject())
        && last.text().equals(event.text())
        && Objects.equals(last.by(), event.by())
        && event.at().isBefore(last.at().plusSeconds(AGAIN));
  }

  /**
   * Writes down what each node notices for itself.
   *
   * @param id the same at each node
   */
  void notice(String id, Event.Kind kind, String subject, String text) {
    learn(event(id, kind, subject, text, null));
  }

  private Event event(String id, Event.Kind kind, String subject, String text, String by) {
    Instant now = Instant.now().truncatedTo(ChronoUnit.MILLIS);
    return new Event(id, now, name, kind, subject, text, by);
  }

  /** Writes down what another node tells, once. */
  synchronized void learn(Event event) {
    NavigableSet<Event> known = all.computeIfAbsent(event.kind(), k -> new TreeSet<>(IN_TIME));
    known.add(event);
    if (known.size() > MOST) {
      known.pollFirst();
    }
  }

  /** The newest of this node's own. */
  synchronized List<Event> own() {
    return own.values().stream().flatMap(Deque::stream).toList();
  }

  /** All, the oldest first. */
  public synchronized List<Event> all() {
    return all.values().stream().flatMap(NavigableSet::stream).sorted(IN_TIME).toList();
  }
}
