package dev.starling.runtime;

/**
 * All bounds of a node, each with its unit, range and default: they are settings, and can be
 * changed for all nodes while these run ({@link Limits}). Those of the services that come with
 * Starling are among them, so that there is one list to read and to choose from.
 */
public enum Limit {
  HTTP_BODY("http.body-limit", Unit.BYTES, 1_024, 64 << 20, 16_384, "Largest request body"),
  HTTP_HEADER(
      "http.header-timeout",
      Unit.MILLISECONDS,
      100,
      600_000,
      10_000,
      "Time a client has to send its request's headers"),
  HTTP_BODY_TIMEOUT(
      "http.body-timeout",
      Unit.MILLISECONDS,
      100,
      600_000,
      10_000,
      "Time a client has to send its request's body"),
  HTTP_IDLE(
      "http.idle-timeout",
      Unit.MILLISECONDS,
      100,
      86_400_000,
      30_000,
      "Time after which a connection that brings no request is closed"),
  HTTP_CONNECTIONS(
      "http.max-connections",
      Unit.COUNT,
      1,
      1_000_000,
      10_000,
      "Open connections beyond which the gateway accepts no more"),
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
      "Calls in the window, or in its latest part, below which shares mean nothing"),
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
      "Idempotent calls that must succeed, after a ping, before a breaker closes"),
  DATABASE_CONNECTIONS(
      "database.pool-size", Unit.COUNT, 1, 1_000, 8, "Connections to the database"),
  DATABASE_QUEUE(
      "database.pool-queue",
      Unit.COUNT,
      0,
      100_000,
      64,
      "Statements that may wait for a connection"),
  DATABASE_WAIT(
      "database.wait",
      Unit.MILLISECONDS,
      10,
      60_000,
      200,
      "Time a call waits for a connection, new ones included"),
  DATABASE_STATEMENT(
      "database.statement-timeout",
      Unit.MILLISECONDS,
      10,
      3_600_000,
      600,
      "Time after which the database gives a statement of a call up"),
  DATABASE_LOCK(
      "database.lock-timeout",
      Unit.MILLISECONDS,
      10,
      3_600_000,
      400,
      "Time after which the database gives up waiting for a lock"),
  HASH_PERMITS(
      "user.hash-permits",
      Unit.COUNT,
      0,
      1_024,
      0,
      "Passwords hashed at a time; 0: one for each core"),
  HASH_QUEUE("user.hash-queue", Unit.COUNT, 1, 10_000, 64, "Passwords that may wait for hashing"),
  HASH_WAIT(
      "user.hash-wait",
      Unit.MILLISECONDS,
      1,
      60_000,
      1_000,
      "Time a password waits for hashing at most"),
  LOGINS(
      "user.throttle-logins",
      Unit.COUNT,
      1,
      1_000_000,
      100,
      "Log-ins a minute from one network (24 bits of an IPv4 address, 64 of IPv6), or one device"),
  SOURCE_FAILURES(
      "user.throttle-source",
      Unit.COUNT,
      1,
      1_000_000,
      30,
      "Wrong passwords from one network within 15 minutes"),
  FREE_FAILURES(
      "user.throttle-free",
      Unit.COUNT,
      1,
      100,
      5,
      "Wrong passwords for one account from one network, after which each next one waits longer"),
  LONGEST_THROTTLE(
      "user.throttle-wait",
      Unit.MILLISECONDS,
      1_000,
      43_200_000,
      900_000,
      "Longest such wait; the first is 1 s, each further one twice as long"),
  ACCOUNT_FAILURES(
      "user.throttle-account",
      Unit.COUNT,
      2,
      1_000,
      20,
      "Wrong passwords an hour for one account from all devices that it does not know"),
  DEVICE_FAILURES(
      "user.throttle-device",
      Unit.COUNT,
      2,
      1_000,
      10,
      "Wrong passwords an hour from one device that has logged in to the account before"),
  CEILING(
      "user.throttle-ceiling",
      Unit.COUNT,
      1,
      100,
      100,
      "Wrong passwords without a right one, after which one is not enough on an unknown device"),
  REGISTRATIONS(
      "user.throttle-registrations",
      Unit.COUNT,
      1,
      1_000_000,
      10,
      "Registrations an hour from one network"),
  REFRESHES(
      "user.throttle-refreshes", Unit.COUNT, 1, 1_000, 30, "Refreshes a minute of one session"),
  REFRESHES_AN_HOUR(
      "user.throttle-refreshes-hour",
      Unit.COUNT,
      1,
      1_000_000,
      100,
      "Refreshes an hour of one session"),
  ONE_TIME_FAILURES(
      "user.throttle-second-factor",
      Unit.COUNT,
      1,
      100,
      5,
      "Wrong one-time passwords of one account within 15 minutes"),
  MAILS(
      "user.throttle-mails",
      Unit.COUNT,
      1,
      1_000_000,
      5,
      "Mails with a code within 10 minutes to one address, or asked for from one network"),
  CODES(
      "user.throttle-codes",
      Unit.COUNT,
      1,
      1_000_000,
      10,
      "Codes out of mails tried a minute from one network"),
  SLOW_CALL(
      "calls.slow",
      Unit.MILLISECONDS,
      1,
      60_000,
      500,
      "Time above which a node remembers the steps of a call"),
  DRAIN(
      "drain.timeout",
      Unit.MILLISECONDS,
      0,
      3_600_000,
      10_000,
      "Time that calls in flight have to end when the node stops");

  /** What a value counts. */
  public enum Unit {
    MILLISECONDS,
    PERCENT,
    BYTES,
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
