package dev.starling.launcher;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Set;
import java.util.function.UnaryOperator;

/** A user service and a gateway, each on a node of its own, once a client can use both. */
final class GatewayAndUsers implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  private final StarlingProcess users;
  private final StarlingProcess gateway;

  private GatewayAndUsers(StarlingProcess users, StarlingProcess gateway) {
    this.users = users;
    this.gateway = gateway;
  }

  /** Starts them as {@code the-user} and {@code the-gateway}, and registers Ada. */
  static GatewayAndUsers start(
      Path directory,
      UnaryOperator<StarlingProcess.Builder> user,
      UnaryOperator<StarlingProcess.Builder> gateway)
      throws IOException {
    StarlingProcess users = user.apply(node(directory, "user")).start();
    GatewayAndUsers nodes =
        new GatewayAndUsers(users, gateway.apply(node(directory, "gateway")).launch());
    try {
      nodes.gateway.awaitUp();
      Client client = nodes.client();
      await()
          .atMost(PATIENCE)
          .ignoreExceptionsInstanceOf(IOException.class)
          .until(() -> Set.of(201, 409).contains(client.register("ada").statusCode()));
      return nodes;
    } catch (RuntimeException | Error e) {
      nodes.close();
      throw e;
    }
  }

  private static StarlingProcess.Builder node(Path directory, String service) {
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("services", service)
        .with("node.name", "the-" + service);
  }

  StarlingProcess users() {
    return users;
  }

  StarlingProcess gateway() {
    return gateway;
  }

  Client client() {
    return new Client(gateway.api());
  }

  @Override
  public void close() {
    gateway.close();
    users.close();
  }
}
