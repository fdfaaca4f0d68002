package dev.starling.lab;

import java.time.Duration;

/** pg_terminate_backend of all connections of the nodes, three times. */
final class TerminatedConnections implements Fault {
  private static final int TIMES = 3;

  @Override
  public String name() {
    return "terminate-connections";
  }

  @Override
  public String promise() {
    return "503 at most; clean within 2 s";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    int ended = 0;
    for (int i = 0; i < TIMES; i++) {
      ended += scene.database().terminateConnections();
      Thread.sleep(1_000);
    }
    scene.notes().figure("connections-ended", ended);
    if (ended == 0) {
      scene.notes().complain("there was no connection to end");
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void judge(Evidence seen) {
    seen.failOnlyWith("503");
    seen.failOnlyMeanwhile(Duration.ofSeconds(2));
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(2));
  }
}
