package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.time.Duration;

/** All instances fail all calls: a fault they share, such as a bad release. */
final class AllFailing implements Fault {
  private static final double MOST_CALLS = 1.1;

  private double callsBefore;
  private double callsAfter;

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
    callsBefore = calls(scene);
    for (NodeProcess node : scene.cluster().services()) {
      scene
          .operator()
          .desire(key(node), new JsonObject().put("share", 1.0).put("error", true), scene.token());
    }
  }

  @Override
  public void heal(Scene scene) throws Exception {
    callsAfter = calls(scene);
    for (NodeProcess node : scene.cluster().services()) {
      scene.operator().desireNoLonger(key(node), scene.token());
    }
  }

  private static String key(NodeProcess node) {
    return "fault/user@" + node.name();
  }

  private static double calls(Scene scene) throws InterruptedException {
    double calls = 0;
    for (NodeProcess node : scene.cluster().services()) {
      calls += Operator.of(node).reads();
    }
    return calls;
  }

  @Override
  public void judge(Evidence seen) {
    double asked =
        seen.history().between(seen.injected(), seen.healed()).stream()
            .filter(e -> e.kind() == Kind.READ)
            .count();
    double ratio = (callsAfter - callsBefore) / asked;
    seen.scene().notes().figure("calls-for-each-read", Math.round(ratio * 100) / 100.0);
    if (ratio > MOST_CALLS) {
      seen.scene().notes().complain("%.2f calls for each read: a storm".formatted(ratio));
    }
    seen.failOnlyWith("503", "500");
    seen.failOnlyMeanwhile(Duration.ofSeconds(10));
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(10));
  }
}
