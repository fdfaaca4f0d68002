package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import java.util.UUID;

/** Where a page of a list ended, sealed, so that only what was given out comes back. */
final class Cursors {
  private final SealedIds ids;

  Cursors(Pepper pepper) {
    ids = new SealedIds(pepper, "cursors of lists");
  }

  String after(UUID last) {
    return ids.of(last);
  }

  /** The same for what is known by a number. */
  String after(long last) {
    return after(new UUID(0, last));
  }

  /** As {@link #last}. */
  Long lastNumber(String cursor) {
    UUID last = last(cursor);
    return last == null ? null : last.getLeastSignificantBits();
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
    return ids.read(cursor)
        .orElseThrow(
            () ->
                ServiceException.ofField(
                    ErrorCode.MALFORMED, "/cursor", "cursor", "is not from the page before"));
  }
}
