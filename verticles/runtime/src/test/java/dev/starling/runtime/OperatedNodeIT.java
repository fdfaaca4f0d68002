package dev.starling.runtime;

import static dev.starling.runtime.OneNode.await;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.awaitility.Awaitility.await;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A node that does what operators want of it. */
class OperatedNodeIT {
  record Text(String text) {}

  private static final Operation<Text, Text> ECHO =
      Operation.query("lab", "echo", Text.class, Text.class).open();
  private static final String FAULT = "fault/lab@test";

  @TempDir private Path secrets;

  private OneNode one;

  @BeforeEach
  void start() {
    one = new OneNode(secrets, Membership.alone(OneNode.SELF), true);
  }

  @AfterEach
  void stop() {
    one.close();
  }

  private void want(String key, String value) {
    await(one.node.desired().put(key, Buffer.buffer(value), null, "ada"));
  }

  private void wantNoLonger(String key) {
    await(one.node.desired().remove(key, "ada"));
  }

  /** Sends to the plain address, where no breaker has a say. */
  private String send() {
    JsonObject message = new JsonObject().put("text", "a");
    return await(one.vertx.eventBus().<JsonObject>request("lab.echo", message))
        .body()
        .getString("text");
  }

  private ReplyException refused() {
    return catchThrowableOfType(ReplyException.class, this::send);
  }

  private Map<String, Announcement> records() {
    return await(one.registry().all());
  }

  private List<Health.Check> failing() {
    return await(one.node.health().readiness()).stream().filter(check -> !check.up()).toList();
  }

  @Test
  void changesItsLimitsWhileItRuns() {
    Map<Limit, Long> configured = one.node.options().limits().all();
    want("limits", "{\"breaker.calls\":12,\"breaker.wait\":2000}");
    await().until(() -> one.node.options().limits().get(Limit.BREAKER_CALLS) == 12);
    assertThat(one.node.options().limits().get(Limit.BREAKER_WAIT)).isEqualTo(2000);

    want("limits", "{\"breaker.calls\":13}");
    await().until(() -> one.node.options().limits().get(Limit.BREAKER_CALLS) == 13);
    assertThat(one.node.options().limits().get(Limit.BREAKER_WAIT)).isEqualTo(1000);

    wantNoLonger("limits");
    await().until(() -> one.node.options().limits().all().equals(configured));
  }

  @Test
  void takesNoNewWorkWhileItIsDrained() {
    one.deploy(new Lab());
    assertThat(send()).isEqualTo("a");

    want("drain/test", "{}");

    await().until(() -> records().isEmpty());
    await().until(() -> refused().failureType() == ReplyFailure.NO_HANDLERS);
    assertThat(one.node.drain().isOn()).isTrue();
    assertThat(one.node.directory().announcements()).isEmpty();
    assertThat(failing())
        .containsExactly(new Health.Check("drain", false, "an operator has drained the node"));
    assertThat(callTheInstance().failureCode()).isEqualTo(503);
    assertThat(callTheInstance()).hasMessageContaining("urn:starling:problem:not-started");
    ServiceException refusal =
        catchThrowableOfType(ServiceException.class, () -> one.call(ECHO, new Text("a")));
    assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_STARTED);

    wantNoLonger("drain/test");

    await().until(() -> records().size() == 1);
    await().untilAsserted(() -> assertThat(send()).isEqualTo("a"));
    assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("a");
    assertThat(failing()).isEmpty();
  }

  /** As a node does that has not yet heard of the withdrawal. */
  private ReplyException callTheInstance() {
    DeliveryOptions options =
        new DeliveryOptions().addHeader(ServiceVerticle.OPERATION, ECHO.spec().name());
    return catchThrowableOfType(
        ReplyException.class,
        () ->
            await(
                one.vertx
                    .eventBus()
                    .request("lab@" + OneNode.SELF, Codec.write(new Text("a")), options)));
  }

  @Test
  void followsTheLastOfManyOrders() {
    one.deploy(new Lab());
    one.deploy(new Lab());
    for (int i = 0; i < 20; i++) {
      want("drain/test", "{}");
      wantNoLonger("drain/test");
    }

    want("drain/test", "{}");
    await().until(() -> records().isEmpty());
    wantNoLonger("drain/test");
    await().until(() -> records().size() == 1);
    await().untilAsserted(() -> assertThat(send()).isEqualTo("a"));
  }

  @Test
  void startsDrainedAndStopsDrained() {
    want("drain/test", "{}");
    await().until(() -> one.node.drain().isOn());

    String id = one.deploy(new Lab());
    assertThat(records()).isEmpty();
    assertThat(refused().failureType()).isEqualTo(ReplyFailure.NO_HANDLERS);
    await(one.vertx.undeploy(id));
    one.deploy(new Lab());
    wantNoLonger("drain/test");

    await().until(() -> records().size() == 1);
    await().untilAsserted(() -> assertThat(send()).isEqualTo("a"));
  }

  @Test
  void leavesOtherNodesToDrainThemselves() {
    one.deploy(new Lab());
    want("drain/test2", "{}");
    want("drain/tes", "{}");
    await().until(() -> one.node.desired().all().size() == 2);

    assertThat(one.node.drain().isOn()).isFalse();
    assertThat(send()).isEqualTo("a");
  }

  private InstanceStatus lab() {
    return one.node.directory().instances().get(0);
  }

  @Test
  void opensBreakersAndLeavesThemToThemselvesAgain() {
    Lab lab = new Lab();
    one.deploy(lab);
    want("breaker/lab@test", "{\"state\":\"open\"}");
    await().until(() -> lab().breaker().equals("open"));
    assertThat(lab().wish()).isEqualTo("open");
    ServiceException refusal =
        catchThrowableOfType(ServiceException.class, () -> one.call(ECHO, new Text("a")));
    assertThat(refusal.code()).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(lab.handled).hasValue(0);

    wantNoLonger("breaker/lab@test");

    await().until(() -> lab().breaker().equals("closed"));
    assertThat(lab().wish()).isEqualTo("automatic");
    assertThat(one.call(ECHO, new Text("a")).text()).isEqualTo("a");
  }

  @Test
  void closesABreakerThatWasForcedOpen() {
    one.deploy(new Lab());
    want("breaker/lab@test", "{\"state\":\"open\"}");
    await().until(() -> lab().breaker().equals("open"));

    want("breaker/lab@test", "{\"state\":\"closed\"}");

    await().until(() -> lab().breaker().equals("closed"));
    assertThat(lab().wish()).isEqualTo("closed");
    want("breaker/lab@test", "{\"state\":\"reset\"}");
    await().until(() -> lab().wish().equals("automatic"));
  }

  @Test
  void opensTheBreakerOfAnInstanceThatComesLater() {
    String id = one.deploy(new Lab());
    want("breaker/lab@test", "{\"state\":\"open\"}");
    await(one.vertx.undeploy(id));
    assertThat(one.node.directory().instances()).isEmpty();

    one.deploy(new Lab());

    assertThat(lab().breaker()).isEqualTo("open");
  }

  @Test
  void failsTheShareOfCallsThatIsWanted() {
    Lab lab = new Lab();
    one.deploy(lab);
    want(FAULT, "{\"share\":0.5,\"error\":true}");
    await().until(() -> refused() != null);
    lab.handled.set(0);

    int failed = 0;
    for (int i = 0; i < 400; i++) {
      ReplyException refusal = refused();
      if (refusal != null) {
        assertThat(refusal.failureCode()).isEqualTo(500);
        failed++;
      }
    }
    assertThat(failed).isBetween(140, 260); // six standard deviations
    assertThat(lab.handled).hasValue(400 - failed);

    wantNoLonger(FAULT);
    await().until(() -> one.node.desired().all().isEmpty());
    for (int i = 0; i < 50; i++) {
      assertThat(send()).isEqualTo("a");
    }
  }

  @Test
  void delaysCallsBeforeTheyBegin() {
    Lab lab = new Lab();
    one.deploy(lab);
    want(FAULT, "{\"share\":1,\"delay\":400}");
    await().until(() -> one.node.desired().all().size() == 1);

    long begin = System.nanoTime();
    assertThat(send()).isEqualTo("a");

    assertThat(lab.last.get() - begin).isGreaterThan(Duration.ofMillis(400).toNanos());
  }

  @Test
  void beginsNothingWhoseTimeIsOverMeanwhile() {
    Lab lab = new Lab();
    one.deploy(lab);
    want(FAULT, "{\"share\":1,\"delay\":400}");
    await().until(() -> one.node.desired().all().size() == 1);
    DeliveryOptions inHaste = new DeliveryOptions().addHeader(Call.BUDGET, "200");
    JsonObject message = new JsonObject().put("text", "a");

    ReplyException refusal =
        catchThrowableOfType(
            ReplyException.class,
            () -> await(one.vertx.eventBus().request("lab.echo", message, inHaste)));

    assertThat(refusal.failureCode()).isEqualTo(504);
    assertThat(refusal).hasMessageContaining("before the work began");
    assertThat(lab.handled).hasValue(0);
  }

  @Test
  void makesNoFaultsForOtherInstances() {
    one.deploy(new Lab());
    one.deploy(new Other());
    want("fault/other@test", "{\"share\":1,\"error\":true}");
    await().until(() -> one.node.desired().all().size() == 1);

    for (int i = 0; i < 20; i++) {
      assertThat(send()).isEqualTo("a");
    }
  }

  @Test
  void makesNoFaultsUnlessThatIsEnabled() {
    one.close();
    one = new OneNode(secrets);
    one.deploy(new Lab());
    DesiredState allowed =
        new DesiredState(
            one.vertx,
            one.node.secrets().all(Secrets.CLUSTER),
            new SimpleMeterRegistry(),
            Clock.systemUTC(),
            name -> true,
            true,
            new Journal("other", "n9"));
    await(allowed.start());
    await(allowed.put(FAULT, Buffer.buffer("{\"share\":1,\"error\":true}"), null, "ada"));
    await().until(() -> one.node.desired().all().containsKey(FAULT));

    assertThat(send()).isEqualTo("a");
    ServiceException refusal =
        catchThrowableOfType(
            ServiceException.class, () -> want(FAULT, "{\"share\":1,\"error\":true}"));
    assertThat(refusal.code()).isEqualTo(ErrorCode.FORBIDDEN);
  }

  private static final class Lab extends ServiceVerticle {
    private final AtomicInteger handled = new AtomicInteger();
    private final AtomicLong last = new AtomicLong();

    @Override
    protected void operations() {
      handle(
          ECHO,
          request -> {
            handled.incrementAndGet();
            last.set(System.nanoTime());
            return Future.succeededFuture(request);
          });
    }
  }

  private static final class Other extends ServiceVerticle {
    @Override
    protected void operations() {
      handle(
          Operation.query("other", "echo", Text.class, Text.class).open(), Future::succeededFuture);
    }
  }
}
