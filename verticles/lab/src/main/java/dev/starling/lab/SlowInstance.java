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
  private static final Duration BACK = Duration.ofSeconds(10);
  private static final Duration PATIENCE = Duration.ofSeconds(40);

  /** Percent of the reads, of which a third would be its part. */
  private static final int HARDLY = 10;

  private static final int AGAIN = 15;

  private Count meanwhile;
  private long back;

  /** How many reads came to the victim and to all of them. */
  private record Count(double victim, double all) {
    static Count of(Scene scene) throws InterruptedException {
      double victim = 0;
      double all = 0;
      for (NodeProcess node : scene.cluster().services()) {
        double reads = Operator.of(node).metrics().reads();
        all += reads;
        victim += node == scene.victim() ? reads : 0;
      }
      return new Count(victim, all);
    }

    Count since(Count before) {
      return new Count(victim - before.victim, all - before.all);
    }

    long percent() {
      return Math.round(100 * victim / all);
    }
  }

  @Override
  public String name() {
    return "slow";
  }

  @Override
  public String promise() {
    return "hardly called after 2 s, again within 10 s after it is well; no request fails";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    JsonObject slow = new JsonObject().put("share", 1.0).put("delay", DELAY);
    scene.operator().desire(key(scene), slow, scene.token());
    Thread.sleep(NOTICED.toMillis());
    meanwhile = Count.of(scene);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    meanwhile = Count.of(scene).since(meanwhile);
    scene.operator().desireNoLonger(key(scene), scene.token());
    long well = scene.load().now();
    Count before = Count.of(scene);
    Count latest;
    do {
      Thread.sleep(1_000);
      Count now = Count.of(scene);
      latest = now.since(before);
      before = now;
      back = scene.load().now() - well;
    } while (latest.percent() < AGAIN && back < PATIENCE.toMillis());
  }

  private static String key(Scene scene) {
    return "fault/user@" + scene.victim().name();
  }

  @Override
  public void judge(Evidence seen) {
    Notes notes = seen.scene().notes();
    notes.figure("share-of-reads-percent", meanwhile.percent());
    if (meanwhile.percent() > HARDLY) {
      notes.complain("it got %d %% of the reads".formatted(meanwhile.percent()));
    }
    seen.judge("back-in-rotation-ms", back, BACK);
    seen.noneFail(Kind.READ, Kind.KEYED_REGISTRATION, Kind.REGISTRATION, Kind.LOGIN);
    seen.cleanWithin(NOTICED);
  }
}
