package dev.starling.gateway;

import io.vertx.core.buffer.Buffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Names the bytes of an answer, the same on every node, so that who has them need not get them
 * again: a strong entity tag of RFC 9110, 8.8.3.
 */
final class EntityTag {
  private static final int BYTES = 16;

  /** The next of a list; an opaque tag may hold commas. */
  private static final Pattern NEXT =
      Pattern.compile("\\G[ \\t,]*+(?:W/)?+(\"[^\"\\x00-\\x20\\x7f]*+\")[ \\t]*+(?=,|$)");

  private final String text;

  private EntityTag(String text) {
    this.text = text;
  }

  /** 128 bits of their SHA-256. */
  static EntityTag of(Buffer bytes) {
    try {
      byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes.getBytes());
      byte[] part = Arrays.copyOf(digest, BYTES);
      return new EntityTag(
          '"' + Base64.getUrlEncoder().withoutPadding().encodeToString(part) + '"');
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("This JDK lacks SHA-256", e);
    }
  }

  /** As it is written in {@code ETag}. */
  String text() {
    return text;
  }

  /**
   * Whether these fields name it, by weak comparison (RFC 9110, 13.1.2). What is no list of tags
   * names nothing from there on.
   *
   * @param ifNoneMatch all fields of a request
   */
  boolean isNamedBy(List<String> ifNoneMatch) {
    String list = String.join(",", ifNoneMatch);
    if (list.strip().equals("*")) {
      return true;
    }
    Matcher next = NEXT.matcher(list);
    while (next.find()) {
      if (next.group(1).equals(text)) {
        return true;
      }
    }
    return false;
  }
}
