package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.time.Duration;

/** SIGSTOP of a service node: nobody is told, its sockets stay open, and it comes back. */
final class FrozenNode implements Fault {
  @Override
  public String name() {
    return "freeze";
  }

  @Override
  public String promise() {
    return "as kill; out of rotation within 2 s, record gone within 15 s; thawed, it serves again"
        + " within 15 s, with no work done twice";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    scene.victim().freeze();
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(30);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.victim().thaw();
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.failOnlyWithin(Duration.ofSeconds(2), REGISTRATION, LOGIN);
    seen.endWithin(Duration.ofSeconds(4));
    seen.outOfRotationWithin(Duration.ofSeconds(2));
    seen.recordGoneWithin(Duration.ofSeconds(15));
    seen.cleanWithin(Duration.ofSeconds(2));
    seen.backInRotationWithin(Duration.ofSeconds(15));
    seen.readsTakeAtMost(3, Duration.ofSeconds(2));
  }
}
