package dev.starling.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.hazelcast.config.Config;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.eventbus.EventBus;
import java.nio.file.Path;
import java.util.Optional;
import org.slf4j.LoggerFactory;

/**
 * A node in a process of its own, so that it can be killed or frozen; it answers on the address of
 * its name.
 */
final class ClusterNode {

  /**
   * What this prints, followed by its identifier and the milliseconds from building Vert.x to
   * having joined.
   */
  static final String JOINED = "joined ";

  static final String MERGED = "merged";

  private ClusterNode() {}

  /** {@code NAME FINGERPRINT [FILE]}; the file's variables come from the environment. */
  public static void main(String[] arguments) {
    Optional<Path> file =
        arguments.length > 2 ? Optional.of(Path.of(arguments[2])) : Optional.empty();
    quieten();
    long start = System.nanoTime();
    try {
      Config config = ClusterConfig.read(file, System.getenv());
      long read = System.nanoTime();
      Cluster cluster = new Cluster(config, arguments[0], arguments[1], Optional.empty());
      cluster.onMerged(() -> System.out.println(MERGED));
      EventBus bus = vertx(cluster).eventBus();
      long joined = System.nanoTime();
      bus.consumer(arguments[0], call -> call.reply(arguments[0])).completion().await();
      System.out.printf(
          "%s%s in %d ms, configured in %d ms, nodes: %d%n",
          JOINED,
          cluster.self(),
          (joined - read) / 1_000_000,
          (read - start) / 1_000_000,
          cluster.nodes().size());
    } catch (ClusterException e) {
      System.out.println(e.getMessage());
      Runtime.getRuntime().halt(1);
    }
  }

  static void quieten() {
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
  }

  static Vertx vertx(Cluster cluster) {
    VertxOptions options = new VertxOptions().setEventBusOptions(cluster.eventBus("127.0.0.1", 0));
    return Vertx.builder().with(options).withClusterManager(cluster).buildClustered().await();
  }
}
