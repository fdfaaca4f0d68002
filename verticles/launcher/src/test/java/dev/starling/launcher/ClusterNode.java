package dev.starling.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
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
      Cluster cluster =
          new Cluster(Cluster.config(file, System.getenv()), arguments[0], arguments[1]);
      long built = System.nanoTime();
      cluster.onMerged(() -> System.out.println(MERGED));
      Vertx vertx = vertx(cluster);
      long joined = System.nanoTime();
      vertx
          .eventBus()
          .consumer(arguments[0], message -> message.reply(arguments[0]))
          .completion()
          .await();
      System.out.println(
          JOINED
              + cluster.self()
              + " "
              + (joined - built) / 1_000_000
              + " ms, "
              + (built - start) / 1_000_000
              + " ms before");
    } catch (ClusterException e) {
      System.out.println(e.getMessage());
      Runtime.getRuntime().halt(1);
    }
  }

  static void quieten() {
    ((Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME)).setLevel(Level.OFF);
  }

  static Vertx vertx(Cluster cluster) {
    VertxOptions options = new VertxOptions().setEventBusOptions(Cluster.eventBus("127.0.0.1", 0));
    return Vertx.builder().with(options).withClusterManager(cluster).buildClustered().await();
  }
}
