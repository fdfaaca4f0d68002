package dev.starling.user.service;

import java.time.Duration;

/**
 * A count of attempts that have something in common, and what it allows.
 *
 * @param key what it counts (the first byte, {@link Counted}), and whose attempts
 * @param free attempts that are let through without a wait
 * @param window for how long an attempt counts: from the first where there are no waits, else from
 *     the latest
 * @param firstWait after the last free attempt, doubled by each further one; null: nothing more
 *     within the window
 * @param longestWait null where there is no first one
 */
record Bucket(byte[] key, long free, Duration window, Duration firstWait, Duration longestWait) {

  /** So many within a time that the first of them begins. */
  static Bucket within(byte[] key, long most, Duration window) {
    return new Bucket(key, most, window, null, null);
  }

  /** So many in any hour: half of them at once, the others evenly spread. */
  static Bucket anHour(byte[] key, long most) {
    Duration wait = HOUR.dividedBy(most / 2);
    return new Bucket(key, most / 2, HOUR, wait, wait);
  }

  private static final Duration HOUR = Duration.ofHours(1);

  Counted counted() {
    return Counted.values()[key[0]];
  }
}
