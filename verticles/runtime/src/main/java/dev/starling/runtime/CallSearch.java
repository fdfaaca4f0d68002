package dev.starling.runtime;

import com.fasterxml.jackson.databind.JavaType;
import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.Message;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/**
 * Looks for calls in the memory of all nodes, when somebody wants to know; so no collector is
 * needed to follow one request through the flock. Questions and answers are sealed.
 */
public final class CallSearch {
  private static final String NAME = "starling.call-log";
  private static final long PATIENCE = 1_000;
  private static final int MOST = 500;

  /** Milliseconds that clocks of nodes and a question's way may take together. */
  private static final long LONGEST = 60_000;

  private static final JavaType CALLS =
      Codec.mapper().getTypeFactory().constructCollectionType(List.class, KeptCall.class);

  private final Vertx vertx;
  private final Membership membership;
  private final CallLog log;
  private final Seal questions;
  private final Seal answers;
  private final Refusals refusals;

  /** Questions that have been answered lately. */
  private final Cache<String, Boolean> seen =
      Caffeine.newBuilder()
          .maximumSize(10_000)
          .expireAfterWrite(Duration.ofMillis(2 * LONGEST))
          .build();

  private MessageConsumer<Object> consumer;

  /**
   * What is looked for.
   *
   * @param trace of one chain; null for any
   * @param service or null for any
   * @param operation of the service, or null for any
   * @param failed only those that did not end well
   * @param micros only those that took as long
   * @param since only those that ended later, in milliseconds since 1970; 0 for all
   * @param most how many, of the newest; 500 at most
   */
  public record Question(
      String trace,
      String service,
      String operation,
      boolean failed,
      long micros,
      long since,
      int most) {
    private Predicate<KeptCall> wanted() {
      return call ->
          (trace == null || trace.equals(call.trace()))
              && (service == null || service.equals(call.service()))
              && (operation == null || operation.equals(call.operation()))
              && !(failed && call.outcome().equals(OperationMeter.OK))
              && call.micros() >= micros
              && call.at().toEpochMilli() > since;
    }
  }

  /**
   * What was found.
   *
   * @param calls the oldest first
   * @param silent ids of the nodes that gave no answer in a second
   */
  public record Found(List<KeptCall> calls, List<String> silent) {}

  CallSearch(
      Vertx vertx, Membership membership, CallLog log, List<byte[]> secrets, Refusals refusals) {
    this.vertx = vertx;
    this.membership = membership;
    this.log = log;
    this.questions = new Seal(secrets, NAME + ".question");
    this.answers = new Seal(secrets, NAME + ".answer");
    this.refusals = refusals;
  }

  Future<Void> start() {
    consumer = vertx.eventBus().consumer(address(membership.self()), this::answer);
    return consumer.completion();
  }

  void close() {
    consumer.unregister();
  }

  private static String address(String node) {
    return NAME + "@" + node;
  }

  private void answer(Message<Object> message) {
    Optional<JsonObject> asked = questions.open(message.body()).filter(this::isNew);
    Optional<Question> question = asked.flatMap(CallSearch::question);
    if (question.isEmpty()) {
      refusals.report("message on " + NAME);
      return; // Who has no secret of the cluster learns nothing.
    }
    int most = Math.max(0, Math.min(MOST, question.get().most()));
    List<KeptCall> found = log.find(question.get().wanted(), most);
    JsonObject answer =
        new JsonObject()
            .put("calls", Codec.write(found).toString())
            .put("to", asked.get().getString(Seal.NONCE));
    message.reply(answers.seal(answer, Instant.now()));
  }

  /** Whoever reads along can send a question again, and wants the answer. */
  private boolean isNew(JsonObject sealed) {
    long age = Math.abs(System.currentTimeMillis() - sealed.getLong(Seal.AT));
    return age < LONGEST && seen.asMap().putIfAbsent(sealed.getString(Seal.NONCE), true) == null;
  }

  private static Optional<Question> question(JsonObject sealed) {
    try {
      Buffer text = Buffer.buffer(sealed.getString("question", ""));
      return Optional.of(Codec.reply(text, Question.class));
    } catch (RuntimeException e) {
      return Optional.empty();
    }
  }

  /** Asks all nodes; never fails. */
  public Future<Found> find(Question question) {
    List<KeptCall> calls = new ArrayList<>();
    List<String> silent = new ArrayList<>();
    List<Future<Void>> asked =
        membership.nodes().stream()
            .map(
                node ->
                    ask(node, question)
                        .<Void>transform(
                            done -> {
                              synchronized (calls) {
                                if (done.succeeded()) {
                                  calls.addAll(done.result());
                                } else {
                                  silent.add(node);
                                }
                              }
                              return Future.succeededFuture();
                            }))
            .toList();
    return Future.join(asked).map(v -> new Found(newest(calls, question.most()), silent));
  }

  private static List<KeptCall> newest(List<KeptCall> calls, int most) {
    List<KeptCall> sorted = calls.stream().sorted(Comparator.comparing(KeptCall::at)).toList();
    return sorted.subList(Math.max(0, sorted.size() - most), sorted.size());
  }

  private Future<List<KeptCall>> ask(String node, Question question) {
    JsonObject sealed =
        questions.seal(
            new JsonObject().put("question", Codec.write(question).toString()), Instant.now());
    return vertx
        .eventBus()
        .<Object>request(address(node), sealed, new DeliveryOptions().setSendTimeout(PATIENCE))
        .map(reply -> answers.open(reply.body()).orElseThrow())
        .map(answer -> calls(answer, sealed.getString(Seal.NONCE)));
  }

  private static List<KeptCall> calls(JsonObject answer, String question) {
    if (!question.equals(answer.getString("to"))) {
      throw new IllegalArgumentException("It answers another question");
    }
    try {
      return Codec.tolerant().readValue(answer.getString("calls"), CALLS);
    } catch (java.io.IOException e) {
      throw new IllegalArgumentException(e);
    }
  }
}
