package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.time.Duration;

/** One instance of three fails half of its calls and answers each ping: no streak ever shows it. */
final class FailingInstance implements Fault {
  @Override
  public String name() {
    return "half-failing";
  }

  @Override
  public String promise() {
    return "out of rotation within 2 s, back within 10 s after it is well; no failed read and no"
        + " failed registration with a key";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    JsonObject half = new JsonObject().put("share", 0.5).put("error", true);
    scene.operator().desire(key(scene), half, scene.token());
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.operator().desireNoLonger(key(scene), scene.token());
  }

  private static String key(Scene scene) {
    return "fault/user@" + scene.victim().name();
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(Kind.READ, Kind.KEYED_REGISTRATION);
    seen.failOnlyMeanwhile(Duration.ofSeconds(2));
    seen.outOfRotationWithin(Duration.ofSeconds(2));
    seen.backInRotationWithin(Duration.ofSeconds(10));
    seen.cleanWithin(Duration.ofSeconds(2));
  }
}
