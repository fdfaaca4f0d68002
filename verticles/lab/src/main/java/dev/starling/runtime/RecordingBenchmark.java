package dev.starling.runtime;

import dev.starling.console.Meters;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * What it costs that a call is timed, counted and remembered with its steps, by the node that makes
 * it and by the one that does it.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class RecordingBenchmark {
  private final OperationSpec operation =
      Operation.query("lab", "idle", Nothing.class, Nothing.class).spec();
  private final Limits limits = Limits.standard();
  private final Telemetry telemetry = new Telemetry(Meters.create());
  private final CallLog log = new CallLog("bench", limits);
  private final Call call = Call.begin(Call.newTrace(), null, 1_000);

  /** Request and reply. */
  public record Nothing() {}

  /** Both sides of a call that ends well. */
  @Benchmark
  public void callOfTwoSides() {
    var made = telemetry.called(operation, call.trace());
    var done = telemetry.handled(operation, call.trace());
    Steps steps = new Steps();
    long begin = System.nanoTime();
    steps.add("lab@bench", begin, OperationMeter.OK);
    made.complete(null, null);
    done.complete(null, null);
    log.ended(true, operation, call, steps, System.nanoTime() - begin, null);
    log.ended(false, operation, call, new Steps(), System.nanoTime() - begin, null);
    steps.add("lab.idle", begin, OperationMeter.OK);
  }
}
