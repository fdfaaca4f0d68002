package dev.starling.runtime;

import dev.starling.runtime.DesiredState.Entry;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;

/**
 * An entry of the desired state and its sealed text, as it lies in the cluster map and is told.
 *
 * @param entry without a value it says that the key was removed
 */
record HeldEntry(Entry entry, String text) {
  static HeldEntry seal(Entry entry, Seal seal) {
    JsonObject members = new JsonObject().put("key", entry.key()).put("by", entry.by());
    if (entry.value() != null) {
      members.put("value", entry.value().encode());
    }
    if (entry.expires() != null) {
      members.put("expires", entry.expires().toEpochMilli());
    }
    return new HeldEntry(entry, seal.seal(members, entry.at()).encode());
  }

  /** What a node of ours has sealed, and this version understands. */
  static Optional<HeldEntry> open(Object found, Seal seal) {
    try {
      return seal.open(found).map(genuine -> new HeldEntry(entry(genuine), genuine.encode()));
    } catch (ServiceException | ClassCastException | NullPointerException e) {
      return Optional.empty();
    }
  }

  private static Entry entry(JsonObject sealed) {
    String key = sealed.getString("key");
    String value = sealed.getString("value");
    Long expires = sealed.getLong("expires");
    Entry entry =
        new Entry(
            key,
            value == null ? null : DesiredKind.of(key).read(Buffer.buffer(value)),
            sealed.getString("by"),
            Instant.ofEpochMilli(sealed.getLong(Seal.AT)),
            expires == null ? null : Instant.ofEpochMilli(expires));
    Duration life = expires == null ? null : Duration.between(entry.at(), entry.expires());
    if (value != null && !DesiredKind.of(key).isAllowed(life)) {
      throw new ServiceException(ErrorCode.INVALID, "The entry lasts for too long");
    }
    return entry;
  }

  /**
   * Of two entries with one key the later counts; of two of the same moment it is the same
   * everywhere.
   */
  boolean isAfter(HeldEntry other) {
    int later = other == null ? 1 : entry.at().compareTo(other.entry.at());
    return later > 0 || later == 0 && text.compareTo(other.text) > 0;
  }

  boolean isOver(Instant now) {
    return entry.expires() != null && !entry.expires().isAfter(now);
  }
}
