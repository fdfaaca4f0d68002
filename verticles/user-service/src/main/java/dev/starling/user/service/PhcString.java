package dev.starling.user.service;

import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A stored password hash in the PHC string format, parsed strictly and within bounds, since whoever
 * writes to the database must not be able to make a log-in take the machine's memory or minutes of
 * its time.
 *
 * @param cost memory 8 to 262,144 KiB and at least 8 per lane, iterations 1 to 10, lanes 1 to 16
 * @param keyId the pepper's id
 * @param salt 8 to 64 bytes
 * @param tag 16 to 64 bytes
 */
record PhcString(Argon2.Cost cost, String keyId, byte[] salt, byte[] tag) {

  /** KiB. */
  static final int MAX_MEMORY = 262_144;

  static final int MAX_ITERATIONS = 10;

  private static final int MAX_LENGTH = 256;
  private static final Pattern FORM =
      Pattern.compile(
          "\\$argon2id\\$v=19\\$m=([1-9][0-9]{0,5}),t=([1-9][0-9]?),p=([1-9][0-9]?)"
              + ",keyid=([A-Za-z0-9+/]{8})\\$([A-Za-z0-9+/]+)\\$([A-Za-z0-9+/]+)");

  /**
   * Empty for anything that {@link #encoded()} would not have written, and outside the bounds
   * above.
   */
  static Optional<PhcString> parse(String stored) {
    if (stored == null || stored.length() > MAX_LENGTH) {
      return Optional.empty();
    }
    Matcher form = FORM.matcher(stored);
    if (!form.matches()) {
      return Optional.empty();
    }
    try {
      Argon2.Cost cost =
          new Argon2.Cost(
              Integer.parseInt(form.group(1)),
              Integer.parseInt(form.group(2)),
              Integer.parseInt(form.group(3)));
      Base64.Decoder decoder = Base64.getDecoder();
      PhcString hash =
          new PhcString(
              cost, form.group(4), decoder.decode(form.group(5)), decoder.decode(form.group(6)));
      return hash.isWithinBounds() && hash.encoded().equals(stored)
          ? Optional.of(hash)
          : Optional.empty();
    } catch (IllegalArgumentException notBase64) {
      return Optional.empty();
    }
  }

  String encoded() {
    Base64.Encoder encoder = Base64.getEncoder().withoutPadding();
    return "$argon2id$v=19$m=%s,t=%s,p=%s,keyid=%s$%s$%s"
        .formatted(
            cost.memory(),
            cost.iterations(),
            cost.lanes(),
            keyId,
            encoder.encodeToString(salt),
            encoder.encodeToString(tag));
  }

  @Override
  public String toString() {
    return "PhcString[" + cost + ", keyId=" + keyId + "]";
  }

  private boolean isWithinBounds() {
    return cost.memory() <= MAX_MEMORY
        && cost.iterations() <= MAX_ITERATIONS
        && cost.lanes() <= 16
        && cost.memory() >= 8 * cost.lanes()
        && salt.length >= 8
        && salt.length <= 64
        && tag.length >= 16
        && tag.length <= 64;
  }
}
