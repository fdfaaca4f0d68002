package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Arrays;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class KeyCipherTest {

  private static final byte[] SECRET = "a private key".getBytes(UTF_8);

  private final KeyCipher cipher = cipher(1);

  @Test
  void opensWhatItHasEncrypted() {
    byte[] encrypted = cipher.encrypt("kid", SECRET);

    assertThat(encrypted).hasSize(12 + SECRET.length + 16);
    assertThat(cipher.decrypt("kid", encrypted)).isEqualTo(SECRET);
    assertThat(cipher(1).id()).isEqualTo(cipher.id()).isNotEqualTo(cipher(2).id());
  }

  @Test
  void encryptsTheSameDifferentlyEachTime() {
    assertThat(cipher.encrypt("kid", SECRET)).isNotEqualTo(cipher.encrypt("kid", SECRET));
  }

  @Test
  @DisplayName("AT3 opens nothing under another name or key")
  void opensNothingUnderAnotherNameOrKey() {
    byte[] encrypted = cipher.encrypt("kid", SECRET);

    assertRefused(cipher, "other", encrypted);
    assertRefused(cipher(2), "kid", encrypted);
  }

  @Test
  @DisplayName("AT3 opens nothing that was changed or cut short")
  void opensNothingThatWasChangedOrCutShort() {
    byte[] encrypted = cipher.encrypt("kid", SECRET);
    for (int i = 0; i < encrypted.length; i++) {
      byte[] changed = encrypted.clone();
      changed[i] ^= 1;
      assertRefused(cipher, "kid", changed);
      assertRefused(cipher, "kid", Arrays.copyOf(encrypted, i));
    }
  }

  @Test
  void wantsAKeyOf32Bytes() {
    assertThatThrownBy(() -> new KeyCipher(new byte[16]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("16 bytes");
  }

  private static void assertRefused(KeyCipher cipher, String name, byte[] encrypted) {
    assertThatThrownBy(() -> cipher.decrypt(name, encrypted))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(cipher.id());
  }

  private static KeyCipher cipher(int filling) {
    byte[] key = new byte[32];
    Arrays.fill(key, (byte) filling);
    return new KeyCipher(key);
  }
}
