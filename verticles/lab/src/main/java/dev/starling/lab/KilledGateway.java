package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.time.Duration;

/** kill -9 of a gateway: its clients find their connections closed, then refused. */
final class KilledGateway implements Fault {
  @Override
  public String name() {
    return "kill-gateway";
  }

  @Override
  public String promise() {
    return "clients of the other gateway notice nothing; those of this one lose no read and no"
        + " registration with a key, since they ask the other";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    scene.gateway().kill();
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.gateway().start().awaitUp();
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFailAtTheOtherGateway(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.failOnlyWithin(Duration.ofMillis(500), REGISTRATION, LOGIN);
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanWithin(Duration.ofSeconds(1));
  }
}
