package dev.starling.lab;

import java.time.Duration;

/** kill -9 of PostgreSQL, which starts again after five seconds and recovers from its log. */
final class KilledDatabase implements Fault {
  @Override
  public String name() {
    return "kill-database";
  }

  @Override
  public String promise() {
    return "503 within the deadline while it is away; clean within 2 s of its return; no"
        + " acknowledged row lost";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    scene.database().kill();
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(5);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.database().start();
  }

  @Override
  public void judge(Evidence seen) {
    seen.failOnlyWith("503", "504");
    seen.failOnlyMeanwhile(Duration.ofSeconds(2));
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(2));
  }
}
