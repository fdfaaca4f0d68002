package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Base64;
import java.util.UUID;
import java.util.regex.Pattern;

/** Where a page of a list ended, sealed, so that only what was given out comes back. */
final class Cursors {
  private static final int ID = 2 * Long.BYTES;
  private static final int SEAL = 16;
  private static final Pattern CURSOR = Pattern.compile("[A-Za-z0-9_-]{43}");

  private final Mac256 mac;

  Cursors(Pepper pepper) {
    mac = new Mac256(pepper.derived("cursors of lists"));
  }

  String after(UUID last) {
    byte[] id =
        ByteBuffer.allocate(ID)
            .putLong(last.getMostSignificantBits())
            .putLong(last.getLeastSignificantBits())
            .array();
    byte[] cursor = ByteBuffer.allocate(ID + SEAL).put(id).put(seal(id)).array();
    return Base64.getUrlEncoder().withoutPadding().encodeToString(cursor);
  }

  /**
   * The last of the page before.
   *
   * @param cursor null for the first page
   * @return null for the first page
   * @throws ServiceException {@link ErrorCode#MALFORMED} for what was not given out
   */
  UUID last(String cursor) {
    if (cursor == null) {
      return null;
    }
    if (CURSOR.matcher(cursor).matches()) {
      byte[] bytes = Base64.getUrlDecoder().decode(cursor);
      byte[] id = Arrays.copyOf(bytes, ID);
      if (MessageDigest.isEqual(seal(id), Arrays.copyOfRange(bytes, ID, ID + SEAL))) {
        ByteBuffer read = ByteBuffer.wrap(id);
        return new UUID(read.getLong(), read.getLong());
      }
    }
    throw ServiceException.ofField(
        ErrorCode.MALFORMED, "/cursor", "cursor", "is not from the page before");
  }

  private byte[] seal(byte[] id) {
    return Arrays.copyOf(mac.of(id), SEAL);
  }
}
