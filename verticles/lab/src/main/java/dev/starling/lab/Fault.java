package dev.starling.lab;

import java.time.Duration;
import java.util.Map;
import java.util.Optional;

/** One thing that goes wrong, and what Starling promises when it does. */
interface Fault {
  /** What {@code --only} calls it. */
  String name();

  /** What holds while it lasts and afterwards, for people. */
  String promise();

  /** Settings of the nodes that it needs, beside the defaults. */
  default Map<String, String> settings() {
    return Map.of();
  }

  /** Why this machine, or this jar, cannot run it; empty when it can. */
  default Optional<String> obstacle(Scene scene) throws Exception {
    return Optional.empty();
  }

  /** Makes it go wrong; returns when it has. */
  void inject(Scene scene) throws Exception;

  /** How long it is left so. */
  default Duration lasts() {
    return Duration.ofSeconds(10);
  }

  /** Puts it right again. */
  default void heal(Scene scene) throws Exception {}

  /** Compares what was seen with the promise; what must never be is judged without it. */
  void judge(Evidence seen);
}
