package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.time.Duration;

/** All instances fail all calls: a fault they share, such as a bad release. */
final class AllFailing implements Fault {
  private static final double MOST_CALLS = 1.1;

  /** Calls of so long before have earned retries, so that they are counted too. */
  private static final Duration EARNING = Duration.ofSeconds(10);

  private Count calls;

  /**
   * Calls so far.
   *
   * @param asked of all nodes
   * @param sent as often as they were sent, to all nodes
   */
  private record Count(double asked, double sent) {
    static Count of(Scene scene) throws InterruptedException {
      double asked = 0;
      double sent = 0;
      for (NodeProcess node : scene.cluster().nodes()) {
        Metrics metrics = Operator.of(node).metrics();
        asked += metrics.asked();
        sent += metrics.handled();
      }
      return new Count(asked, sent);
    }

    Count since(Count before) {
      return new Count(asked - before.asked, sent - before.sent);
    }
  }

  @Override
  public String name() {
    return "all-failing";
  }

  @Override
  public String promise() {
    return "errors within 0.5 s, at most 1.1 calls for each that was asked since 10 s before, at most half of"
        + " the instances out of rotation; clean within 10 s after it";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    calls = Count.of(scene);
    Thread.sleep(EARNING.toMillis());
    for (NodeProcess node : scene.cluster().services()) {
      scene
          .operator()
          .desire(key(node), new JsonObject().put("share", 1.0).put("error", true), scene.token());
    }
  }

  /** Long beside the moments between which the nodes are asked for their meters. */
  @Override
  public Duration lasts() {
    return Duration.ofSeconds(20);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    calls = Count.of(scene).since(calls);
    for (NodeProcess node : scene.cluster().services()) {
      scene.operator().desireNoLonger(key(node), scene.token());
    }
  }

  private static String key(NodeProcess node) {
    return "fault/user@" + node.name();
  }

  @Override
  public void judge(Evidence seen) {
    double ratio = Math.round(1_000 * calls.sent() / calls.asked()) / 1_000.0;
    seen.scene().notes().figure("calls-sent-for-each-asked", ratio);
    if (ratio > MOST_CALLS) {
      seen.scene().notes().complain("%.3f calls for each that was asked".formatted(ratio));
    }
    seen.keepsHalfInRotation();
    seen.failOnlyWith("503", "500");
    seen.failWithin(Duration.ofMillis(500));
    seen.failOnlyMeanwhile(Duration.ofSeconds(10));
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(10));
  }
}
