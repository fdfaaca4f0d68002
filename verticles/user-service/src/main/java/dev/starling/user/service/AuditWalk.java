package dev.starling.user.service;

import dev.starling.user.api.UserContract.WrongEntry;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.util.HexFormat;
import java.util.List;

/** Goes along the sealed entries of the audit log and says which is not as it was sealed. */
final class AuditWalk {
  static final byte[] NONE = new byte[0];

  /** How much older than the log an entry may be that comes late: no transaction takes as long. */
  private static final Duration LATE = Duration.ofHours(2);

  private final AuditHead head;
  private final Mac256 mac;
  private long position;
  private byte[] seal;

  /** Begins behind an entry. */
  AuditWalk(AuditHead head, long position, byte[] seal) {
    this.head = head;
    this.mac = new Mac256(head.key());
    this.position = position;
    this.seal = seal;
  }

  AuditWalk(AuditHead head) {
    this(head, head.first() - 1, head.before());
  }

  /** What is wrong with the next entry; null when it is as it was sealed. */
  WrongEntry step(Row entry) {
    long found = entry.getLong("position");
    if (found > head.last() || found <= position) {
      return wrong(found, entry, "inserted");
    }
    if (found > position + 1) {
      return removed();
    }
    OffsetDateTime complete = entry.getOffsetDateTime("complete");
    byte[] right = seal(mac, seal, found, complete, entry);
    if (!MessageDigest.isEqual(right, seal(entry))) {
      return wrong(found, entry, "altered");
    }
    if (complete != null && entry.getOffsetDateTime("at").isBefore(complete.minus(LATE))) {
      return wrong(found, entry, "inserted");
    }
    position = found;
    seal = right;
    return null;
  }

  /** The same with an entry that somebody has seen. */
  WrongEntry again(List<Row> entries, Cursor seen) {
    WrongEntry wrong = entries.isEmpty() ? removed() : step(entries.get(0));
    return wrong != null || MessageDigest.isEqual(seal, seen.seal())
        ? wrong
        : wrong(position, entries.get(0), "altered");
  }

  private static WrongEntry wrong(long position, Row entry, String what) {
    return new WrongEntry(position, entry.getLong("id"), what);
  }

  WrongEntry removed() {
    return new WrongEntry(position + 1, null, "removed");
  }

  /** As it is told to those who verify. */
  String here() {
    return new Cursor(position, seal).toString();
  }

  /** Of the entry that it has come to. */
  long position() {
    return position;
  }

  /** Of that entry. */
  byte[] seal() {
    return seal;
  }

  /** As it is in the database. */
  static byte[] seal(Row entry) {
    Buffer seal = entry.getBuffer("seal");
    return seal == null ? NONE : seal.getBytes();
  }

  static byte[] seal(Mac256 mac, byte[] before, long position, OffsetDateTime complete, Row entry) {
    return mac.of(
        before,
        AuditHead.number(position),
        text(complete),
        AuditHead.number(entry.getLong("id")),
        text(entry.getOffsetDateTime("at")),
        text(entry.getString("action")),
        text(entry.getUUID("actor")),
        text(entry.getUUID("subject")),
        text(entry.getString("source")),
        text(entry.getString("trace")),
        text(entry.getString("detail")));
  }

  /** Nothing for null, which differs from an empty text. */
  static byte[] text(Object value) {
    if (value instanceof OffsetDateTime time) {
      return text(time.toInstant().toString());
    }
    return value == null ? NONE : ("=" + value).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * How far somebody has come, as {@code position:seal}.
   *
   * @param seal of the entry there; null for the beginning
   */
  record Cursor(long position, byte[] seal) {
    static Cursor of(String text) {
      if (text == null) {
        return new Cursor(0, null);
      }
      String[] parts = text.split(":");
      return new Cursor(Long.parseLong(parts[0]), HexFormat.of().parseHex(parts[1]));
    }

    @Override
    public String toString() {
      return position + ":" + HexFormat.of().formatHex(seal);
    }
  }
}
