package dev.starling.runtime;

import io.vertx.core.Future;
import java.util.LinkedHashSet;
import java.util.Set;
import java.util.function.Function;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps new work away from this node for as long as an operator wants, and gives it back: the node
 * is not ready and its services are out of the registry, but it runs on.
 *
 * <p>Its parts follow one change after the other, however fast those come.
 */
public final class Drain {
  private static final Logger log = LoggerFactory.getLogger(Drain.class);
  private static final String CHECK = "drain";

  /** What takes work. */
  interface Part {
    Future<?> drain();

    Future<?> resume();
  }

  private final Health health;
  private final Journal journal;
  private final Set<Part> parts = new LinkedHashSet<>();
  private Future<?> last = Future.succeededFuture();
  private volatile boolean on;
  private String name;

  Drain(Health health, Journal journal) {
    this.health = health;
    this.journal = journal;
  }

  /** Drains the node of this name while that is wanted. */
  void follow(DesiredState desired, String nodeName) {
    String key = DesiredKind.DRAIN.prefix() + nodeName;
    name = nodeName;
    desired.on(key, entries -> set(entries.containsKey(key)));
  }

  private synchronized void set(boolean wanted) {
    if (on == wanted) {
      return;
    }
    on = wanted;
    log.info(wanted ? "The node drains" : "The node takes work again");
    journal.note(Event.Kind.NODE, name, wanted ? "drains" : "takes work again");
    if (wanted) {
      health.register(CHECK, () -> Future.failedFuture("an operator has drained the node"));
    } else {
      health.remove(CHECK);
    }
    Function<Part, Future<?>> change = wanted ? Part::drain : Part::resume;
    then(() -> Future.join(parts().stream().map(change).toList()));
  }

  /** Lets a part begin, unless the node is drained, and follow from now on. */
  synchronized Future<?> join(Part part) {
    parts.add(part);
    return on ? Future.succeededFuture() : then(part::resume);
  }

  /** Ends when the part will not be told anything more. */
  synchronized Future<?> leave(Part part) {
    parts.remove(part);
    return last;
  }

  private synchronized Set<Part> parts() {
    return new LinkedHashSet<>(parts);
  }

  private Future<?> then(Supplier<Future<?>> change) {
    Future<?> next = last.transform(done -> change.get().mapEmpty());
    last = next.otherwiseEmpty();
    return next;
  }

  /** Whether the node is to take no new work. */
  public boolean isOn() {
    return on;
  }
}
