package dev.starling.user.service;

import java.nio.charset.StandardCharsets;
import java.util.List;

/** Makes of a user name all that is stored of it. */
final class Names {
  private final Mac256 mac;

  Names(Pepper pepper) {
    mac = pepper.mac("seals of names");
  }

  /**
   * A name.
   *
   * @param typed by its user
   * @param key by which it is unique
   * @param seals HMACs of the key, which may be kept when the name may not: the first is new, each
   *     may be there
   */
  record Name(String typed, String key, List<byte[]> seals) {
    byte[] seal() {
      return seals.get(0);
    }

    @Override
    public String toString() {
      return "Name[]";
    }
  }

  Name of(String typed) {
    String key = Username.key(typed);
    return new Name(typed, key, mac.each(bytes(key)));
  }

  byte[] seal(String key) {
    return mac.of(bytes(key));
  }

  private static byte[] bytes(String key) {
    return key.getBytes(StandardCharsets.UTF_8);
  }
}
