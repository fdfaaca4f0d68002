package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.READ;

import java.time.Duration;

/** {@link Garbage} at the port of Hazelcast of a service node. */
final class MemberGarbage implements Fault {
  private Memory memory;

  @Override
  public String name() {
    return "member-garbage";
  }

  @Override
  public String promise() {
    return "refused; the node lives, its memory is bounded, no read and no registration with a key"
        + " fails";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    memory = Memory.of(scene.victim());
    Garbage.sendTo(Integer.parseInt(scene.victim().setting("cluster.member-port")), scene.random());
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(5);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    if (scene.victim().isAlive()) {
      memory.judge(scene.notes());
    } else {
      scene.notes().complain("the node has ended");
    }
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.endWithin(Duration.ofSeconds(4));
  }
}
