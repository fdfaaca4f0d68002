package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** One call, found again on the nodes that it went through. */
@Timeout(60)
class CallSearchIT {
  record Text(String text) {}

  private static final Operation<Text, Text> INNER =
      Operation.query("inner", "echo", Text.class, Text.class).open();
  private static final Operation<Text, Text> OUTER =
      Operation.query("outer", "echo", Text.class, Text.class).open();

  private static final class Inner extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(INNER, request -> io.vertx.core.Future.succeededFuture(request));
    }
  }

  private static final class Outer extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(OUTER, (request, call) -> node().client().call(INNER, request, call));
    }
  }

  @TempDir private Path secrets;

  private final Nodes nodes = new Nodes();
  private OneNode one;

  @BeforeEach
  void start() {
    one = new OneNode(secrets, nodes);
    one.deploy(new Inner());
    one.deploy(new Outer());
  }

  @AfterEach
  void stop() {
    one.close();
  }

  private CallSearch.Question of(String trace) {
    return new CallSearch.Question(trace, null, null, false, 0, 0, 100);
  }

  @Test
  void followsOneCallThroughAllItCalls() {
    Call call = Call.begin(null, 20_000).watched();
    await(one.node.client().call(OUTER, new Text("a"), call));
    await(one.node.client().call(OUTER, new Text("b"), Call.begin(null, 20_000)));

    CallSearch.Found found = await(one.node.search().find(of(call.trace())));

    assertThat(found.calls())
        .extracting(c -> (c.made() ? "made " : "done ") + c.service())
        .containsExactly("done inner", "made inner", "done outer", "made outer");
    assertThat(found.calls().get(2).steps())
        .extracting(KeptCall.Step::name)
        .containsExactly("inner.echo");
    assertThat(found.calls().get(3).steps())
        .extracting(KeptCall.Step::name)
        .containsExactly("outer@test");
    assertThat(found.calls().get(3).micros()).isGreaterThanOrEqualTo(found.calls().get(0).micros());
    assertThat(found.silent()).containsExactly("node-1");
  }

  @Test
  void findsByOperationOutcomeAndTime() {
    await(one.node.client().call(OUTER, new Text("a"), Call.begin(null, 20_000)));
    CallSearch search = one.node.search();

    assertThat(
            await(search.find(new CallSearch.Question(null, "inner", "echo", false, 0, 0, 9)))
                .calls())
        .hasSize(2);
    assertThat(
            await(search.find(new CallSearch.Question(null, "outer", null, false, 0, 0, 1)))
                .calls())
        .hasSize(1);
    for (CallSearch.Question none :
        List.of(
            new CallSearch.Question(null, null, null, true, 0, 0, 9),
            new CallSearch.Question(null, null, null, false, 60_000_000, 0, 9),
            new CallSearch.Question(
                null, null, null, false, 0, System.currentTimeMillis() + 9_999, 9))) {
      assertThat(await(search.find(none)).calls()).isEmpty();
    }
  }

  @Test
  void answersAQuestionOnceAndSoon() {
    Seal seal = new Seal(one.node.secrets().all(Secrets.CLUSTER), "starling.call-log.question");
    JsonObject text = new JsonObject().put("question", "{\"most\":100}");
    JsonObject question = seal.seal(text, java.time.Instant.now());
    assertThat(answers(question)).isTrue();
    assertThat(answers(question)).isFalse();
    assertThat(answers(seal.seal(text, java.time.Instant.now().minusSeconds(61)))).isFalse();
  }

  private boolean answers(JsonObject question) {
    try {
      await(
          one.vertx
              .eventBus()
              .request(
                  "starling.call-log@" + OneNode.SELF,
                  question,
                  new DeliveryOptions().setSendTimeout(500)));
      return true;
    } catch (RuntimeException e) {
      return false;
    }
  }

  @Test
  void answersNobodyWithoutTheSecretOfTheCluster() {
    double before = one.node.meters().counter("starling.call-log.refused").count();
    JsonObject question = new JsonObject().put("question", "{\"most\":100}");
    assertThatThrownBy(
            () ->
                await(
                    one.vertx
                        .eventBus()
                        .request(
                            "starling.call-log@" + OneNode.SELF,
                            question,
                            new DeliveryOptions().setSendTimeout(500))))
        .hasMessageContaining("Timed out");
    assertThat(one.node.meters().counter("starling.call-log.refused").count())
        .isEqualTo(before + 1);
  }
}
