package dev.starling.user.service;

import java.nio.charset.StandardCharsets;

/** Makes of a user name all that is stored of it. */
final class Names {
  private final Mac256 mac;

  Names(Pepper pepper) {
    mac = new Mac256(pepper.derived("seals of names"));
  }

  /**
   * A name.
   *
   * @param typed by its user
   * @param key by which it is unique
   * @param seal an HMAC of the key, which may be kept when the name may not
   */
  record Name(String typed, String key, byte[] seal) {
    @Override
    public String toString() {
      return "Name[]";
    }
  }

  Name of(String typed) {
    String key = Username.key(typed);
    return new Name(typed, key, seal(key));
  }

  byte[] seal(String key) {
    return mac.of(key.getBytes(StandardCharsets.UTF_8));
  }
}
