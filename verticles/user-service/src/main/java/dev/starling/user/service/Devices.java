package dev.starling.user.service;

import dev.starling.user.service.Accounts.Credentials;
import java.nio.ByteBuffer;
import java.security.SecureRandom;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Makes and knows the tokens by which an account knows a device that has logged in to it before.
 *
 * <p>Such a device has a count of wrong passwords of its own, so that nobody who guesses from
 * elsewhere can keep the owner out (the idea of OWASP's device cookies). It proves nothing else:
 * without the password it opens nothing.
 */
final class Devices {
  private static final String PREFIX = "dt_";
  private static final int ID = 16;
  private static final int EXPIRY = Long.BYTES;
  private static final int SEAL = 32;
  private static final Pattern TOKEN = Pattern.compile(PREFIX + "[A-Za-z0-9_-]{75}");
  private static final Duration LIFETIME = Duration.ofDays(90);

  private final Mac256 mac;
  private final InstantSource clock;
  private final SecureRandom random = new SecureRandom();

  Devices(Pepper pepper, InstantSource clock) {
    this.mac = pepper.mac("tokens of devices");
    this.clock = clock;
  }

  /**
   * The id under which the account knows the device; null for a token of another account or another
   * password, an old one, or none.
   *
   * @param account empty when there is none of the name
   */
  byte[] known(Optional<Credentials> account, String token) {
    if (account.isEmpty() || token == null || !TOKEN.matcher(token).matches()) {
      return null;
    }
    ByteBuffer bytes =
        ByteBuffer.wrap(Base64.getUrlDecoder().decode(token.substring(PREFIX.length())));
    byte[] id = new byte[ID];
    byte[] seal = new byte[SEAL];
    bytes.get(id);
    long expires = bytes.getLong();
    bytes.get(seal);
    boolean ours = mac.fits(seal, sealed(account.get(), id, expires));
    return ours && expires > clock.millis() ? id : null;
  }

  /**
   * A token for the next 90 days, or until the password changes.
   *
   * @param id as {@link #known}, null for a device that is not
   */
  String token(Credentials account, byte[] id) {
    byte[] device = id == null ? newId() : id;
    long expires = clock.millis() + LIFETIME.toMillis();
    ByteBuffer bytes = ByteBuffer.allocate(ID + EXPIRY + SEAL);
    bytes.put(device).putLong(expires).put(mac.of(sealed(account, device, expires)));
    return PREFIX + Base64.getUrlEncoder().withoutPadding().encodeToString(bytes.array());
  }

  private byte[] newId() {
    byte[] id = new byte[ID];
    random.nextBytes(id);
    return id;
  }

  private static byte[][] sealed(Credentials account, byte[] id, long expires) {
    byte[] whose =
        ByteBuffer.allocate(3 * Long.BYTES)
            .putLong(account.id().getMostSignificantBits())
            .putLong(account.id().getLeastSignificantBits())
            .putLong(account.version())
            .array();
    byte[] until = ByteBuffer.allocate(EXPIRY).putLong(expires).array();
    return new byte[][] {whose, id, until};
  }
}
