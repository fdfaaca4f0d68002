package dev.starling.lab;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;

/** What clients saw, request by request, on one clock. */
final class History {
  /** A second counts as clean when fewer of its requests than this failed or were slow. */
  private static final double DIRTY_SHARE = 0.05;

  private static final long SECOND = 1_000;

  private final long origin;
  private final List<Entry> entries;

  History() {
    this(System.nanoTime(), new ArrayList<>());
  }

  private History(long origin, List<Entry> entries) {
    this.origin = origin;
    this.entries = entries;
  }

  /** Milliseconds since this history began. */
  long now() {
    return (System.nanoTime() - origin) / 1_000_000;
  }

  synchronized void add(Entry entry) {
    entries.add(entry);
  }

  /** What has ended until now. */
  synchronized List<Entry> entries() {
    return List.copyOf(entries);
  }

  /** What has ended from one moment until before another, on the same clock. */
  History slice(long from, long to) {
    return new History(origin, where(e -> e.end() >= from && e.end() < to));
  }

  /** Those that were due from one moment until before another. */
  List<Entry> between(long from, long to) {
    return where(e -> e.start() >= from && e.start() < to);
  }

  List<Entry> where(Predicate<Entry> condition) {
    return entries().stream().filter(condition).toList();
  }

  /**
   * The latency that this share of requests does not exceed.
   *
   * @param share 0 to 1
   * @return ms, 0 without requests
   */
  static long percentile(List<Entry> entries, double share) {
    long[] sorted = entries.stream().mapToLong(Entry::latency).sorted().toArray();
    int index = (int) Math.ceil(share * sorted.length) - 1;
    return sorted.length == 0 ? 0 : sorted[Math.max(0, index)];
  }

  /**
   * When service was normal again: the end of the last second, counted from a moment, in which more
   * than a twentieth of the requests failed or were slow.
   *
   * @param slow ms
   * @return ms after that moment, 0 when no second was bad
   */
  static long cleanAfter(List<Entry> entries, long moment, long slow) {
    long last = entries.stream().mapToLong(Entry::start).max().orElse(moment);
    long clean = 0;
    for (long from = moment; from <= last; from += SECOND) {
      long begin = from;
      List<Entry> second =
          entries.stream().filter(e -> e.start() >= begin && e.start() < begin + SECOND).toList();
      long bad = second.stream().filter(e -> e.failed() || e.latency() >= slow).count();
      if (bad > DIRTY_SHARE * second.size()) {
        clean = begin + SECOND - moment;
      }
    }
    return clean;
  }
}
