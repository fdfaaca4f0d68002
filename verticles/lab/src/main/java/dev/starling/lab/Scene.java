package dev.starling.lab;

import java.util.List;
import java.util.Random;

/**
 * Where a fault strikes.
 *
 * @param victim the service node that this run chose
 * @param random repeats with the seed
 */
record Scene(
    Cluster cluster, Database database, Load load, NodeProcess victim, Random random, Notes notes) {

  static Scene of(Cluster cluster, Database database, Load load, Random random) {
    return new Scene(cluster, database, load, any(cluster.services(), random), random, new Notes());
  }

  NodeProcess anyGateway() {
    return any(cluster.gateways(), random);
  }

  private static NodeProcess any(List<NodeProcess> nodes, Random random) {
    return nodes.get(random.nextInt(nodes.size()));
  }
}
