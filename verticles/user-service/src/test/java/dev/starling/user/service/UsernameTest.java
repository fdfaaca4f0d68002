package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class UsernameTest {

  @ParameterizedTest
  @CsvSource({"Ada,ada", "' ada\u3000',ada", "\uff21\u212a,ak", "\u00a8ada\u00a8,\u0308ada \u0308"})
  @DisplayName("ID1 names that look the same have the same key")
  void foldsWhatLooksTheSame(String name, String key) {
    assertThat(Username.key(name)).isEqualTo(key);
  }

  @Test
  @DisplayName("ID1 the key of a key is that key, whatever the character")
  void changesNothingTheSecondTime() {
    assertThat(
            IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                .mapToObj(Character::toString)
                .map(c -> Username.key(c + "a" + c))
                .filter(key -> !Username.key(key).equals(key)))
        .isEmpty();
  }
}
