package dev.starling.lab;

import java.util.regex.Pattern;

/**
 * What a node's meters said at one moment.
 *
 * @param text as Prometheus reads it; empty when the node did not answer
 */
record Metrics(String text) {
  /** Calls that the node made for its clients and services, tries of one call counted once. */
  double asked() {
    return sum("starling_calls_seconds_count", "");
  }

  /** Calls that came to the services of the node. */
  double handled() {
    return sum("starling_operations_seconds_count", "");
  }

  /** Reads of a user that came to the node. */
  double reads() {
    return sum("starling_operations_seconds_count", "operation=\"get\"");
  }

  /** Bytes of the heap in use. */
  double heap() {
    return sum("jvm_memory_used_bytes", "area=\"heap\"");
  }

  double threads() {
    return sum("jvm_threads_live_threads", "");
  }

  /** The values of a meter, those whose labels contain this text; 0 when there are none. */
  private double sum(String name, String label) {
    Pattern line =
        Pattern.compile(
            "^" + name + "(?:\\{[^}]*" + Pattern.quote(label) + "[^}]*})? (\\S+)$",
            Pattern.MULTILINE);
    return line.matcher(text)
        .results()
        .mapToDouble(result -> Double.parseDouble(result.group(1)))
        .sum();
  }
}
