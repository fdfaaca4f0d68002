package dev.starling.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.Timer;
import io.micrometer.core.instrument.distribution.CountAtBucket;
import io.micrometer.core.instrument.distribution.HistogramSnapshot;
import io.vertx.core.Completable;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.concurrent.atomic.LongAdder;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.Recorder;

/**
 * Times the calls of one operation on one side of them: for Prometheus in buckets by outcome, since
 * the start, and for the reports of the node with all their digits, since the last report.
 */
final class OperationMeter {
  /** Upper bounds of the buckets, in milliseconds. */
  static final long[] BUCKETS = {1, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000};

  /** The outcome of calls that end well. */
  static final String OK = "ok";

  private static final ErrorCode[] CODES = ErrorCode.values();

  /** Percentiles are right to 1 %. */
  private static final int DIGITS = 2;

  /** The trace of the call that this thread records now; see {@link Telemetry#currentTrace}. */
  static final ThreadLocal<String> RECORDED = new ThreadLocal<>();

  private final MeterRegistry meters;
  private final String name;
  private final OperationSpec operation;

  /** By outcome: the codes, and behind them that all was well. */
  private final AtomicReferenceArray<Timer> timers = new AtomicReferenceArray<>(CODES.length + 1);

  private final LongAdder inFlight = new LongAdder();
  private final Recorder recorder = new Recorder(DIGITS);
  private Histogram interval;
  private Map<String, long[]> outcomes = Map.of();

  /** By outcome: how many of them a report has told. */
  private final long[] told = new long[CODES.length];

  OperationMeter(MeterRegistry meters, String name, OperationSpec operation) {
    this.meters = meters;
    this.name = name;
    this.operation = operation;
  }

  OperationSpec operation() {
    return operation;
  }

  /**
   * Shows from now on how often calls end well and, whether or not they do, by our fault: what
   * Prometheus first sees with a count of its own is no increase to it.
   */
  OperationMeter shown() {
    for (ErrorCode code : CODES) {
      if (code.isOurs()) {
        timer(code.ordinal());
      }
    }
    timer(CODES.length);
    return this;
  }

  /** Starts the clock of a call. */
  Completable<Object> start(String trace) {
    long begin = System.nanoTime();
    inFlight.increment();
    return (result, failure) -> {
      inFlight.decrement();
      record(System.nanoTime() - begin, failure, trace);
    };
  }

  private void record(long nanos, Throwable failure, String trace) {
    int outcome = failure == null ? CODES.length : ServiceException.of(failure).code().ordinal();
    RECORDED.set(trace);
    timer(outcome).record(nanos, TimeUnit.NANOSECONDS);
    RECORDED.set(null); // To remove it would cost more than all else here.
    recorder.recordValue(TimeUnit.NANOSECONDS.toMicros(nanos)); // Then a report reads the timers.
  }

  private Timer timer(int outcome) {
    Timer timer = timers.get(outcome);
    if (timer == null) {
      timer = register(outcome);
      timers.set(outcome, timer);
    }
    return timer;
  }

  private static String name(int outcome) {
    return outcome == CODES.length ? OK : CODES[outcome].kind();
  }

  private Timer register(int outcome) {
    Duration[] buckets = new Duration[BUCKETS.length];
    for (int i = 0; i < buckets.length; i++) {
      buckets[i] = Duration.ofMillis(BUCKETS[i]);
    }
    return Timer.builder(name)
        .description(
            "Calls by outcome: starling.calls as made here, starling.operations as done here")
        .tag("service", operation.service())
        .tag("operation", operation.name())
        .tag("outcome", name(outcome))
        .serviceLevelObjectives(buckets)
        .register(meters);
  }

  /** What it has counted, and what has ended since this was last asked, by one asker. */
  NodeReport.Operations report() {
    interval = recorder.getIntervalHistogram(interval);
    boolean isQuiet = interval.getTotalCount() == 0;
    if (!isQuiet) {
      outcomes = outcomes();
    }
    return new NodeReport.Operations(
        operation.service(),
        operation.name(),
        inFlight.sum(),
        outcomes,
        isQuiet ? null : compressed(interval),
        isQuiet ? Map.of() : failed());
  }

  private Map<String, long[]> outcomes() {
    Map<String, long[]> counts = new LinkedHashMap<>();
    for (int i = 0; i < timers.length(); i++) {
      if (timers.get(i) != null && timers.get(i).count() > 0) {
        counts.put(name(i), counts(timers.get(i).takeSnapshot()));
      }
    }
    return counts;
  }

  private static long[] counts(HistogramSnapshot snapshot) {
    long[] counts = new long[BUCKETS.length + 2];
    CountAtBucket[] buckets = snapshot.histogramCounts();
    for (int i = 0; i < BUCKETS.length && i < buckets.length; i++) {
      counts[i] = (long) buckets[i].count();
    }
    counts[BUCKETS.length] = snapshot.count();
    counts[BUCKETS.length + 1] = (long) snapshot.total(TimeUnit.MICROSECONDS);
    return counts;
  }

  private static String compressed(Histogram histogram) {
    ByteBuffer bytes = ByteBuffer.allocate(histogram.getNeededByteBufferCapacity());
    int length = histogram.encodeIntoCompressedByteBuffer(bytes);
    return Base64.getEncoder().encodeToString(Arrays.copyOf(bytes.array(), length));
  }

  private Map<String, Long> failed() {
    Map<String, Long> failed = new LinkedHashMap<>();
    for (int i = 0; i < told.length; i++) {
      Timer timer = timers.get(i);
      long count = timer == null ? 0 : timer.count();
      if (count > told[i]) {
        failed.put(name(i), count - told[i]);
        told[i] = count;
      }
    }
    return failed;
  }
}
