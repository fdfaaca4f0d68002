package dev.starling.runtime;

import java.time.Instant;
import java.util.List;
import java.util.Map;

/**
 * What a node says of itself once a second, so that any node can show the whole flock.
 *
 * @param node its id in the cluster
 * @param name its name for people
 * @param version of its code
 * @param operator where its operator port is, as {@code host:port}; null for none
 * @param gateway where it takes requests from outside, as {@code host:port}; null for nowhere
 * @param started when it joined, by its clock
 * @param at when it said so, by its clock
 * @param sequence one more each time
 * @param stopping whether it is about to leave
 * @param draining whether an operator has drained it
 * @param fenced whether it takes itself for cut off
 * @param nodes how many it sees, itself included
 * @param heap bytes in use
 * @param heapMost bytes that may be in use
 * @param cpu share of the machine's processors that it uses, 0 to 1
 * @param lag milliseconds by which an event loop was behind at most since the last report, of those
 *     of services, gateways and the node itself
 * @param checks of its readiness
 * @param calls what it has called
 * @param operations what it has done
 * @param breakers those that have something to tell; all others are closed and have seen no call
 *     lately
 * @param meters gauges and counters by name and labels, as {@code name{label=value}}
 * @param events the newest that it noted
 * @param surroundings where it runs, and whom it hears
 */
public record NodeReport(
    String node,
    String name,
    String version,
    String operator,
    String gateway,
    Instant started,
    Instant at,
    long sequence,
    boolean stopping,
    boolean draining,
    boolean fenced,
    int nodes,
    long heap,
    long heapMost,
    double cpu,
    long lag,
    List<Health.Check> checks,
    List<Operations> calls,
    List<Operations> operations,
    List<Judgement> breakers,
    Map<String, Double> meters,
    List<Event> events,
    Surroundings surroundings) {

  /** What another release does not say is nothing. */
  public NodeReport {
    checks = checks == null ? List.of() : checks;
    calls = calls == null ? List.of() : calls;
    operations = operations == null ? List.of() : operations;
    breakers = breakers == null ? List.of() : breakers;
    meters = meters == null ? Map.of() : meters;
    events = events == null ? List.of() : events;
    surroundings = surroundings == null ? new Surroundings(null, 0, 0, null, null) : surroundings;
  }

  /**
   * Where a node runs, and whom it hears.
   *
   * @param java its version; null if it does not say
   * @param files that it has open, connections included
   * @param filesMost files that it may have open; 0 if that is not known
   * @param place in the cluster; null without one
   * @param hears ids of the other nodes whose reports have come lately; null if it does not say
   */
  public record Surroundings(
      String java, long files, long filesMost, Membership.Place place, List<String> hears) {}

  /** Whether it can do its work, as far as it has found out yet. */
  public boolean ready() {
    return !checks.isEmpty() && checks.stream().allMatch(Health.Check::up);
  }

  /**
   * Calls of one operation.
   *
   * @param service of the operation
   * @param operation its name
   * @param inFlight calls that have begun and not ended
   * @param outcomes calls since the start: by outcome, those of each bucket or less, all, and the
   *     sum of their times in microseconds
   * @param latest times in microseconds of the calls since the last report, a compressed
   *     HdrHistogram in Base64; null for none
   * @param failed those of them that ended badly, by outcome
   */
  public record Operations(
      String service,
      String operation,
      long inFlight,
      Map<String, long[]> outcomes,
      String latest,
      Map<String, Long> failed) {
    /** What another release does not say is nothing. */
    public Operations {
      outcomes = outcomes == null ? Map.of() : outcomes;
      failed = failed == null ? Map.of() : failed;
    }
  }

  /**
   * What a node makes of an instance.
   *
   * @param instance {@code service@node}
   * @param state of its breaker: {@code closed}, {@code half-open} or {@code open}
   * @param wish of operators: {@code automatic}, {@code open} or {@code closed}
   * @param calls in the breaker's window
   * @param failed those of them that were faults
   * @param slow those of them that took more than half of their time
   * @param reason for which it was opened last; null if it never was
   * @param probeIn milliseconds until an open breaker looks again
   * @param trail how its latest calls ended, as in {@link InstanceStatus}
   */
  public record Judgement(
      String instance,
      String state,
      String wish,
      int calls,
      int failed,
      int slow,
      String reason,
      long probeIn,
      String trail) {
    /** What another release does not say is nothing. */
    public Judgement {
      trail = trail == null ? "" : trail;
    }
  }
}
