package dev.starling.lab;

import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/**
 * One thing that goes wrong, and what Starling promises when it does.
 *
 * <p>A cluster is staged, runs under load, the fault is injected, lasts, is healed; then what was
 * seen is judged. An object serves for one run.
 */
interface Fault {
  /** What {@code --only} calls it. */
  String name();

  /** What holds while it lasts and afterwards, for people. */
  String promise();

  /** Whether it can strike a cluster that others have struck: it needs no stage of its own. */
  default boolean sharesCluster() {
    return true;
  }

  /** Why it cannot be tried on this machine; empty when it can. */
  default Optional<String> obstacle() throws IOException, InterruptedException {
    return Optional.empty();
  }

  /** Prepares the machine before the cluster starts. */
  default void stage(Stage stage) throws Exception {}

  /** Changes how a node of the staged cluster is started. */
  default void dress(Launch node) {}

  /** The database of the staged cluster. */
  default Database database(Stage stage) {
    return Database.embedded(stage);
  }

  /** Address of a client: one of its own for each, so that limits for a source may stay on. */
  default String client(int client) {
    return "127.%d.%d.1".formatted(1 + client / 250, 1 + client % 250);
  }

  /** Name of the service node that it strikes; empty for any. */
  default String victim() {
    return "";
  }

  /** Makes it go wrong; returns when it has. */
  void inject(Scene scene) throws Exception;

  /** How long it is left so. */
  default Duration lasts() {
    return Duration.ofSeconds(10);
  }

  /** Puts it right again; returns when it is. */
  default void heal(Scene scene) throws Exception {}

  /** Takes back what {@link #stage} did, after the cluster has ended. */
  default void strike() throws Exception {}

  /** Compares what was seen with the promise; what must never be is judged without it. */
  void judge(Evidence seen);
}
