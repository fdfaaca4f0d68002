package dev.starling.user.service;

import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;

/**
 * Says which counts an attempt belongs to. Names and addresses are in none of them, only their HMAC
 * with a key of the nodes, so that the table tells nothing about anybody, and unknown names are
 * counted as known ones are.
 *
 * <p>A source is a {@link Network}. A call that comes from no client, but from another service, has
 * none.
 */
final class Buckets {
  private static final Duration MINUTE = Duration.ofMinutes(1);
  private static final Duration TEN_MINUTES = Duration.ofMinutes(10);
  private static final Duration QUARTER = Duration.ofMinutes(15);
  private static final Duration HOUR = Duration.ofHours(1);
  private static final Duration HALF_A_DAY = Duration.ofHours(12);
  private static final Duration FIRST_WAIT = Duration.ofSeconds(1);

  /** For how long wrong passwords without a right one add up. */
  private static final Duration SEASON = Duration.ofDays(90);

  private static final byte[] NO_NETWORK = new byte[0];

  private final Limits limits;
  private final Mac256 mac;

  Buckets(Limits limits, Pepper pepper) {
    this.limits = limits;
    this.mac = pepper.mac("keys of the throttle");
  }

  /**
   * Those of a log-in.
   *
   * @param source address of the client, null for none
   * @param device under which the account knows the client, null for none
   * @param proof whether a second factor will be asked for and one is given, so that however many
   *     passwords were wrong the right one may be tried
   */
  List<Bucket> login(String name, String source, byte[] device, boolean proof) {
    byte[] account = bytes(name);
    if (device != null) {
      return List.of(
          within(Counted.LOGINS, Limit.LOGINS, MINUTE, account, device),
          anHour(Counted.DEVICE, Limit.DEVICE_FAILURES, account, device));
    }
    byte[] network = network(source);
    List<Bucket> buckets = new ArrayList<>();
    if (network.length > 0) {
      buckets.add(within(Counted.LOGINS, Limit.LOGINS, MINUTE, network));
      buckets.add(within(Counted.SOURCE, Limit.SOURCE_FAILURES, QUARTER, network));
    }
    buckets.add(
        new Bucket(
            key(Counted.ACCOUNT_AND_SOURCE, account, network),
            limits.get(Limit.FREE_FAILURES),
            HALF_A_DAY,
            FIRST_WAIT,
            Duration.ofMillis(limits.get(Limit.LONGEST_THROTTLE))));
    buckets.add(anHour(Counted.ACCOUNT, Limit.ACCOUNT_FAILURES, account));
    if (!proof) {
      buckets.add(within(Counted.CEILING, Limit.CEILING, SEASON, account));
    }
    return buckets;
  }

  /** What a right password ends: the counts that are about this account alone. */
  List<byte[]> ended(String name, String source, byte[] device) {
    byte[] account = bytes(name);
    List<byte[]> ended = new ArrayList<>();
    ended.add(key(Counted.ACCOUNT_AND_SOURCE, account, network(source)));
    ended.add(key(Counted.CEILING, account));
    if (device != null) {
      ended.add(key(Counted.DEVICE, account, device));
    }
    return ended;
  }

  /** Keys of what is counted for an account whoever tries. */
  List<byte[]> account(String name) {
    byte[] account = bytes(name);
    return List.of(key(Counted.ACCOUNT, account), key(Counted.CEILING, account));
  }

  /** Those of a registration; none for another service. */
  List<Bucket> registration(String source) {
    byte[] network = network(source);
    return network.length == 0
        ? List.of()
        : List.of(within(Counted.REGISTRATIONS, Limit.REGISTRATIONS, HOUR, network));
  }

  /** Those of a password that somebody gives who is logged in. */
  List<Bucket> password(UUID user) {
    byte[] id = bytes(user.toString());
    return List.of(
        within(Counted.LOGINS, Limit.LOGINS, MINUTE, id),
        anHour(Counted.USER, Limit.DEVICE_FAILURES, id));
  }

  /** Those of a one-time password. */
  List<Bucket> oneTime(UUID user) {
    byte[] id = bytes(user.toString());
    return List.of(
        within(Counted.ONE_TIME, Limit.ONE_TIME_FAILURES, QUARTER, id),
        within(Counted.ONE_TIME_CEILING, Limit.CEILING, SEASON, id));
  }

  /** Those of a mail with a code. */
  List<Bucket> mail(String address, String source) {
    byte[] network = network(source);
    Bucket ofAddress = within(Counted.ADDRESS, Limit.MAILS, TEN_MINUTES, bytes(address));
    return network.length == 0
        ? List.of(ofAddress)
        : List.of(within(Counted.MAILS, Limit.MAILS, TEN_MINUTES, network), ofAddress);
  }

  /** Those of a code out of a mail; none for another service. */
  List<Bucket> code(String source) {
    byte[] network = network(source);
    return network.length == 0
        ? List.of()
        : List.of(within(Counted.CODES, Limit.CODES, MINUTE, network));
  }

  private Bucket within(Counted counted, Limit most, Duration window, byte[]... whose) {
    return Bucket.within(key(counted, whose), limits.get(most), window);
  }

  private Bucket anHour(Counted counted, Limit most, byte[]... whose) {
    return Bucket.anHour(key(counted, whose), limits.get(most));
  }

  private byte[] key(Counted counted, byte[]... whose) {
    byte[] seal = mac.of(whose);
    return ByteBuffer.allocate(1 + seal.length).put((byte) counted.ordinal()).put(seal).array();
  }

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static byte[] network(String source) {
    return Network.of(source).map(Network::bytes).orElse(NO_NETWORK);
  }
}
