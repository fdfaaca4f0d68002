package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.time.Duration;

/**
 * Every node is stopped by SIGTERM and started anew, one after the other, as in an upgrade. The
 * next one has its turn when the slow start of the one before is over: until then that one is no
 * full substitute.
 */
final class RollingRestart implements Fault {
  private static final Duration SLOW_START = Duration.ofSeconds(10);

  @Override
  public String name() {
    return "rolling-restart";
  }

  @Override
  public String promise() {
    return "no failed request; each node ends orderly within 30 s";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    for (NodeProcess node : scene.cluster().nodes()) {
      long begin = System.nanoTime();
      int code = node.stop();
      long seconds = (System.nanoTime() - begin) / 1_000_000_000;
      if (code != 0 || seconds > 30) {
        scene.notes().complain(node.name() + " ended with " + code + " after " + seconds + " s");
      }
      node.start().awaitUp();
      scene.cluster().awaitWhole(Duration.ofSeconds(60));
      Thread.sleep(SLOW_START.toMillis());
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(2));
  }
}
