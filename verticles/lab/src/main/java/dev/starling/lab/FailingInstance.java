package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.time.Duration;

/**
 * One instance of three fails, or dawdles over, a share of its calls, and answers pings all the
 * same.
 */
final class FailingInstance implements Fault {
  private final String name;
  private final JsonObject behaviour;

  private FailingInstance(String name, JsonObject behaviour) {
    this.name = name;
    this.behaviour = behaviour;
  }

  /** Half of its calls fail; a streak would never open a breaker. */
  static FailingInstance half() {
    return new FailingInstance(
        "half-failing", new JsonObject().put("share", 0.5).put("error", true));
  }

  /** Its calls take about twenty times as long. */
  static FailingInstance slow() {
    return new FailingInstance("slow", new JsonObject().put("share", 1.0).put("delay", 40));
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String promise() {
    return "out of rotation within 2 s, back within 10 s after it is well; no failed read and no"
        + " failed registration with a key";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    scene.operator().desire(key(scene), behaviour, scene.token());
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
