package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.ThreadLocalRandom;
import java.util.function.Function;
import java.util.function.Supplier;
import java.util.stream.Stream;

/**
 * Lets attempts through as long as not too many of them went wrong, on all nodes together.
 *
 * <p>An attempt is counted first, by one statement, and given back when it was right or was not
 * made: a thousand guesses at once are as many as the limit. Whoever comes while the outcome of
 * others is not known yet waits for that, some milliseconds, so that many who log in at once with
 * the right password all get in. When the database cannot count, nobody gets in.
 */
final class Throttle {
  /** Milliseconds until the outcome of others is asked for again, at first and at most. */
  private static final long LOOK = 15;

  private static final long LOOK_SELDOM = 120;

  /** Milliseconds that an attempt needs once it is let through. */
  private static final long ENOUGH = 400;

  /** For what is written after the caller has its answer, or has gone. */
  private static final long SETTLING = 2_000;

  private final Vertx vertx;
  private final Database database;
  private final Map<Counted, Counter> refusals = new EnumMap<>(Counted.class);

  Throttle(Vertx vertx, Database database, MeterRegistry meters) {
    this.vertx = vertx;
    this.database = database;
    for (Counted counted : Counted.values()) {
      String kind = counted.name().toLowerCase(Locale.ROOT).replace('_', '-');
      refusals.put(
          counted,
          Counter.builder("starling.user.throttled")
              .description("Attempts refused, by what was counted")
              .tag("kind", kind)
              .register(meters));
    }
  }

  /** What came of an attempt. */
  enum Outcome {
    /** It stays counted. */
    WRONG,
    /** It was none after all. */
    UNDONE,
    /** It was none, and what was wrong before is forgiven. */
    RIGHT
  }

  /**
   * Makes an attempt, unless there were too many.
   *
   * @param forgiven keys of the buckets that are emptied when it is right
   * @param outcome of the attempt, from its failure or null
   * @return fails with {@link ErrorCode#TOO_MANY_REQUESTS}, and when to come again, also when
   *     others took too long, or with {@link ErrorCode#FORBIDDEN} when a password is not enough any
   *     more
   */
  <T> Future<T> around(
      Call call,
      List<Bucket> buckets,
      List<byte[]> forgiven,
      Function<ServiceException, Outcome> outcome,
      Supplier<Future<T>> attempt) {
    if (buckets.isEmpty()) {
      return attempt.get();
    }
    return take(call, buckets, LOOK)
        .compose(
            v ->
                Future.succeededFuture()
                    .compose(begun -> attempt.get())
                    .transform(
                        done ->
                            settle(buckets, forgiven, outcome.apply(failure(done.cause())))
                                .transform(
                                    settled ->
                                        done.succeeded()
                                            ? Future.succeededFuture(done.result())
                                            : Future.failedFuture(done.cause()))));
  }

  private static ServiceException failure(Throwable cause) {
    return cause == null ? null : ServiceException.of(cause);
  }

  private Future<Void> take(Call call, List<Bucket> buckets, long pause) {
    return database
        .query(
            call,
            "SELECT refused, wait, undecided FROM throttle_take($1, $2, $3, $4, $5, $6)",
            keys(buckets.stream().map(Bucket::key)),
            requests(buckets),
            buckets.stream().map(b -> (int) b.free()).toArray(Integer[]::new),
            seconds(buckets, Bucket::window),
            seconds(buckets, Bucket::firstWait),
            seconds(buckets, Bucket::longestWait))
        .compose(
            rows -> {
              Row row = rows.iterator().next();
              Integer refused = row.getInteger("refused");
              if (refused == null) {
                return Future.succeededFuture();
              }
              if (!row.getBoolean("undecided")) {
                return Future.failedFuture(
                    refusal(buckets.get(refused - 1).counted(), row.getDouble("wait")));
              }
              if (call.remaining() < pause + ENOUGH) {
                return Future.failedFuture(
                    new ServiceException(
                            ErrorCode.TOO_MANY_REQUESTS,
                            "As many attempts as may be are being verified; try again in 1 s")
                        .retryAfter(1));
              }
              return vertx
                  .timer(pause + ThreadLocalRandom.current().nextLong(pause))
                  .compose(v -> take(call, returnable(buckets), Math.min(2 * pause, LOOK_SELDOM)));
            });
  }

  /** How many of them, from the first, count whatever comes of it. */
  private static int requests(List<Bucket> buckets) {
    return buckets.get(0).counted() == Counted.LOGINS ? 1 : 0;
  }

  private static List<Bucket> returnable(List<Bucket> buckets) {
    return buckets.subList(requests(buckets), buckets.size());
  }

  private ServiceException refusal(Counted counted, double wait) {
    refusals.get(counted).increment();
    if (counted == Counted.ONE_TIME_CEILING) {
      return ServiceException.ofField(
          ErrorCode.FORBIDDEN,
          "",
          "second-proof",
          "After so many failures one-time codes are taken no more; ask an administrator");
    }
    if (counted == Counted.CEILING) {
      return ServiceException.ofField(
          ErrorCode.FORBIDDEN,
          "",
          "second-proof",
          "After so many failures a password is not enough on a device that the account does not"
              + " know; log in on one that it knows, with a one-time code, or have the password reset");
    }
    long seconds = (long) Math.ceil(wait);
    return new ServiceException(
            ErrorCode.TOO_MANY_REQUESTS, "Too many attempts; try again in " + seconds + " s")
        .retryAfter(seconds);
  }

  /** Not awaited longer than it takes: what cannot be given back stays counted. */
  private Future<Void> settle(List<Bucket> taken, List<byte[]> forgiven, Outcome outcome) {
    Buffer[] keys = keys(returnable(taken).stream().map(Bucket::key));
    Buffer[] emptied = keys(outcome == Outcome.RIGHT ? forgiven.stream() : Stream.empty());
    return database
        .query(
            Call.begin(null, SETTLING),
            """
            WITH locked AS (
              SELECT key, key = ANY($1) AS ours, key = ANY($2) AS emptied
              FROM throttle WHERE key = ANY($1) OR key = ANY($2) ORDER BY key FOR UPDATE)
            UPDATE throttle t SET
              pending = greatest(pending - ours::int, 0),
              count = CASE
                WHEN $3 THEN count
                WHEN emptied THEN greatest(pending - ours::int, 0)
                ELSE greatest(count - 1, 0) END,
              blocked_until = CASE WHEN $3 THEN blocked_until ELSE '-infinity' END
            FROM locked WHERE t.key = locked.key""",
            keys,
            emptied,
            outcome == Outcome.WRONG)
        .mapEmpty();
  }

  /** What was counted under these keys counts no more. */
  Future<Void> forgive(Call call, List<byte[]> keys) {
    return forgive(database.statements(call), keys);
  }

  /** The same, together with what it is forgiven for. */
  static Future<Void> forgive(Database.Statements statements, List<byte[]> keys) {
    return statements
        .query(
            """
            WITH locked AS (
              SELECT key FROM throttle WHERE key = ANY($1) ORDER BY key FOR UPDATE)
            DELETE FROM throttle USING locked WHERE throttle.key = locked.key""",
            (Object) keys(keys.stream()))
        .mapEmpty();
  }

  private static Buffer[] keys(Stream<byte[]> keys) {
    return keys.map(Buffer::buffer).toArray(Buffer[]::new);
  }

  private static Double[] seconds(List<Bucket> buckets, Function<Bucket, Duration> duration) {
    return buckets.stream()
        .map(duration)
        .map(d -> d == null ? null : d.toMillis() / 1_000.0)
        .toArray(Double[]::new);
  }

  /** Forgets counts that mean nothing any more. */
  Future<Void> forget() {
    return database.jobs().forget("throttle", "key", "expires_at < now()");
  }
}
