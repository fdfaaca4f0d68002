package dev.starling.user.service;

import dev.starling.runtime.Caller;
import dev.starling.runtime.TokenVerifier;
import io.vertx.core.Future;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/** What it costs to verify an access token, by the share of those that were verified before. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class VerifierBenchmark {
  /** More than a verifier keeps, so that none of them is known when its turn comes again. */
  private static final int UNKNOWN = 25_000;

  private static final int KNOWN = 100;

  /** Percent of the tokens that were verified before. */
  @Param({"0", "99"})
  public int known;

  private final String[] unknown = new String[UNKNOWN];
  private final String[] familiar = new String[KNOWN];
  private TokenVerifier verifier;
  private int next;
  private int fresh;

  @Setup
  public void issue() {
    Clock clock = Clock.systemUTC();
    SigningKey key = SigningKey.generate();
    AccessTokens tokens = new AccessTokens("bench", "bench", Duration.ofMinutes(15), clock);
    JsonObject keys = new JsonObject().put("keys", new JsonArray().add(key.publicJwk()));
    verifier = new TokenVerifier("bench", "bench", clock, () -> Future.succeededFuture(keys));
    for (int i = 0; i < UNKNOWN; i++) {
      unknown[i] = token(tokens, key, clock);
    }
    for (int i = 0; i < KNOWN; i++) {
      familiar[i] = token(tokens, key, clock);
    }
  }

  private static String token(AccessTokens tokens, SigningKey key, Clock clock) {
    return tokens.issue(
        key,
        new Sessions.Live(
            UUID.randomUUID(),
            UUID.randomUUID(),
            clock.instant(),
            List.of("user"),
            SecondFactors.PASSWORD));
  }

  @Benchmark
  public Future<Caller> verify() {
    int now = next++ & Integer.MAX_VALUE;
    return verifier.verify(now % 100 < known ? familiar[now % KNOWN] : unknown[fresh++ % UNKNOWN]);
  }
}
