package dev.starling.runtime;

import java.time.Instant;
import java.util.List;

/**
 * A call that has ended, as one node remembers it.
 *
 * @param trace names the chain that it belongs to
 * @param at when it ended, by the clock of the node
 * @param node name of the node
 * @param made whether the node has made it; else it has done it
 * @param service of the operation
 * @param operation its name
 * @param outcome {@code ok} or the kind of its problem
 * @param micros how long it took
 * @param steps what it was busy with; none where nobody might want to know
 */
public record KeptCall(
    String trace,
    Instant at,
    String node,
    boolean made,
    String service,
    String operation,
    String outcome,
    long micros,
    List<Step> steps) {

  /**
   * Part of a call.
   *
   * @param name such as {@code sql}, or where an attempt went
   * @param at microseconds after the call began
   * @param micros how long it took
   * @param outcome {@code ok} or the kind of a problem
   */
  public record Step(String name, long at, long micros, String outcome) {}
}
