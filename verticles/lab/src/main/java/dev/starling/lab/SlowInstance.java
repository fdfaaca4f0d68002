package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.time.Duration;

/**
 * One instance of three takes some twenty times as long for each call. That is no fault, so its
 * breaker stays closed: the others are chosen because they cost less.
 */
final class SlowInstance implements Fault {
  private static final int DELAY = 40;
  private static final Duration NOTICED = Duration.ofSeconds(2);

  private double calls;
  private double victims;

  @Override
  public String name() {
    return "slow";
  }

  @Override
  public String promise() {
    return "hardly called after 2 s; no request fails";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    JsonObject slow = new JsonObject().put("share", 1.0).put("delay", DELAY);
    scene.operator().desire(key(scene), slow, scene.token());
    Thread.sleep(NOTICED.toMillis());
    count(scene, -1);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    count(scene, 1);
    scene.notes().figure("share-of-reads-percent", Math.round(100 * victims / calls));
    scene.operator().desireNoLonger(key(scene), scene.token());
  }

  private void count(Scene scene, int sign) throws InterruptedException {
    for (NodeProcess node : scene.cluster().services()) {
      double reads = Operator.of(node).reads();
      calls += sign * reads;
      victims += node == scene.victim() ? sign * reads : 0;
    }
  }

  private static String key(Scene scene) {
    return "fault/user@" + scene.victim().name();
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(Kind.READ, Kind.KEYED_REGISTRATION, Kind.REGISTRATION, Kind.LOGIN);
    seen.cleanWithin(NOTICED);
  }
}
