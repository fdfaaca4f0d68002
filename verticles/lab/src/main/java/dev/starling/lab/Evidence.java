package dev.starling.lab;

import dev.starling.lab.Checker.Breach;
import dev.starling.lab.Checker.Finding;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * What was seen of one fault, in the words that promises are made of; whatever breaks one is a
 * complaint.
 *
 * <p>Lost and doubled work, failures and recovery are judged, recovery at three times its bound:
 * two noisy cores decide how fast things are, so latency is only recorded.
 *
 * @param injected when it went wrong, in ms of the history
 * @param healed when it was put right, in ms of the history
 * @param ended when no more load was sent, in ms of the history
 * @param findings of the {@link Checker}
 */
record Evidence(
    History history, long injected, long healed, long ended, List<Finding> findings, Notes notes) {
  /** ms; an attempt at a frozen instance takes a second. */
  private static final long SLOW = 1_000;

  private static final int TOLERANCE = 3;

  /** Complains of each request of these kinds that failed, at any time. */
  void noneFail(Kind... kinds) {
    List<Kind> all = Arrays.asList(kinds);
    complainOf(history.where(e -> all.contains(e.kind()) && e.failed()), "failed");
  }

  /**
   * Complains of those that failed though they were sent neither before the fault nor soon after.
   */
  void failOnlyWithin(Duration bound, Kind... kinds) {
    List<Kind> all = Arrays.asList(kinds);
    long until = injected + TOLERANCE * bound.toMillis();
    complainOf(
        history.where(
            e -> all.contains(e.kind()) && e.failed() && (e.end() < injected || e.start() > until)),
        "failed, but not in the first " + bound.toMillis() + " ms");
  }

  /** Complains of requests that took longer than a client may have to wait. */
  void endWithin(Duration deadline) {
    complainOf(
        history.where(e -> e.latency() > deadline.toMillis()),
        "took longer than " + deadline.toMillis() + " ms");
  }

  /** Complains when service was not normal again so soon after the fault began. */
  void cleanWithin(Duration bound) {
    complainUnlessClean("the fault", cleanAfterFault(), bound);
  }

  /** Complains when service was not normal again so soon after the fault was put right. */
  void cleanOnceHealedWithin(Duration bound) {
    complainUnlessClean("healing", cleanAfterHealing(), bound);
  }

  private void complainUnlessClean(String what, long millis, Duration bound) {
    if (millis > TOLERANCE * bound.toMillis()) {
      notes.complain(
          "clean only %d s after %s; promised: %d s"
              .formatted(millis / 1_000, what, bound.toSeconds()));
    }
  }

  /** ms from the fault until service was normal, while it lasted. */
  long cleanAfterFault() {
    return History.cleanAfter(history.between(injected, healed), injected, SLOW);
  }

  /** ms from healing until service was normal. */
  long cleanAfterHealing() {
    return History.cleanAfter(history.between(healed, Long.MAX_VALUE), healed, SLOW);
  }

  long count(Breach breach) {
    return findings.stream().filter(f -> f.breach() == breach).count();
  }

  /** How many failed, by kind and code. */
  Map<String, Long> failures() {
    return history.where(Entry::failed).stream()
        .collect(Collectors.groupingBy(Evidence::cause, TreeMap::new, Collectors.counting()));
  }

  private void complainOf(List<Entry> entries, String what) {
    entries.stream()
        .collect(Collectors.groupingBy(Evidence::cause, TreeMap::new, Collectors.toList()))
        .forEach(
            (cause, some) ->
                notes.complain(
                    "%d x %s %s, from %d to %d ms after the fault"
                        .formatted(
                            some.size(),
                            cause,
                            what,
                            some.stream().mapToLong(Entry::start).min().orElse(0) - injected,
                            some.stream().mapToLong(Entry::end).max().orElse(0) - injected)));
  }

  private static String cause(Entry entry) {
    return entry.kind().name().toLowerCase().replace('_', ' ') + " " + entry.code();
  }
}
