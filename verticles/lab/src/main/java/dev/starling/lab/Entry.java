package dev.starling.lab;

/**
 * One request in the history, as its client saw it.
 *
 * @param kind what was asked
 * @param key its Idempotency-Key, empty without one
 * @param name of the user it is about
 * @param gateway number of the gateway that was asked first
 * @param start when it was due, in ms of the history
 * @param end when its client knew, or gave up, in ms of the history
 * @param outcome what its client knows
 * @param code status and problem, or what became of the connection
 * @param id of the user in the answer, empty without one
 */
record Entry(
    Kind kind,
    String key,
    String name,
    int gateway,
    long start,
    long end,
    Outcome outcome,
    String code,
    String id) {

  /** Whether it ended otherwise than it does on a system that is well. */
  boolean failed() {
    return kind.expected() && outcome != Outcome.ACKNOWLEDGED;
  }

  long latency() {
    return end - start;
  }
}
