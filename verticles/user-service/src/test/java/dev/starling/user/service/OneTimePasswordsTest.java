package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Clock;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class OneTimePasswordsTest {
  /** Of RFC 6238, appendix B: 12345678901234567890 in base32. */
  private static final String SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";

  private static Optional<Long> step(long second, String password) {
    Clock clock = Clock.fixed(Instant.ofEpochSecond(second), ZoneOffset.UTC);
    return new OneTimePasswords(clock).step(SECRET, password).await();
  }

  @ParameterizedTest(name = "at {0} s: {1}")
  @DisplayName("OP2 the passwords are those of RFC 6238")
  @CsvSource({
    "59, 287082",
    "1111111109, 081804",
    "1111111111, 050471",
    "1234567890, 005924",
    "2000000000, 279037",
    "20000000000, 353130"
  })
  void areThoseOfTheRfc(long second, String password) {
    assertThat(step(second, password)).contains(second / 30);
  }

  @Test
  @DisplayName("OP2 the password of the step before and after counts, no older or later one")
  void allowsForOneStep() {
    long step = 1234567890 / 30;
    for (int skew = -4; skew <= 4; skew++) {
      Optional<Long> found = step((step + skew) * 30, "005924");
      assertThat(found).isEqualTo(Math.abs(skew) <= 1 ? Optional.of(step) : Optional.empty());
    }
  }

  @ParameterizedTest
  @DisplayName("OP2 what is no password of now is refused, whatever it looks like")
  @ValueSource(strings = {"000000", "28708", "2870820", "94287082", "abcdef", " 287082", "-87082"})
  void refusesAllElse(String password) {
    assertThat(step(59, password)).isEmpty();
  }

  @Test
  @DisplayName("OP2 a secret has 160 bits and is another each time")
  void makesSecrets() {
    assertThat(OneTimePasswords.secret())
        .matches("[A-Z2-7]{32}")
        .isNotEqualTo(OneTimePasswords.secret());
  }

  @Test
  @DisplayName("OP2 a device is told the secret, whose it is and where")
  void tellsDevices() {
    assertThat(OneTimePasswords.uri(SECRET, "starling", "ada"))
        .isEqualTo("otpauth://totp/starling:ada?secret=" + SECRET + "&issuer=starling&period=30");
  }
}
