package dev.starling.runtime;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What a closed breaker costs a call, with the Vert.x breaker in it. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class BreakerBenchmark {
  private static final Future<String> ANSWER = Future.succeededFuture("answer");

  private Vertx vertx;
  private Context loop;
  private Breaker breaker;

  @Setup
  public void make() {
    vertx = Vertx.vertx();
    loop = vertx.getOrCreateContext();
    breaker =
        new Breaker(
            "bench",
            vertx,
            loop,
            Limits.standard(),
            open -> false,
            Future::succeededFuture,
            (state, why) -> {});
  }

  @TearDown
  public void close() {
    breaker.end();
    vertx.close().await();
  }

  /** The loop itself, to be taken off. */
  @Benchmark
  @OperationsPerInvocation(OnLoop.TIMES)
  public void nothing() {
    OnLoop.run(loop, () -> ANSWER);
  }

  @Benchmark
  @OperationsPerInvocation(OnLoop.TIMES)
  public void breaker() {
    OnLoop.run(loop, () -> breaker.call(1_000, () -> ANSWER));
  }
}
