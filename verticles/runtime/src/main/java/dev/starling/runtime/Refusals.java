package dev.starling.runtime;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reports what was not written by a node of ours and is ignored: each time it is seen in a counter,
 * once in the log, so that nobody can fill that.
 */
final class Refusals {
  private static final Logger log = LoggerFactory.getLogger(Refusals.class);
  private static final int MOST_LOGGED = 1_000;
  private static final int MOST_CHARACTERS = 100;

  private final Counter counter;
  private final Set<String> logged = ConcurrentHashMap.newKeySet();

  Refusals(MeterRegistry meters, String counter) {
    this.counter =
        Counter.builder(counter)
            .description("Seen and ignored, since no node of ours wrote it")
            .register(meters);
  }

  /**
   * Reports one.
   *
   * @param what names it; may be of any length and hold anything
   */
  void report(String what) {
    counter.increment();
    String name = what.substring(0, Math.min(what.length(), MOST_CHARACTERS));
    if (logged.size() < MOST_LOGGED && logged.add(name)) {
      log.warn("Ignored, since no node of ours wrote it: {}", name.replaceAll("\\p{C}", "?"));
    }
  }
}
