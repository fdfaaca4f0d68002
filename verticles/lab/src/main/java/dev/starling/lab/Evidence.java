package dev.starling.lab;

import dev.starling.lab.Checker.Breach;
import dev.starling.lab.Checker.Finding;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;

/**
 * What was seen of one fault, in the words that promises are made of; whatever breaks one is a
 * complaint.
 *
 * <p>Lost and doubled work, failures and recovery are judged; of latency only what a promise names.
 *
 * @param injected when it went wrong, in ms of the history
 * @param healed when it was put right, in ms of the history
 * @param ended when no more load was sent, in ms of the history
 * @param findings of the {@link Checker}
 * @param tolerance how many times its bound a recovery, or a request, may take
 */
record Evidence(
    History history,
    Scene scene,
    long injected,
    long healed,
    long ended,
    List<Finding> findings,
    int tolerance) {
  /** ms; an attempt at a frozen instance takes a second. */
  private static final long SLOW = 1_000;

  /** Complains of each request of these kinds that failed, at any time. */
  void noneFail(Kind... kinds) {
    complainOf(history.where(failed(kinds)), "failed");
  }

  /** Complains of those that failed though they were first sent to the gateway that was well. */
  void noneFailAtTheOtherGateway(Kind... kinds) {
    int struck = scene.cluster().gateways().indexOf(scene.gateway());
    complainOf(
        history.where(failed(kinds).and(e -> Math.floorMod(e.gateway(), 2) != struck)),
        "failed at the gateway that was well");
  }

  /** Complains of those that failed and were over before the fault, or begun long after it. */
  void failOnlyWithin(Duration bound, Kind... kinds) {
    long until = injected + tolerance * bound.toMillis();
    complainOf(
        history.where(failed(kinds).and(e -> e.end() < injected || e.start() > until)),
        "failed, but not in the first " + bound.toMillis() + " ms");
  }

  /** Complains of those that failed and were over before the fault, or begun after its end. */
  void failOnlyMeanwhile(Duration bound) {
    long until = healed + tolerance * bound.toMillis();
    complainOf(
        history.where(e -> e.failed() && (e.end() < injected || e.start() > until)),
        "failed before the fault, or more than " + bound.toMillis() + " ms after it");
  }

  /** Complains of failures of another kind than an answer of this status. */
  void failOnlyWith(String... statuses) {
    complainOf(
        history.where(
            e -> e.failed() && Arrays.stream(statuses).noneMatch(s -> e.code().startsWith(s))),
        "failed, but not with " + String.join(" or ", statuses));
  }

  private static Predicate<Entry> failed(Kind... kinds) {
    List<Kind> all = Arrays.asList(kinds);
    return e -> e.failed() && all.contains(e.kind());
  }

  /** Complains when a gateway lost sight of the victim. */
  void staysMember() {
    Watch.Moment gone = scene.watch().goneAfter(scene.victim().name(), injected, ended);
    if (!gone.unseen() && !gone.isNever()) {
      scene.notes().complain("the node had left after " + gone + " ms");
    }
  }

  /** Complains when the victim's record was there longer; says nothing where that is not shown. */
  void recordGoneWithin(Duration bound) {
    judge(
        "record-gone-ms", scene.watch().goneAfter(scene.victim().name(), injected, healed), bound);
  }

  /** Complains when the victim was called longer; says nothing where that is not shown. */
  void outOfRotationWithin(Duration bound) {
    judge(
        "out-of-rotation-ms",
        scene.watch().outAfter(scene.victim().name(), injected, healed),
        bound);
  }

  /** Complains when a gateway left out more than half of the instances at once. */
  void keepsHalfInRotation() {
    double most = scene.watch().mostLeftOut(injected, ended);
    scene.notes().figure("left-out-at-most", "%.0f %%".formatted(100 * most));
    if (most > 0.5) {
      scene.notes().complain("%.0f %% of the instances were left out".formatted(100 * most));
    }
  }

  /** Complains when the victim was called again later; says nothing where that is not shown. */
  void backInRotationWithin(Duration bound) {
    judge("back-in-rotation-ms", scene.watch().backAfter(scene.victim().name(), healed), bound);
  }

  private void judge(String figure, Watch.Moment moment, Duration bound) {
    if (moment.unseen()) {
      return;
    }
    if (moment.isNever()) {
      scene.notes().figure(figure, "never");
      scene.notes().complain("%s never; promised: %d".formatted(figure, bound.toMillis()));
    } else {
      judge(figure, moment.millis(), bound);
    }
  }

  /** Notes how long something took, and complains when that was too long. */
  void judge(String figure, long millis, Duration bound) {
    scene.notes().figure(figure, millis);
    if (millis > tolerance * bound.toMillis()) {
      scene.notes().complain("%s %d; promised: %d".formatted(figure, millis, bound.toMillis()));
    }
  }

  /** Complains when reads were slower meanwhile than so many times their usual p99. */
  void readsTakeAtMost(int times) {
    long usual = readsP99(0, injected);
    long meanwhile = readsP99(injected, healed);
    if (meanwhile > times * usual) {
      scene.notes().complain("p99 of reads %d ms, %d before".formatted(meanwhile, usual));
    }
  }

  /**
   * Notes how slow reads were once the fault has had time to be noticed, and complains where times
   * are judged as they are promised.
   */
  void readsTakeAtMost(int times, Duration notice) {
    long usual = readsP99(0, injected);
    long noticed = readsP99(injected + notice.toMillis(), healed);
    scene.notes().figure("p99-noticed-ms", noticed);
    if (tolerance == 1 && noticed > times * usual) {
      scene.notes().complain("p99 of reads %d ms, %d before".formatted(noticed, usual));
    }
  }

  /** Complains when the gateway that was well called, or listed, the victim longer. */
  void goneAtTheOtherGatewayWithin(Duration out, Duration gone) {
    Watch other = scene.watch().without(scene.gateway().name());
    String victim = scene.victim().name();
    judge("out-of-rotation-ms", other.outAfter(victim, injected, healed), out);
    judge("record-gone-ms", other.goneAfter(victim, injected, healed), gone);
  }

  /** Complains when those that failed while the fault lasted took longer to say so. */
  void failWithin(Duration bound) {
    List<Entry> failed =
        history.where(e -> e.failed() && e.start() >= injected && e.end() < healed);
    judge("failures-p99-ms", History.percentile(failed, 0.99), bound);
  }

  /** Complains of changes that the struck gateway brought about long after the fault. */
  void strikesWritesAfter(Duration notice, Kind... kinds) {
    int struck = scene.cluster().gateways().indexOf(scene.gateway());
    List<Kind> all = Arrays.asList(kinds);
    complainOf(
        history.where(
            e ->
                all.contains(e.kind())
                    && e.outcome() == Outcome.ACKNOWLEDGED
                    && Math.floorMod(e.gateway(), 2) == struck
                    && e.start() > injected + tolerance * notice.toMillis()
                    && e.end() < healed),
        "succeeded at the gateway that was cut off");
  }

  /** Of reads, in ms: the others spend most of their time in hashing a password. */
  long readsP99(long from, long until) {
    List<Entry> reads =
        history.between(from, until).stream().filter(e -> e.kind() == Kind.READ).toList();
    return History.percentile(reads, 0.99);
  }

  /** Complains of requests that took longer than a client may have to wait. */
  void endWithin(Duration deadline) {
    long bound = tolerance * deadline.toMillis();
    complainOf(
        history.where(e -> e.kind().expected() && e.latency() > bound),
        "took longer than " + bound + " ms");
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
    if (millis > tolerance * bound.toMillis()) {
      scene
          .notes()
          .complain(
              "clean only %d s after %s; promised: %d s"
                  .formatted(millis / 1_000, what, bound.toSeconds()));
    }
  }

  /** ms from the fault until service was normal, while it lasted. */
  long cleanAfterFault() {
    return History.cleanAfter(load(injected, healed), injected, SLOW);
  }

  /** ms from healing until service was normal. */
  long cleanAfterHealing() {
    return History.cleanAfter(load(healed, ended), healed, SLOW);
  }

  private List<Entry> load(long from, long until) {
    return history.between(from, until).stream().filter(e -> e.kind().expected()).toList();
  }

  long count(Breach breach) {
    return findings.stream().filter(f -> f.breach() == breach).count();
  }

  /** How many failed, by kind and code. */
  Map<String, Long> failures() {
    return history.where(Entry::failed).stream()
        .collect(Collectors.groupingBy(Evidence::cause, TreeMap::new, Collectors.counting()));
  }

  /** Complains of these, by kind and code. */
  void complainOf(List<Entry> entries, String what) {
    entries.stream()
        .collect(Collectors.groupingBy(Evidence::cause, TreeMap::new, Collectors.toList()))
        .forEach(
            (cause, some) ->
                scene
                    .notes()
                    .complain(
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
