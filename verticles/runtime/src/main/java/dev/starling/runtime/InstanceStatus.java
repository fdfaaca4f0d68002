package dev.starling.runtime;

/**
 * An instance and how it does, as one node sees it at one moment.
 *
 * @param announcement what it said of itself
 * @param local whether it is on this node
 * @param reached whether it has answered this node yet; before, it gets no calls
 * @param inFlight calls from this node that it has not answered yet
 * @param breaker {@code closed}, {@code half-open} or {@code open}
 * @param wish what operators want of the breaker: {@code automatic}, {@code open} or {@code closed}
 * @param calls of this node in the breaker's window
 * @param failed those of them that were faults
 * @param slow those of them that took more than half of their time
 * @param reason for which the breaker was opened last, null if it never was
 * @param probeIn milliseconds until an open breaker looks again
 * @param trail how its latest calls ended, the oldest first: {@code .} well, {@code s} slow, {@code
 *     x} failed, {@code t} not in time; of the window while the breaker is closed
 */
public record InstanceStatus(
    Announcement announcement,
    boolean local,
    boolean reached,
    int inFlight,
    String breaker,
    String wish,
    int calls,
    int failed,
    int slow,
    String reason,
    long probeIn,
    String trail) {}
