package dev.starling.lab;

import java.time.Duration;

/** SIGSTOP of all processes of PostgreSQL: connections stay open, statements do not end. */
final class FrozenDatabase implements Fault {
  @Override
  public String name() {
    return "freeze-database";
  }

  @Override
  public String promise() {
    return "503 or 504 within the deadline while it is frozen; clean within 2 s after it";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    scene.database().freeze();
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.database().thaw();
  }

  @Override
  public void judge(Evidence seen) {
    seen.failOnlyWith("503", "504");
    seen.failOnlyMeanwhile(Duration.ofSeconds(2));
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(2));
  }
}
