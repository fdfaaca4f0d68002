package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * A node of the same release with the same secrets and database, whose certificate another CA has
 * signed, joins a cluster whose bus has mutual TLS. Hazelcast, which has none, takes it in.
 */
final class ForeignNode implements Fault {
  private static final String NAME = "stranger";

  private Stage stage;
  private Certificates certificates;
  private Certificates foreign;
  private NodeProcess stranger;
  private double calls;

  @Override
  public String name() {
    return "foreign-certificate";
  }

  @Override
  public String promise() {
    return "never called, and no request fails; the nodes live";
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
    this.stage = stage;
    certificates = Certificates.make(stage, "certificates");
    foreign = Certificates.make(stage, "foreign");
  }

  @Override
  public void dress(Launch node) {
    certificates.dress(node);
  }

  @Override
  public void inject(Scene scene) throws Exception {
    List<String> ports = Ports.free(2);
    String members = scene.victim().setting("cluster.members");
    Launch launch = Cluster.node(stage, NAME, "user", ports.get(0), ports.get(1), members);
    foreign.dress(launch);
    stranger = launch.in(stage.directory().resolve("logs")).start();
  }

  /** Longer than it takes to start, and for the others to wait for it. */
  @Override
  public Duration lasts() {
    return Duration.ofSeconds(30);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.notes().figure("stranger", stranger.isAlive() ? "runs" : "has ended");
    if (stranger.output().contains("Operator ")) {
      stranger.awaitUp();
      calls = Operator.of(stranger).metrics().handled();
    }
    stranger.end();
  }

  @Override
  public void judge(Evidence seen) {
    seen.scene().notes().figure("calls-to-the-stranger", calls);
    if (calls > 0) {
      seen.scene().notes().complain("the stranger got " + calls + " calls");
    }
    for (NodeProcess node : seen.scene().cluster().nodes()) {
      if (!node.isAlive()) {
        seen.scene().notes().complain(node.name() + " has ended");
      }
    }
    seen.noneFail(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
  }
}
