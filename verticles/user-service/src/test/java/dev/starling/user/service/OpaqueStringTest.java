package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OpaqueStringTest {

  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "caf\u00e9,caf\u00e9",
        "cafe\u0301,caf\u00e9",
        "\u212b,\u00c5",
        "a\u00a0b,a b",
        "a\u3000b\u2003,a b ",
        " two  spaces , two  spaces ",
        "Case,Case",
        "\uff21\uff22\uff23,\uff21\uff22\uff23",
        "\ufb01,\ufb01",
        "\ud83d\udc69\u200d\ud83d\ude80,\ud83d\udc69\u200d\ud83d\ude80"
      })
  @DisplayName("PW4 composes and maps spaces and leaves the rest")
  void composesAndMapsSpacesAndLeavesTheRest(String password, String normal) {
    assertThat(OpaqueString.of(password)).isEqualTo(normal);
  }

  @ParameterizedTest
  @ValueSource(ints = {0x0, 0x9, 0xa, 0x1f, 0x7f, 0x9f})
  @DisplayName("PW4 refuses control characters")
  void refusesControlCharacters(int codePoint) {
    assertThatThrownBy(() -> OpaqueString.of("secret" + Character.toString(codePoint)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("control characters")
        .hasMessageNotContaining("secret");
  }

  @ParameterizedTest
  @ValueSource(chars = {'\ud800', '\udbff', '\udc00', '\udfff'})
  @DisplayName("PW4 refuses lone surrogates")
  void refusesLoneSurrogates(char half) {
    assertThatThrownBy(() -> OpaqueString.of("a" + half + "b"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("surrogates");
  }

  @ParameterizedTest
  @ValueSource(ints = {0x378, 0xffff, 0x10ffff})
  @DisplayName("PW4 refuses what Unicode has not assigned")
  void refusesWhatUnicodeHasNotAssigned(int codePoint) {
    assertThatThrownBy(() -> OpaqueString.of(Character.toString(codePoint)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not assigned");
  }

  @Test
  @DisplayName("PW4 changes nothing the second time")
  void changesNothingTheSecondTime() {
    assertThat(
            IntStream.rangeClosed(0, Character.MAX_CODE_POINT)
                .filter(OpaqueStringTest::isAllowed)
                .mapToObj(
                    codePoint -> OpaqueString.of("e" + Character.toString(codePoint) + "\u0301"))
                .filter(normal -> !OpaqueString.of(normal).equals(normal)))
        .isEmpty();
  }

  private static boolean isAllowed(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL, Character.SURROGATE, Character.UNASSIGNED -> false;
      default -> true;
    };
  }
}
