package dev.starling.lab;

import java.time.Duration;
import java.util.List;
import java.util.Random;

/**
 * Where a fault strikes.
 *
 * @param victim the service node that this run chose
 * @param gateway the gateway that this run chose
 * @param watch of the gateways
 * @param random repeats with the seed
 */
record Scene(
    Cluster cluster,
    Database database,
    Load load,
    Watch watch,
    NodeProcess victim,
    NodeProcess gateway,
    Random random,
    Operator.Token token,
    Notes notes) {
  private static final Duration PATIENCE = Duration.ofSeconds(45);

  static Scene of(
      Cluster cluster,
      Database database,
      Load load,
      Watch watch,
      String victim,
      Random random,
      Operator.Token token) {
    return new Scene(
        cluster,
        database,
        load,
        watch,
        cluster.services().stream()
            .filter(node -> node.name().equals(victim))
            .findFirst()
            .orElseGet(() -> any(cluster.services(), random)),
        any(cluster.gateways(), random),
        random,
        token,
        new Notes());
  }

  /** The same place for another fault, which chooses its victims and takes its own notes. */
  Scene next(Fault fault) {
    return of(cluster, database, load, watch, fault.victim(), random, token);
  }

  private static <T> T any(List<T> some, Random random) {
    return some.get(random.nextInt(some.size()));
  }

  /** Waits, not for ever, until every gateway calls the victim again. */
  void awaitBack(long healed) throws InterruptedException {
    long end = System.nanoTime() + PATIENCE.toNanos();
    while (watch.backAfter(victim.name(), healed).isNever() && System.nanoTime() < end) {
      Thread.sleep(200);
    }
  }

  /** Orders something of all nodes, through the operator port of one that no fault strikes. */
  Operator operator() {
    return Operator.of(
        cluster.gateways().stream().filter(node -> node != gateway).findFirst().orElseThrow());
  }
}
