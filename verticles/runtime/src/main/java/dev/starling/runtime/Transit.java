package dev.starling.runtime;

import io.vertx.core.MultiMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;

/**
 * Tells how long a message has waited between its sender and its handler: in a socket, in the queue
 * of a blocked event loop, in a process that was frozen.
 *
 * <p>The time that a call has left travels as a duration, since clocks of nodes differ; so the time
 * on the way would go unnoticed, and a node that was frozen would do what nobody waits for any
 * more. Each message says when it was sent by its sender's clock (one that does not jump). The
 * least difference to this node's clock within the last ten seconds is taken for the difference of
 * the clocks and the way itself; whatever is more was waiting.
 */
final class Transit {
  static final String SENT = "sent";
  static final String FROM = "from";

  private static final long HALF_WINDOW = 5_000;
  private static final int MOST_SENDERS = 1_000;

  private final Map<String, Least> senders = new ConcurrentHashMap<>();

  /** The clock of this node, milliseconds. */
  static long now() {
    return TimeUnit.NANOSECONDS.toMillis(System.nanoTime());
  }

  /** Milliseconds that the message waited; 0 for one that does not say when it was sent. */
  long waited(MultiMap headers, long now) {
    String from = headers.get(FROM);
    String sent = headers.get(SENT);
    if (from == null || sent == null) {
      return 0;
    }
    Least least = senders.get(from);
    if (least == null) {
      if (senders.size() >= MOST_SENDERS) { // Nodes that have left, or names that somebody invents.
        senders.clear();
      }
      least = senders.computeIfAbsent(from, f -> new Least());
    }
    try {
      return least.waited(now - Long.parseLong(sent), now);
    } catch (NumberFormatException e) {
      return 0;
    }
  }

  /**
   * The least difference in two halves of the window, of which the older is dropped when a message
   * comes: what was known before this node was frozen is known when it goes on.
   */
  private static final class Least {
    private long since;
    private long before = Long.MAX_VALUE;
    private long current = Long.MAX_VALUE;

    synchronized long waited(long difference, long now) {
      if (now - since > HALF_WINDOW) {
        before = current;
        current = Long.MAX_VALUE;
        since = now;
      }
      current = Math.min(current, difference);
      return difference - Math.min(current, before);
    }
  }
}
