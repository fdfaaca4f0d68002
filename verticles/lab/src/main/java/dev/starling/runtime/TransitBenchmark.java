package dev.starling.runtime;

import io.vertx.core.MultiMap;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** How long it takes to say how long a message waited, and to read the call that came with it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class TransitBenchmark {
  private final Transit transit = new Transit();
  private final MultiMap headers =
      MultiMap.caseInsensitiveMultiMap()
          .add(ServiceVerticle.OPERATION, "get")
          .add(Call.TRACE, Call.newTrace())
          .add(Call.BUDGET, "2500")
          .add(Transit.FROM, "3f0c6b7e-3a0b-4a51-9a57-1e8b8f0b6c1d")
          .add(Transit.SENT, Long.toString(Transit.now()));

  @Benchmark
  public long waited() {
    return transit.waited(headers, Transit.now());
  }

  @Benchmark
  public Call received() {
    return Call.received(headers, 2_500, 0);
  }
}
