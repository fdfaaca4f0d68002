package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * One service node and one gateway are cut off from the other three nodes, and joined again; all of
 * them reach the database, and clients reach both gateways.
 */
final class Partition implements Fault {
  private static final int MEMBER_PORT = 5701;

  /** Until then each side takes the other's silence for a pause, and writes. */
  private static final Duration NOTICED = Duration.ofSeconds(20);

  private final Namespaces network = new Namespaces();
  private Database database;
  private String url;

  @Override
  public String name() {
    return "partition";
  }

  @Override
  public String promise() {
    return "at the majority no failed read and no failed registration with a key; the minority says"
        + " 503, and changes nothing after 20 s; whole within 15 s after healing";
  }

  @Override
  public boolean sharesCluster() {
    return false;
  }

  @Override
  public Optional<String> obstacle() throws InterruptedException {
    return Optional.of(Namespaces.obstacle()).filter(why -> !why.isEmpty());
  }

  /** Lets a node alone make the database and the secrets, then opens the database to all. */
  @Override
  public void stage(Stage stage) throws Exception {
    NodeProcess maker =
        new Launch("maker", stage.project())
            .with("services", "user")
            .with("data.directory", stage.data())
            .with("operator.port", 0)
            .in(stage.directory());
    maker.start().awaitUp();
    maker.stop();
    network.open();
    for (String node : Cluster.NAMES) {
      network.add(node);
    }
    database = Database.opened(stage, network.host(), network.network());
    database.start();
    url = database.url();
  }

  @Override
  public Database database(Stage stage) {
    return database;
  }

  @Override
  public void dress(Launch node) {
    String address = network.address(node.name());
    node.under(network.prefix(node.name()))
        .with("database.url", url)
        .with("database.insecure", true)
        .with("cluster.host", address)
        .with("cluster.member-port", MEMBER_PORT)
        .with(
            "cluster.members",
            Cluster.NAMES.stream()
                .map(name -> network.address(name) + ":" + MEMBER_PORT)
                .collect(Collectors.joining(",")))
        .with("cluster.insecure", true)
        .with("cluster.minimum-size", 3)
        .with("http.host", address)
        .with("http.insecure", true)
        .with("operator.host", address)
        .with("operator.insecure", true);
  }

  @Override
  public String client(int client) {
    return Namespaces.client(client);
  }

  private static List<String> minority(Scene scene) {
    return List.of(scene.victim().name(), scene.gateway().name());
  }

  @Override
  public void inject(Scene scene) throws Exception {
    network.cut(minority(scene));
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(30);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    network.join(minority(scene));
  }

  @Override
  public void strike() throws Exception {
    if (database != null) {
      database.stop();
    }
    network.close();
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFailAtTheOtherGateway(READ, KEYED_REGISTRATION);
    seen.failOnlyWith("503", "504");
    seen.goneAtTheOtherGatewayWithin(Duration.ofSeconds(2), Duration.ofSeconds(15));
    seen.strikesWritesAfter(NOTICED, REGISTRATION, KEYED_REGISTRATION, LOGIN);
    seen.failOnlyMeanwhile(Duration.ofSeconds(15));
    seen.endWithin(Duration.ofSeconds(4));
    seen.backInRotationWithin(Duration.ofSeconds(15));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(15));
  }
}
