package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.time.Duration;

/** kill -9 of a service node: its sockets close, so the others know at once. */
final class KilledNode implements Fault {
  @Override
  public String name() {
    return "kill";
  }

  @Override
  public String promise() {
    return "no failed read and no failed registration with a key; of the others at most those in"
        + " flight, each within its deadline; record gone within 5 s";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    scene.victim().kill();
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.victim().start().awaitUp();
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.failOnlyWithin(Duration.ofMillis(500), REGISTRATION, LOGIN);
    seen.endWithin(Duration.ofSeconds(4));
    seen.recordGoneWithin(Duration.ofSeconds(5));
    seen.cleanWithin(Duration.ofSeconds(2));
  }
}
