package dev.starling.user.service;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.ServiceException;
import io.micrometer.core.instrument.composite.CompositeMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.core.net.NetServer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What waits for a database that takes connections and says nothing. */
class DatabaseTest {
  private final Vertx vertx = Vertx.vertx();
  private final AtomicInteger connections = new AtomicInteger();
  private NetServer silent;

  @BeforeEach
  void listens() throws Exception {
    silent =
        vertx
            .createNetServer()
            .connectHandler(socket -> connections.incrementAndGet())
            .listen(0, "127.0.0.1")
            .await(10, SECONDS);
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().await(10, SECONDS);
  }

  @Test
  @DisplayName(
      "HT4 Default PoolOptions.maxSize and maxWaitQueueSize: as many connections as it may have,"
          + " and beyond a bounded queue a refusal at once")
  void boundsConnectionsAndQueue() {
    Database database =
        database(
            Map.of(
                Limit.DATABASE_CONNECTIONS,
                6L,
                Limit.DATABASE_QUEUE,
                3L,
                Limit.DATABASE_WAIT,
                5_000L));

    assertWait(queries(database, 50), 9);
    await().untilAsserted(() -> assertThat(connections).hasValue(6));
  }

  @Test
  @DisplayName(
      "HT4 Default PoolOptions.connectionTimeout: nobody waits for a connection for longer than"
          + " told, and all know that nothing was sent")
  void boundsTheWaitForAConnection() {
    Database database =
        database(
            Map.of(
                Limit.DATABASE_CONNECTIONS,
                1L,
                Limit.DATABASE_QUEUE,
                3L,
                Limit.DATABASE_WAIT,
                300L));

    for (Future<?> waiting : queries(database, 3)) {
      await().until(waiting::isComplete);
      assertRefused(waiting, ErrorCode.UNAVAILABLE);
      assertThat(waiting.cause()).hasMessage("The database cannot be reached");
    }
  }

  @Test
  @DisplayName(
      "HT4 Default PoolOptions of jobs and migrations: they wait in a bounded queue, for 5 s at"
          + " most, the owner of the tables too")
  void boundsJobsAndMigrations() {
    Database database = database(Map.of());
    List<Future<?>> jobs =
        IntStream.range(0, 50)
            .<Future<?>>mapToObj(i -> database.jobs().run(connection -> Future.succeededFuture()))
            .toList();
    Future<?> migration = database.jobs().migrate();

    assertWait(jobs, 17);
    assertThat(migration.isComplete()).isFalse();
    await()
        .atMost(Duration.ofSeconds(20))
        .until(() -> migration.isComplete() && jobs.stream().allMatch(Future::isComplete));
    assertRefused(migration, ErrorCode.UNAVAILABLE);
    assertThat(jobs.stream().map(DatabaseTest::code).distinct())
        .containsExactlyInAnyOrder(ErrorCode.UNAVAILABLE, ErrorCode.OVERLOADED);
  }

  /** All others are refused at once; what a connection is being made for may count as waiting. */
  private static void assertWait(List<Future<?>> futures, int most) {
    await().until(() -> futures.stream().filter(f -> !f.isComplete()).count() <= most);
    assertThat(futures).anyMatch(waiting -> !waiting.isComplete());
    assertThat(futures)
        .filteredOn(Future::isComplete)
        .allSatisfy(refused -> assertRefused(refused, ErrorCode.OVERLOADED));
  }

  private static List<Future<?>> queries(Database database, int count) {
    return IntStream.range(0, count).<Future<?>>mapToObj(i -> query(database)).toList();
  }

  private static Future<?> query(Database database) {
    return database.query(Call.begin(null, 60_000), "SELECT 1");
  }

  private static void assertRefused(Future<?> future, ErrorCode code) {
    assertThat(code(future)).as(String.valueOf(future)).isEqualTo(code);
  }

  private static ErrorCode code(Future<?> failed) {
    return ServiceException.of(failed.cause()).code();
  }

  private Database database(Map<Limit, Long> limits) {
    String url = "postgresql://%s:x@127.0.0.1:" + silent.actualPort() + "/x";
    JsonObject config =
        new JsonObject()
            .put("url", url.formatted("service"))
            .put("migration-url", url.formatted("owner"));
    return new Database(vertx, config, Limits.of(limits), new CompositeMeterRegistry());
  }
}
