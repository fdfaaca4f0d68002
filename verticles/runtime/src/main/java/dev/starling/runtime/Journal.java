package dev.starling.runtime;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;

/**
 * What has happened on all nodes lately, the newest 1,000 events of which this one knows. The
 * newest of its own are in each {@link NodeReport}, so that no single message is needed.
 */
public final class Journal {
  private static final int MOST = 1_000;

  /** Of one's own in each report. */
  private static final int TOLD = 20;

  private final String self;
  private final String name;
  private final NavigableSet<Event> all =
      new TreeSet<>(Comparator.comparing(Event::at).thenComparing(Event::id));

  private final Deque<Event> own = new ArrayDeque<>();
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

  /** Writes down what an operator did here. */
  public synchronized void note(Event.Kind kind, String subject, String text, String by) {
    Event event = event(self + "-" + ++number, kind, subject, text, by);
    own.addLast(event);
    if (own.size() > TOLD) {
      own.removeFirst();
    }
    learn(event);
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
    all.add(event);
    if (all.size() > MOST) {
      all.pollFirst();
    }
  }

  /** The newest of this node's own. */
  synchronized List<Event> own() {
    return List.copyOf(own);
  }

  /** All, the oldest first. */
  public synchronized List<Event> all() {
    return List.copyOf(all);
  }
}
