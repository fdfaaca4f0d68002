package dev.starling.lab;

import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.eventbus.EventBusOptions;
import io.vertx.core.eventbus.MessageConsumer;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import io.vertx.spi.cluster.hazelcast.HazelcastClusterManager;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/**
 * HTTP and the event bus, in plain Vert.x: the text that is asked for travels to a consumer at a
 * fixed address and back, within one JVM or to another.
 */
public final class BareBus {
  private static final String ADDRESS = "echo";
  private static final String LOOPBACK = "127.0.0.1";

  private BareBus() {}

  /**
   * Serves until it is ended.
   *
   * @param args {@code gateway}, {@code service} or both; in a cluster followed by a file of
   *     Hazelcast that has its values
   */
  public static void main(String[] args) throws IOException {
    List<String> given = List.of(args);
    Set<String> roles = Set.of("gateway", "service");
    Vertx vertx =
        roles.containsAll(given)
            ? Vertx.vertx(BareRoute.options())
            : clustered(Path.of(given.get(given.size() - 1)));
    if (given.contains("service")) {
      vertx.deployVerticle(Echo::new, BareRoute.onEachCore()).await();
      System.out.println(
          "  Operator  http://none"); // as a node without a gateway says that it is up
    }
    if (given.contains("gateway")) {
      BareRoute.serve(vertx, "/echo/:text", context -> ask(vertx, context));
    }
  }

  /** With the options that Starling gives the bus. */
  private static Vertx clustered(Path hazelcast) throws IOException {
    return Vertx.builder()
        .with(
            BareRoute.options()
                .setEventBusOptions(
                    new EventBusOptions()
                        .setHost(LOOPBACK)
                        .setPort(0)
                        .setClusterPublicHost(LOOPBACK)
                        .setConnectTimeout(2000)
                        .setReconnectAttempts(0)
                        .setClusterPingInterval(2000)
                        .setClusterPingReplyInterval(2000)
                        .setTcpUserTimeout(5000)
                        .setTcpKeepAlive(true)))
        .withClusterManager(
            new HazelcastClusterManager(
                new com.hazelcast.config.XmlConfigBuilder(hazelcast.toString()).build()))
        .buildClustered()
        .await();
  }

  private static void ask(Vertx vertx, RoutingContext context) {
    vertx
        .eventBus()
        .<JsonObject>request(ADDRESS, new JsonObject().put("text", context.pathParam("text")))
        .onSuccess(reply -> BareRoute.answer(context, reply.body().toBuffer()))
        .onFailure(context::fail);
  }

  private static final class Echo extends VerticleBase {
    @Override
    public Future<?> start() {
      MessageConsumer<JsonObject> consumer =
          vertx
              .eventBus()
              .consumer(
                  ADDRESS,
                  message ->
                      message.reply(
                          new JsonObject().put("text", message.body().getString("text"))));
      return consumer.completion();
    }
  }
}
