package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RevocationsTest {
  private final Vertx vertx = Vertx.vertx();
  private final List<JsonObject> asked = new CopyOnWriteArrayList<>();
  private final List<Future<JsonObject>> answers = new ArrayList<>();
  private final Revocations revocations = new Revocations(vertx.getOrCreateContext(), this::answer);

  /** The next of the answers, the last one for ever. */
  private synchronized Future<JsonObject> answer(JsonObject question) {
    asked.add(question);
    return answers.size() > 1 ? answers.remove(0) : answers.get(0);
  }

  private synchronized void will(Future<JsonObject> answer) {
    answers.add(answer);
  }

  private static JsonObject answer(long next, String... sessions) {
    return new JsonObject()
        .put("sessions", new JsonArray(List.of(sessions)))
        .put("next", since(next));
  }

  private static JsonObject since(long transaction) {
    return new JsonObject().put("transaction", transaction);
  }

  private boolean contains(String session) {
    return revocations.contains(new JsonObject().put("sid", session));
  }

  @AfterEach
  void close() {
    vertx.close().await();
  }

  @Test
  void waitsUntilAllOfAnAnswerAreKnown() {
    Promise<JsonObject> rest = Promise.promise();
    will(Future.succeededFuture(answer(7, "a", "b").put("more", since(5))));
    will(rest.future());
    will(Future.succeededFuture(answer(9)));
    Future<Void> known = revocations.known();
    assertThat(known.isComplete()).isFalse();
    assertThat(revocations.known().isComplete()).as("another who asks").isFalse();
    assertThat(asked).containsExactly(new JsonObject(), since(5));

    rest.complete(answer(8, "c"));
    known.await();
    assertThat(List.of("a", "b", "c")).allMatch(this::contains);
    assertThat(contains("d")).isFalse();
    assertThat(revocations.known().succeeded()).isTrue();
    await().until(() -> asked.size() > 2);
    assertThat(asked.get(2)).as("what ended meanwhile is not left out").isEqualTo(since(7));
  }

  @Test
  void takesNoTokenThatNamesNoSession() {
    assertThat(revocations.contains(new JsonObject())).isTrue();
    assertThat(revocations.contains(new JsonObject().put("sid", 1))).isTrue();
  }

  @Test
  void learnsOfThoseThatEndLaterWithoutBeingAsked() {
    will(Future.succeededFuture(answer(1)));
    will(Future.succeededFuture(answer(2, "a")));
    revocations.known().await();
    assertThat(contains("a")).isFalse();

    await().until(() -> contains("a"));
    assertThat(asked).contains(since(1));
  }

  @Test
  void refusesUntilTheyCanBeHadAndAsksNotForEachWhoAsks() {
    will(Future.failedFuture("away"));
    will(Future.succeededFuture(answer(1, "a")));
    for (int i = 0; i < 100; i++) {
      assertThat(revocations.known().cause())
          .isInstanceOfSatisfying(
              ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_STARTED));
    }
    assertThat(asked).hasSize(1);

    await().until(() -> revocations.known().succeeded());
    assertThat(contains("a")).isTrue();
  }

  @Test
  void keepsThoseOfBeforeWhileTheyCannotBeReadAndGoesOnFromThere() {
    will(Future.succeededFuture(answer(1, "a")));
    will(Future.succeededFuture(answer(3, "b").put("more", since(2))));
    will(Future.failedFuture("away"));
    revocations.known().await();
    await().until(() -> asked.size() > 3);

    assertThat(revocations.known().succeeded()).isTrue();
    assertThat(List.of("a", "b")).allMatch(this::contains);
    assertThat(asked.get(3)).as("from where it was").isEqualTo(since(1));
  }
}
