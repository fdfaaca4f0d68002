package dev.starling.runtime;

import io.netty.util.NetUtil;
import io.vertx.core.MultiMap;
import java.util.HexFormat;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;

/**
 * What travels with a call: from hop to hop its trace, its deadline, its caller's token and the
 * address of the client, to the operation called its key.
 *
 * <p>The token itself travels, and each service verifies it: being on the bus is no credential. The
 * deadline travels as the time left, since clocks of nodes differ.
 */
public final class Call {
  /** Header of a call's key, on the bus and over HTTP. */
  public static final String KEY = "idempotency-key";

  /** Header of a call's trace on the bus, and the key by which log events have it. */
  public static final String TRACE = "trace";

  /** What a tracer on the way adds (W3C Trace Context); where it does, both name one trace. */
  static final String PARENT = "traceparent";

  static final String TOKEN = "token";
  static final String BUDGET = "budget";
  static final String SOURCE = "source";
  static final String AGENT = "agent";

  /** Header of a call whose steps somebody wants to see, however it ends. */
  static final String WATCHED = "watched";

  private static final HexFormat HEX = HexFormat.of();
  private static final int LONGEST_AGENT = 200;
  private static final Pattern UNPRINTABLE = Pattern.compile("[^ -~]");
  private static final Pattern PARENTS =
      Pattern.compile("00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}");
  private static final Pattern VISIBLE = Pattern.compile("[!-~]{1,255}");

  private final String trace;
  private final String token;
  private final String source;
  private final String agent;
  private final long deadline;
  private final Caller caller;
  private final String key;
  private final boolean taken;
  private final boolean watched;
  private final Steps steps;

  private Call(
      String trace,
      String token,
      String source,
      String agent,
      long deadline,
      Caller caller,
      String key,
      boolean taken,
      boolean watched,
      Steps steps) {
    this.trace = trace;
    this.token = token;
    this.source = source;
    this.agent = agent;
    this.deadline = deadline;
    this.caller = caller;
    this.key = key;
    this.taken = taken;
    this.watched = watched;
    this.steps = steps;
  }

  /**
   * The first call of a chain.
   *
   * @param token access token of the caller, null for none
   * @param budget milliseconds for the whole chain
   */
  public static Call begin(String token, long budget) {
    return begin(newTrace(), token, budget);
  }

  /** The first call of a chain that has its trace already, from {@link #newTrace()}. */
  public static Call begin(String trace, String token, long budget) {
    return new Call(
        trace,
        token,
        null,
        null,
        System.nanoTime() + budget * 1_000_000,
        null,
        null,
        false,
        false,
        new Steps());
  }

  /**
   * Reads the call that came with a message; what is absent or unreadable is made anew.
   *
   * @param budget milliseconds at most
   * @param waited milliseconds that the message waited before it was read
   */
  static Call received(MultiMap headers, long budget, long waited) {
    long left = Math.max(0, Math.min(budget, parse(headers.get(BUDGET), budget) - waited));
    return new Call(
        trace(headers),
        headers.get(TOKEN),
        address(headers.get(SOURCE)),
        printable(headers.get(AGENT)),
        System.nanoTime() + left * 1_000_000,
        null,
        null,
        false,
        headers.contains(WATCHED),
        new Steps());
  }

  private static String trace(MultiMap headers) {
    String parent = headers.get(PARENT);
    if (parent != null && PARENTS.matcher(parent).matches()) {
      return parent.substring(3, 35);
    }
    String trace = headers.get(TRACE);
    return isTrace(trace) ? trace : newTrace();
  }

  private static String address(String text) {
    return text != null && NetUtil.createByteArrayFromIpAddressString(text) != null ? text : null;
  }

  private static long parse(String number, long otherwise) {
    try {
      return number == null ? otherwise : Long.parseLong(number);
    } catch (NumberFormatException e) {
      return otherwise;
    }
  }

  /** 128 random bits in lower-case hexadecimal, the form of a W3C trace id. */
  public static String newTrace() {
    ThreadLocalRandom random = ThreadLocalRandom.current();
    return HEX.toHexDigits(random.nextLong()) + HEX.toHexDigits(random.nextLong());
  }

  private static boolean isTrace(String text) {
    if (text == null || text.length() != 32) {
      return false;
    }
    for (int i = 0; i < 32; i++) {
      char c = text.charAt(i);
      if ((c < '0' || c > '9') && (c < 'a' || c > 'f')) {
        return false;
      }
    }
    return true;
  }

  /**
   * The same chain, begun by a client at this address.
   *
   * @param address a literal IPv4 or IPv6 address
   */
  public Call from(String address) {
    return from(address, null);
  }

  /**
   * The same chain, begun by such a client.
   *
   * @param address a literal IPv4 or IPv6 address
   * @param agent what the client calls itself, of which 200 printable characters are kept; null for
   *     nothing
   */
  public Call from(String address, String agent) {
    return new Call(
        trace, token, address, printable(agent), deadline, caller, key, taken, watched, steps);
  }

  private static String printable(String text) {
    if (text == null || text.isBlank()) {
      return null;
    }
    String shorter = text.length() > LONGEST_AGENT ? text.substring(0, LONGEST_AGENT) : text;
    return UNPRINTABLE.matcher(shorter).replaceAll("?");
  }

  /**
   * The same chain with a key for the next operation called, if that is {@link Operation#keyed}.
   *
   * @param key 1 to 255 visible ASCII characters that the caller uses for nothing else; null for
   *     none
   * @throws ServiceException {@link ErrorCode#MALFORMED} for any other text
   */
  public Call keyed(String key) {
    return new Call(
        trace, token, source, agent, deadline, caller, checked(key), false, watched, steps);
  }

  /** This call with the key that came with it, which goes no further. */
  Call taking(String key) {
    return new Call(
        trace, token, source, agent, deadline, caller, checked(key), true, watched, steps);
  }

  /** This call as the next operation called is to get it, in so many milliseconds at most. */
  Call onward(long budget) {
    long now = System.nanoTime();
    long sooner = now + Math.min(deadline - now, budget * 1_000_000);
    String next = taken ? null : key;
    return new Call(trace, token, source, agent, sooner, caller, next, false, watched, new Steps());
  }

  private static String checked(String key) {
    if (key != null && !VISIBLE.matcher(key).matches()) {
      throw ServiceException.ofField(
          ErrorCode.MALFORMED,
          "",
          KEY,
          "Idempotency-Key must be 1 to 255 visible ASCII characters");
    }
    return key;
  }

  Call by(Caller verified) {
    return new Call(trace, token, source, agent, deadline, verified, key, taken, watched, steps);
  }

  /** Names the whole chain of calls in logs, answers and problems. */
  public String trace() {
    return trace;
  }

  /** The caller's access token as it came, not yet trusted; null for none. */
  public String token() {
    return token;
  }

  /**
   * Address of the client that began the chain, as the gateway saw it; null where none did. Limits
   * for each source are kept by it; it proves nothing.
   */
  public String source() {
    return source;
  }

  /**
   * What the client that began the chain calls itself, as anybody may; null where it does not, and
   * for queries.
   */
  public String agent() {
    return agent;
  }

  /**
   * Names what the caller wants, so that asking for it twice is as good as once; null for none.
   * Belongs to the operation called, not to what that calls in turn.
   */
  public String key() {
    return key;
  }

  /**
   * Who calls, as proven by the access token.
   *
   * @throws ServiceException {@link ErrorCode#UNAUTHENTICATED} when an open operation was called
   *     without a token
   */
  public Caller caller() {
    if (caller == null) {
      throw new ServiceException(ErrorCode.UNAUTHENTICATED, "An access token is needed");
    }
    return caller;
  }

  /** Whether an access token has proven who calls. */
  public boolean hasCaller() {
    return caller != null;
  }

  /** The same chain, of which all nodes keep the steps, however it ends. */
  public Call watched() {
    return new Call(trace, token, source, agent, deadline, caller, key, taken, true, steps);
  }

  boolean isWatched() {
    return watched;
  }

  Steps steps() {
    return steps;
  }

  /**
   * Notes what the call was busy with until now, for those who look why it was slow.
   *
   * @param name one word such as {@code sql}; nothing of the request
   * @param since when that began, by {@link System#nanoTime}
   * @param failure how it ended, which a caller may be told otherwise; null for well
   */
  public void step(String name, long since, Throwable failure) {
    String outcome =
        failure == null
            ? OperationMeter.OK
            : failure instanceof ServiceException known ? known.code().kind() : "failed";
    steps.add(name, since, outcome);
  }

  /** Milliseconds left for this call and for all that it calls; 0 or less when nobody waits. */
  public long remaining() {
    return TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
  }
}
