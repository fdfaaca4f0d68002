package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RefreshTokensTest {
  private final RefreshTokens tokens = new RefreshTokens(new Pepper(new byte[32]));

  @Test
  @DisplayName("RT1 a hundred thousand first tokens differ, and each has a prefix and 256 bits")
  void makesTokensThatDiffer() {
    Set<String> made = new HashSet<>();
    for (int i = 0; i < 100_000; i++) {
      made.add(tokens.first());
    }

    assertThat(made).hasSize(100_000).allMatch(RefreshTokens::isToken);
  }

  @Test
  @DisplayName("RT1 each bit of a first token is set as often as not")
  void makesTokensAtRandom() {
    int[] set = new int[256];
    int many = 10_000;
    for (int i = 0; i < many; i++) {
      byte[] bytes = java.util.Base64.getUrlDecoder().decode(tokens.first().substring(3));
      for (int bit = 0; bit < 256; bit++) {
        set[bit] += bytes[bit / 8] >> bit % 8 & 1;
      }
    }

    for (int count : set) {
      assertThat(count).isBetween(many / 2 - 300, many / 2 + 300); // six standard deviations
    }
  }

  @Test
  void makesTheSameSuccessorOfTheSameTokenOnEveryNodeOfOneSecretOnly() {
    String first = tokens.first();
    byte[] secret = new byte[32];
    secret[0] = 1;

    assertThat(tokens.after(first))
        .hasSize(1)
        .allMatch(RefreshTokens::isToken)
        .isEqualTo(new RefreshTokens(new Pepper(new byte[32])).after(first))
        .doesNotContainAnyElementsOf(new RefreshTokens(new Pepper(secret)).after(first))
        .doesNotContain(first);
    assertThat(new RefreshTokens(Pepper.of(List.of(secret, new byte[32]))).after(first))
        .hasSize(2)
        .contains(tokens.after(first).get(0));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "rt_",
        "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
        "RT_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n"
      })
  void takesNothingElseForAToken(String text) {
    assertThat(RefreshTokens.isToken(text)).isFalse();
  }
}
