package dev.starling.launcher;

import dev.starling.runtime.Secrets;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.DeliveryOptions;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.Optional;

/**
 * {@code scripts/send ADDRESS JSON}: joins the cluster for one message and prints the reply.
 *
 * <p>Settings come as they do to a node. The exit code is 0 for a reply, 1 for a refusal, 2 for a
 * mistake in the command.
 */
public final class Send {
  private static final long PATIENCE = 10_000;

  private Send() {}

  public static void main(String[] args) {
    int code;
    try {
      code = send(args[0], new JsonObject(args[1]));
    } catch (DecodeException e) {
      System.err.println("send: the message is not a JSON object");
      code = 2;
    } catch (Exception e) {
      System.err.println("send: " + e.getMessage());
      code = 2;
    }
    Runtime.getRuntime().halt(code);
  }

  private static int send(String address, JsonObject message) throws ConfigurationException {
    Vertx vertx = join();
    try {
      Object reply =
          vertx
              .eventBus()
              .request(address, message, new DeliveryOptions().setSendTimeout(PATIENCE))
              .await()
              .body();
      System.out.println(reply);
      return 0;
    } catch (ReplyException e) {
      System.err.println(e.failureCode() + " " + e.getMessage());
      return 1;
    } finally {
      vertx.close().await();
    }
  }

  private static Vertx join() throws ConfigurationException {
    Configuration configuration =
        Configuration.load(Optional.empty(), System.getenv(), System.getProperties());
    Cluster cluster =
        new Cluster(
            ClusterConfig.of(configuration),
            "",
            Secrets.in(configuration.secretsDirectory(), false).fingerprint(),
            ClusterTls.of(configuration));
    VertxOptions options =
        new VertxOptions()
            .setEventBusOptions(cluster.eventBus(configuration.text("cluster.host"), 0));
    return Vertx.builder().with(options).withClusterManager(cluster).buildClustered().await();
  }
}
