package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.user.api.UserContract.KeySet;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import java.time.Instant;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class CurrentKeysTest {
  private final SigningKeys first = keys();
  private final SigningKeys second = keys();
  private long now = 1_700_000_000_000L;
  private int reads;
  private Future<SigningKeys> source = Future.succeededFuture(first);
  private final CurrentKeys current =
      new CurrentKeys(
          () -> Instant.ofEpochMilli(now),
          () -> {
            reads++;
            return source;
          });

  @Test
  void readsThemAgainAfterASecond() {
    assertThat(current.get().result()).isSameAs(first);
    source = Future.succeededFuture(second);
    now += 999;
    assertThat(current.get().result()).isSameAs(first);
    assertThat(reads).isEqualTo(1);

    now += 1;
    assertThat(current.get().result()).isSameAs(second);
    assertThat(reads).isEqualTo(2);
  }

  @Test
  void readsThemOnceForAllWhoWait() {
    Promise<SigningKeys> answer = Promise.promise();
    source = answer.future();
    List<Future<SigningKeys>> waiting =
        IntStream.range(0, 100).mapToObj(i -> current.get()).toList();
    answer.complete(first);

    assertThat(waiting).allMatch(keys -> keys.result() == first);
    assertThat(reads).isEqualTo(1);
  }

  @Test
  void goesOnWithThoseOfBeforeWhileTheyCannotBeRead() {
    current.get();
    source = Future.failedFuture("the database is away");
    now += 1000;

    for (int i = 0; i < 100; i++) {
      assertThat(current.get().result()).isSameAs(first);
    }
    assertThat(reads).isEqualTo(2);
    source = Future.succeededFuture(second);
    now += 1000;
    assertThat(current.get().result()).isSameAs(second);
  }

  @Test
  void failsWhenTheyWereNeverReadAndTriesAgain() {
    source = Future.failedFuture("the database is away");
    assertThat(current.get().cause()).hasMessage("the database is away");

    source = Future.succeededFuture(first);
    assertThat(current.get().result()).isSameAs(first);
  }

  @Test
  void readsThemAgainWhenTheClockWasPutBack() {
    current.get();
    source = Future.succeededFuture(second);
    now -= 3_600_000;

    assertThat(current.get().result()).isSameAs(second);
  }

  private static SigningKeys keys() {
    return new SigningKeys(SigningKey.generate(), Instant.EPOCH, new KeySet(List.of()));
  }
}
