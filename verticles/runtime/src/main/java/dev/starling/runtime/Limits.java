package dev.starling.runtime;

import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * The values of all limits on this node now: as configured, unless changed while it runs.
 *
 * <p>Reading one is an array access, so that every call reads the current value.
 */
public final class Limits {
  private final long[] configured;
  private final List<Runnable> listeners = new CopyOnWriteArrayList<>();
  private volatile long[] current;

  private Limits(long[] configured) {
    this.configured = configured;
    this.current = configured;
  }

  /** The defaults. */
  public static Limits standard() {
    return of(Map.of());
  }

  /**
   * As configured; what is left out has its default.
   *
   * @throws IllegalArgumentException when a value is out of its range
   */
  public static Limits of(Map<Limit, Long> configured) {
    long[] values = new long[Limit.values().length];
    for (Limit limit : Limit.values()) {
      values[limit.ordinal()] = limit.standard();
    }
    set(values, configured);
    return new Limits(values);
  }

  /** The value now, in the limit's unit. */
  public long get(Limit limit) {
    return current[limit.ordinal()];
  }

  /**
   * Milliseconds that an attempt usually has: the first of two has two fifths of the budget, or the
   * limit if that is more; the only one has all.
   *
   * @param repeatable whether there may be two
   */
  long attempt(long budget, boolean repeatable) {
    return repeatable
        ? Math.min(budget, Math.max(get(Limit.ATTEMPT_TIMEOUT), budget * 2 / 5))
        : budget;
  }

  /**
   * Replaces all changes: what is left out is as configured again.
   *
   * @throws IllegalArgumentException when a value is out of its range; nothing is changed then
   */
  public void change(Map<Limit, Long> changes) {
    long[] values = configured.clone();
    set(values, changes);
    current = values;
    listeners.forEach(Runnable::run);
  }

  /**
   * For what was made after the values and has to be made again.
   *
   * @param listener runs after each change, on the thread that makes it
   */
  public void onChange(Runnable listener) {
    listeners.add(listener);
  }

  /** Changes what operators want to be changed, as long as they do. */
  void follow(DesiredState desired) {
    String key = DesiredKind.LIMITS.prefix();
    desired.on(
        key,
        entries -> {
          DesiredState.Entry entry = entries.get(key);
          change(entry == null ? Map.of() : LimitChanges.known(entry.value().getMap()));
        });
  }

  /** All values now. */
  public Map<Limit, Long> all() {
    Map<Limit, Long> all = new EnumMap<>(Limit.class);
    for (Limit limit : Limit.values()) {
      all.put(limit, get(limit));
    }
    return all;
  }

  private static void set(long[] values, Map<Limit, Long> changes) {
    changes.forEach(
        (limit, value) -> {
          if (value < limit.least() || value > limit.most()) {
            throw new IllegalArgumentException(
                "%s is between %d and %d, not %d"
                    .formatted(limit.key(), limit.least(), limit.most(), value));
          }
          values[limit.ordinal()] = value;
        });
  }
}
