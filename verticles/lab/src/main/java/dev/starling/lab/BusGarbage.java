package dev.starling.lab;

import java.util.Optional;

/**
 * {@link Garbage} at the event bus, with mutual TLS: without it a bus believes what anybody says of
 * the length of a frame.
 */
final class BusGarbage extends Garbage {
  private Certificates certificates;

  BusGarbage() {
    super("cluster.port");
  }

  @Override
  public String name() {
    return "bus-garbage";
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
}
