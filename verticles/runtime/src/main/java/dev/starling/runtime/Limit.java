package dev.starling.runtime;

/**
 * The bounds of calls, each with its unit, range and default: they are settings of a node, and can
 * be changed for all nodes while these run ({@link Limits}).
 */
public enum Limit {
  ATTEMPT_TIMEOUT(
      "calls.attempt-timeout",
      Unit.MILLISECONDS,
      10,
      600_000,
      1_000,
      "Time for the first attempt of an idempotent call; two fifths of the budget if that is more"),
  RETRY_SHARE(
      "calls.retry-share",
      Unit.PERCENT,
      0,
      100,
      10,
      "Retries, as a share of a node's calls of the last 10 s"),
  RETRY_FLOOR(
      "calls.retry-floor",
      Unit.COUNT,
      0,
      1_000,
      3,
      "Retries a second that a node may make however few its calls"),
  IN_FLIGHT(
      "calls.in-flight",
      Unit.COUNT,
      1,
      1_000_000,
      1_000,
      "Calls that a node has under way to one instance"),
  CONCURRENCY(
      "calls.concurrency",
      Unit.COUNT,
      1,
      100_000,
      256,
      "Calls of one operation that an instance works on at most; it takes fewer when it is slow"),
  SLOW_START(
      "calls.slow-start",
      Unit.MILLISECONDS,
      0,
      600_000,
      10_000,
      "Time in which a new instance comes to its full share of calls"),
  BREAKER_WINDOW(
      "breaker.window",
      Unit.MILLISECONDS,
      1_000,
      600_000,
      10_000,
      "Time over which a breaker judges an instance"),
  BREAKER_CALLS(
      "breaker.calls",
      Unit.COUNT,
      1,
      100_000,
      10,
      "Calls in the window, or in its latest tenths, below which shares mean nothing"),
  BREAKER_FAILURES(
      "breaker.failure-share",
      Unit.PERCENT,
      1,
      100,
      40,
      "Share of failed calls that opens a breaker"),
  BREAKER_SLOW(
      "breaker.slow-share",
      Unit.PERCENT,
      1,
      100,
      80,
      "Share of slow calls that opens a breaker; slow is longer than half of an attempt"),
  BREAKER_TIMEOUTS(
      "breaker.timeouts", Unit.COUNT, 1, 1_000, 3, "Time-outs in a row that open a breaker"),
  BREAKER_WAIT(
      "breaker.wait",
      Unit.MILLISECONDS,
      500,
      600_000,
      1_000,
      "Time an open breaker waits before the first probe; each probe that fails doubles it"),
  BREAKER_LONGEST_WAIT(
      "breaker.longest-wait",
      Unit.MILLISECONDS,
      500,
      600_000,
      8_000,
      "Longest time between two probes"),
  BREAKER_TRIALS(
      "breaker.trials",
      Unit.COUNT,
      1,
      1_000,
      5,
      "Idempotent calls that must succeed, after a ping, before a breaker closes");

  /** What a value counts. */
  public enum Unit {
    MILLISECONDS,
    PERCENT,
    COUNT
  }

  private final String key;
  private final Unit unit;
  private final long least;
  private final long most;
  private final long standard;
  private final String meaning;

  Limit(String key, Unit unit, long least, long most, long standard, String meaning) {
    this.key = key;
    this.unit = unit;
    this.least = least;
    this.most = most;
    this.standard = standard;
    this.meaning = meaning;
  }

  /** The name of the setting. */
  public String key() {
    return key;
  }

  public Unit unit() {
    return unit;
  }

  public long least() {
    return least;
  }

  public long most() {
    return most;
  }

  /** The default. */
  public long standard() {
    return standard;
  }

  /** One line for a table. */
  public String meaning() {
    return meaning;
  }
}
