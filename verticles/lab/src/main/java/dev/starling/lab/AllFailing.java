package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.util.List;

/** All instances fail all calls: a fault they share, such as a bad release. */
final class AllFailing implements Fault {
  private static final double MOST_CALLS = 1.1;

  private double asked;
  private double sent;

  @Override
  public String name() {
    return "all-failing";
  }

  @Override
  public String promise() {
    return "errors at once, at most 1.1 calls for each that was asked, at most half of the instances"
        + " out of rotation; clean within 10 s after it";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    asked = -asked(scene);
    sent = -sent(scene);
    for (NodeProcess node : scene.cluster().services()) {
      scene
          .operator()
          .desire(key(node), new JsonObject().put("share", 1.0).put("error", true), scene.token());
    }
  }

  @Override
  public void heal(Scene scene) throws Exception {
    asked += asked(scene);
    sent += sent(scene);
    for (NodeProcess node : scene.cluster().services()) {
      scene.operator().desireNoLonger(key(node), scene.token());
    }
  }

  private static String key(NodeProcess node) {
    return "fault/user@" + node.name();
  }

  /** Calls that the nodes were asked for. */
  private static double asked(Scene scene) throws InterruptedException {
    return sum(scene.cluster().nodes(), "starling_calls_seconds_count");
  }

  /** Calls that came to the services. */
  private static double sent(Scene scene) throws InterruptedException {
    return sum(scene.cluster().services(), "starling_operations_seconds_count");
  }

  private static double sum(List<NodeProcess> nodes, String meter) throws InterruptedException {
    double sum = 0;
    for (NodeProcess node : nodes) {
      sum += Operator.of(node).meter(meter).orElse(0.0);
    }
    return sum;
  }

  @Override
  public void judge(Evidence seen) {
    double ratio = Math.round(100 * sent / asked) / 100.0;
    seen.scene().notes().figure("calls-sent-for-each-asked", ratio);
    if (ratio > MOST_CALLS) {
      seen.scene().notes().complain("%.2f calls for each that was asked".formatted(ratio));
    }
    seen.failOnlyWith("503", "500");
    seen.failOnlyMeanwhile(Duration.ofSeconds(10));
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(10));
  }
}
