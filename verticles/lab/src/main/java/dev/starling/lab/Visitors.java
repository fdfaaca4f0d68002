package dev.starling.lab;

import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.HdrHistogram.Histogram;

/** Makes one visit again and again, on kept connections and one event loop. */
final class Visitors implements AutoCloseable {
  private static final int CONNECTIONS = 64;
  private static final long LONGEST = TimeUnit.SECONDS.toMicros(60);
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final HttpClient client;
  private final Context loop;
  private final Visit visit;
  private final AtomicReference<Throwable> failure = new AtomicReference<>();

  Visitors(Vertx vertx, Visit visit) {
    this.client =
        vertx.createHttpClient(
            new HttpClientOptions(), new PoolOptions().setHttp1MaxSize(CONNECTIONS));
    this.loop = vertx.getOrCreateContext();
    this.visit = visit;
  }

  /** A closed loop: each of so many visitors comes again as soon as it has its answer. */
  long asSoonAsAnswered(int visitors, Duration time) throws InterruptedException {
    long end = System.nanoTime() + time.toNanos();
    long[] answered = new long[1]; // on the event loop alone
    CountDownLatch done = new CountDownLatch(visitors);
    loop.runOnContext(
        v -> {
          for (int i = 0; i < visitors; i++) {
            again(end, answered).onComplete(all -> done.countDown());
          }
        });
    await(done);
    return answered[0];
  }

  private Future<Void> again(long end, long[] answered) {
    return once()
        .compose(
            v -> {
              answered[0]++;
              return System.nanoTime() < end ? again(end, answered) : Future.succeededFuture();
            });
  }

  /**
   * An open loop: visitors come at a fixed rate, whatever the answers.
   *
   * @return microseconds from the moment at which each was due, so that a stall is not left out
   */
  Histogram at(int perSecond, Duration time) throws InterruptedException {
    int all = (int) (perSecond * time.toMillis() / 1_000);
    Histogram micros = new Histogram(LONGEST, 3);
    CountDownLatch done = new CountDownLatch(all);
    long begin = System.nanoTime();
    for (long i = 0; i < all; i++) {
      long due = begin + i * 1_000_000_000 / perSecond;
      for (long left = due - System.nanoTime(); left > 0; left = due - System.nanoTime()) {
        LockSupport.parkNanos(left);
      }
      loop.runOnContext(
          v ->
              once()
                  .onSuccess(
                      answer ->
                          micros.recordValue(Math.min(LONGEST, (System.nanoTime() - due) / 1_000)))
                  .onComplete(answer -> done.countDown()));
    }
    await(done);
    return micros;
  }

  private void await(CountDownLatch done) throws InterruptedException {
    boolean ended = done.await(PATIENCE.toMillis() * 2, TimeUnit.MILLISECONDS);
    if (failure.get() != null || !ended) {
      throw new LabException(visit.address() + ": " + (ended ? failure.get() : "no answer"));
    }
  }

  private Future<Buffer> once() {
    RequestOptions options =
        new RequestOptions()
            .setMethod(visit.method())
            .setHost(visit.address().getHost())
            .setPort(visit.address().getPort())
            .setURI(visit.address().getRawPath())
            .setTimeout(PATIENCE.toMillis());
    visit.headers().get().forEach(options::putHeader);
    return client
        .request(options)
        .compose(
            request -> visit.body() == null ? request.send() : request.send(visit.body().get()))
        .compose(
            answer ->
                answer.statusCode() / 100 == 2
                    ? answer.body().onSuccess(visit.answered()::accept)
                    : Future.failedFuture("status " + answer.statusCode()))
        .onFailure(e -> failure.compareAndSet(null, e));
  }

  @Override
  public void close() {
    client.close().await();
  }
}
