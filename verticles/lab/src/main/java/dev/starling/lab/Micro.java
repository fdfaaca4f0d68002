package dev.starling.lab;

import io.vertx.core.Vertx;
import java.util.Collection;
import java.util.stream.Collectors;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;
import org.openjdk.jmh.runner.options.VerboseMode;

/** The pieces of a call, each alone (JMH). */
final class Micro implements Part {
  private static final String PACKAGE = "dev.starling.";

  @Override
  public String name() {
    return "micro";
  }

  @Override
  public String about() {
    return "look-up, choice, breaker, meters, transit, codec and verification of tokens, each alone";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    Collection<RunResult> results =
        new Runner(
                new OptionsBuilder()
                    .include("^dev\\.starling\\.(runtime|user\\.service)\\.")
                    .forks(1)
                    .jvmArgs("-XX:+UseSerialGC", "-Xmx384m")
                    .warmupIterations(pace.rounds())
                    .warmupTime(TimeValue.milliseconds(pace.time().toMillis() / 2))
                    .measurementIterations(pace.rounds())
                    .measurementTime(TimeValue.milliseconds(pace.time().toMillis() / 2))
                    .verbosity(VerboseMode.SILENT)
                    .shouldFailOnError(true)
                    .build())
            .run();
    for (RunResult result : results) {
      findings
          .micros()
          .add(
              new Findings.Micro(
                  label(result),
                  result.getPrimaryResult().getScore(),
                  result.getPrimaryResult().getScoreError()));
    }
  }

  private static String label(RunResult result) {
    String parameters =
        result.getParams().getParamsKeys().stream()
            .map(key -> " " + result.getParams().getParam(key) + " " + key)
            .collect(Collectors.joining());
    return result.getParams().getBenchmark().replace(PACKAGE, "") + parameters;
  }
}
