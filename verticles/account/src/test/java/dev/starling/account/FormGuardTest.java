package dev.starling.account;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FormGuardTest {
  @ParameterizedTest
  @CsvSource({
    "same-origin, https://evil.example, true",
    "same-origin, , true",
    "same-site, https://here.example, false",
    "cross-site, https://here.example, false",
    "none, https://here.example, false",
    "'', https://here.example, false",
    ", https://here.example, true",
    ", http://HERE.example, true",
    ", https://here.example:8443, false",
    ", https://here.example.evil.example, false",
    ", https://evil.example/here.example, false",
    ", ftp://here.example, false",
    ", null, false",
    ", '', false",
    ", , false",
  })
  @DisplayName("RT12 a form comes from here only if the browser says so")
  void tellsWhereAFormComesFrom(String site, String origin, boolean fromHere) {
    assertThat(FormGuard.isFromHere(site, origin, "here.example")).isEqualTo(fromHere);
  }

  @Test
  void doesNotTakeNobodyForUs() {
    assertThat(FormGuard.isFromHere(null, "https://null", null)).isFalse();
  }

  @Test
  void tokensAreOfOneCookieAndDoNotTellIt() {
    String secret = FormGuard.newSecret();

    assertThat(FormGuard.token(secret))
        .isEqualTo(FormGuard.token(secret))
        .isNotEqualTo(FormGuard.token(FormGuard.newSecret()))
        .doesNotContain(secret);
  }
}
