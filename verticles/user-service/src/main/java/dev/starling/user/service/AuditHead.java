package dev.starling.user.service;

import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.time.OffsetDateTime;

/**
 * Where the sealed part of the audit log begins and ends, and the key of its seals.
 *
 * @param first position of the first entry that is kept
 * @param before seal of the entry before that
 * @param last position of the last entry
 * @param latest its seal
 * @param whole a time by which all that had been written was sealed; null for none
 * @param key of seals and of the signature of this
 * @param kek id of the secret by which the key is encrypted in the database
 * @param encrypted the key as it is there
 */
record AuditHead(
    long first,
    byte[] before,
    long last,
    byte[] latest,
    OffsetDateTime whole,
    byte[] key,
    String kek,
    byte[] encrypted) {
  private static final int BYTES = 32;
  private static final String NAME = "audit log";
  private static final byte[] SIGNATURE = NAME.getBytes(StandardCharsets.US_ASCII);

  /** Of a log in which nothing is sealed. */
  static AuditHead of(KeyCipher cipher) {
    byte[] key = new byte[BYTES];
    new SecureRandom().nextBytes(key);
    byte[] nothing = new byte[BYTES];
    return new AuditHead(1, nothing, 0, nothing, null, key, cipher.id(), cipher.encrypt(NAME, key));
  }

  /**
   * The one of a row.
   *
   * @throws IllegalStateException if no node of ours has signed it as it is
   */
  static AuditHead of(Row row, KeyCipher cipher) {
    byte[] encrypted = bytes(row, "key");
    AuditHead head =
        new AuditHead(
            row.getLong("first"),
            bytes(row, "before"),
            row.getLong("last"),
            bytes(row, "latest"),
            row.getOffsetDateTime("whole"),
            key(cipher, encrypted),
            row.getString("kek_id"),
            encrypted);
    if (!MessageDigest.isEqual(head.signature(), bytes(row, "signature"))) {
      throw new IllegalStateException("The head of the audit log is not as it was signed");
    }
    return head;
  }

  private static byte[] key(KeyCipher cipher, byte[] encrypted) {
    try {
      return cipher.decrypt(NAME, encrypted);
    } catch (IllegalArgumentException e) {
      throw new IllegalStateException("The key of the audit log does not open", e);
    }
  }

  private static byte[] bytes(Row row, String column) {
    Buffer buffer = row.getBuffer(column);
    return buffer == null ? new byte[0] : buffer.getBytes();
  }

  /** The same log when it begins later. */
  AuditHead from(long position, byte[] sealBefore) {
    return new AuditHead(position, sealBefore, last, latest, whole, key, kek, encrypted);
  }

  /** The same log when it ends later. */
  AuditHead upTo(long position, byte[] seal, OffsetDateTime wholeBy) {
    return new AuditHead(first, before, position, seal, wholeBy, key, kek, encrypted);
  }

  /** The same with its key encrypted by the secret that encrypts now. */
  AuditHead encryptedBy(KeyCipher cipher) {
    return kek.equals(cipher.id())
        ? this
        : new AuditHead(
            first, before, last, latest, whole, key, cipher.id(), cipher.encrypt(NAME, key));
  }

  byte[] signature() {
    return new Mac256(key)
        .of(SIGNATURE, number(first), before, number(last), latest, AuditWalk.text(whole));
  }

  static byte[] number(long number) {
    return ByteBuffer.allocate(Long.BYTES).putLong(number).array();
  }

  @Override
  public String toString() {
    return "AuditHead[first=" + first + ", last=" + last + "]";
  }
}
