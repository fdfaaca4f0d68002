package dev.starling.user.service;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Base64;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Ids with a seal, so that only what was given out comes back, and for the purpose that it was
 * given out for. An id is known to the database, the seal to nobody who has not the pepper.
 */
final class SealedIds {
  private static final int ID = 2 * Long.BYTES;
  private static final int SEAL = 16;
  private static final Pattern TEXT = Pattern.compile("[A-Za-z0-9_-]{43}");

  private final Mac256 mac;

  /**
   * @param purpose what is sealed for another one is not read
   */
  SealedIds(Pepper pepper, String purpose) {
    mac = pepper.mac(purpose);
  }

  /** 43 characters of base64url. */
  String of(UUID id) {
    byte[] bytes =
        ByteBuffer.allocate(ID)
            .putLong(id.getMostSignificantBits())
            .putLong(id.getLeastSignificantBits())
            .array();
    byte[] sealed = ByteBuffer.allocate(ID + SEAL).put(bytes).put(mac.of(bytes), 0, SEAL).array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(sealed);
  }

  /** Empty for what was not given out. */
  Optional<UUID> read(String text) {
    if (!TEXT.matcher(text).matches()) {
      return Optional.empty();
    }
    byte[] bytes = Base64.getUrlDecoder().decode(text);
    byte[] id = Arrays.copyOf(bytes, ID);
    if (!mac.fits(Arrays.copyOfRange(bytes, ID, ID + SEAL), id)) {
      return Optional.empty();
    }
    ByteBuffer read = ByteBuffer.wrap(id);
    return Optional.of(new UUID(read.getLong(), read.getLong()));
  }
}
