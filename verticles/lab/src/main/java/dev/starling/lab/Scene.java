package dev.starling.lab;

import java.util.List;
import java.util.Random;

/**
 * Where a fault strikes.
 *
 * @param victim the service node that this run chose
 * @param gateway the gateway that this run chose
 * @param random repeats with the seed
 */
record Scene(
    Cluster cluster,
    Database database,
    Load load,
    NodeProcess victim,
    NodeProcess gateway,
    Random random,
    Operator.Token token,
    Notes notes) {

  static Scene of(
      Cluster cluster,
      Database database,
      Load load,
      String victim,
      Random random,
      Operator.Token token) {
    return new Scene(
        cluster,
        database,
        load,
        cluster.services().stream()
            .filter(node -> node.name().equals(victim))
            .findFirst()
            .orElseGet(() -> any(cluster.services(), random)),
        any(cluster.gateways(), random),
        random,
        token,
        new Notes());
  }

  /** The same place for another fault, with other victims. */
  Scene next() {
    return new Scene(
        cluster,
        database,
        load,
        any(cluster.services(), random),
        any(cluster.gateways(), random),
        random,
        token,
        notes);
  }

  private static <T> T any(List<T> some, Random random) {
    return some.get(random.nextInt(some.size()));
  }

  /** Orders something of all nodes, through the operator port of one that no fault strikes. */
  Operator operator() {
    return Operator.of(
        cluster.gateways().stream().filter(node -> node != gateway).findFirst().orElseThrow());
  }
}
