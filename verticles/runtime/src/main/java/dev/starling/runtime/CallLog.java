package dev.starling.runtime;

import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Collections;
import java.util.Comparator;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * The latest calls of this node, and for longer those that were slow or failed by somebody's fault,
 * with their steps, in memory of a fixed size. Nothing that was in a request or a reply is kept.
 */
final class CallLog {
  private final String node;
  private final Limits limits;
  private final Ring latest = new Ring(1_024);
  private final Ring kept = new Ring(256);

  /** The last so many; losing one to a race is no harm. */
  private static final class Ring {
    private final AtomicReferenceArray<KeptCall> calls;
    private final AtomicInteger next = new AtomicInteger();

    Ring(int size) {
      calls = new AtomicReferenceArray<>(size);
    }

    void add(KeptCall call) {
      calls.set(Math.floorMod(next.getAndIncrement(), calls.length()), call);
    }

    Stream<KeptCall> all() {
      return IntStream.range(0, calls.length()).mapToObj(calls::get).filter(c -> c != null);
    }
  }

  /**
   * An empty one.
   *
   * @param node name of this node
   */
  CallLog(String node, Limits limits) {
    this.node = node;
    this.limits = limits;
  }

  /**
   * A call has ended.
   *
   * @param made whether by this node; else it has done it
   */
  void ended(
      boolean made,
      OperationSpec operation,
      Call call,
      Steps steps,
      long nanos,
      Throwable failure) {
    ErrorCode code = failure == null ? null : ServiceException.of(failure).code();
    boolean worth =
        call.isWatched()
            || code != null && code.isFault()
            || nanos > limits.get(Limit.SLOW_CALL) * 1_000_000;
    KeptCall ended =
        new KeptCall(
            call.trace(),
            Instant.now().truncatedTo(ChronoUnit.MICROS),
            node,
            made,
            operation.service(),
            operation.name(),
            code == null ? OperationMeter.OK : code.kind(),
            nanos / 1_000,
            worth ? steps.all() : List.of());
    latest.add(ended);
    if (worth) {
      kept.add(ended);
    }
  }

  /** The newest that are looked for, the oldest of them first. */
  List<KeptCall> find(Predicate<KeptCall> wanted, int most) {
    Set<KeptCall> found = Collections.newSetFromMap(new IdentityHashMap<>()); // some are in both
    return Stream.concat(kept.all(), latest.all())
        .filter(call -> wanted.test(call) && found.add(call))
        .sorted(Comparator.comparing(KeptCall::at).reversed())
        .limit(most)
        .sorted(Comparator.comparing(KeptCall::at))
        .toList();
  }
}
