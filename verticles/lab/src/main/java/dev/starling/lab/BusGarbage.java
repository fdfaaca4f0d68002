package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.READ;

import java.time.Duration;
import java.util.Optional;

/**
 * {@link Garbage} at the event bus of a service node, with mutual TLS: without it a bus believes
 * what anybody says of the length of a frame.
 */
final class BusGarbage implements Fault {
  private Certificates certificates;
  private Memory memory;

  @Override
  public String name() {
    return "bus-garbage";
  }

  @Override
  public String promise() {
    return "refused; the node lives, its memory is bounded, no read and no registration with a key"
        + " fails";
  }

  @Override
  public boolean sharesCluster() {
    return false;
  }

  @Override
  public Optional<String> obstacle() throws InterruptedException {
    return Certificates.obstacle();
  }

  @Override
  public void stage(Stage stage) throws Exception {
    certificates = Certificates.make(stage, "certificates");
  }

  @Override
  public void dress(Launch node) {
    certificates.dress(node);
  }

  @Override
  public void inject(Scene scene) throws Exception {
    memory = Memory.of(scene.victim());
    Garbage.sendTo(Integer.parseInt(scene.victim().setting("cluster.port")), scene.random());
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
