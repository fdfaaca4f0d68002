package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.user.service.Argon2.Cost;
import java.util.Base64;
import java.util.Locale;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class PhcStringTest {

  private static final String SALT = base64(16);
  private static final String TAG = base64(32);

  @Test
  void readsWhatItHasWritten() {
    PhcString hash = new PhcString(Cost.DEFAULT, "AbCd+/09", new byte[16], new byte[32]);
    String encoded = hash.encoded();

    assertThat(encoded)
        .isEqualTo("$argon2id$v=19$m=19456,t=2,p=1,keyid=AbCd+/09$" + SALT + "$" + TAG);
    assertThat(PhcString.parse(encoded)).get().usingRecursiveComparison().isEqualTo(hash);
    assertThat(hash.toString()).doesNotContain(TAG);
  }

  @Test
  @DisplayName("H2 writes the same digits whatever the machine's language")
  void writesTheSameDigitsInEveryLanguage() {
    PhcString hash = new PhcString(Cost.DEFAULT, "AbCd+/09", new byte[16], new byte[32]);
    Locale before = Locale.getDefault();
    Locale.setDefault(Locale.forLanguageTag("ar-EG"));
    try {
      assertThat(hash.encoded()).startsWith("$argon2id$v=19$m=19456,t=2,p=1,");
      assertThat(PhcString.parse(hash.encoded())).isPresent();
    } finally {
      Locale.setDefault(before);
    }
  }

  @ParameterizedTest
  @CsvSource({"8, 1, 1, 8, 16", "262144, 10, 16, 64, 64", "128, 1, 16, 16, 32"})
  @DisplayName("H2 accepts its bounds")
  void acceptsItsBounds(int memory, int iterations, int lanes, int salt, int tag) {
    assertThat(PhcString.parse(stored(memory, iterations, lanes, base64(salt), base64(tag))))
        .isPresent();
  }

  @ParameterizedTest
  @MethodSource("hostile")
  @DisplayName("H2 refuses what it would not have written")
  void refusesWhatItWouldNotHaveWritten(String stored) {
    assertThat(PhcString.parse(stored)).isEmpty();
  }

  /** What a damaged or malicious row may hold. */
  static Stream<String> hostile() {
    String good = stored(19_456, 2, 1, SALT, TAG);
    return Stream.of(
        null,
        "",
        "$",
        "x".repeat(10_240),
        good + "A".repeat(10_240),
        stored(8_388_608, 2, 1, SALT, TAG),
        stored(262_145, 2, 1, SALT, TAG),
        stored(7, 2, 1, SALT, TAG),
        stored(0, 2, 1, SALT, TAG),
        stored(-19_456, 2, 1, SALT, TAG),
        stored(19_456, 1_000, 1, SALT, TAG),
        stored(19_456, 11, 1, SALT, TAG),
        stored(19_456, 0, 1, SALT, TAG),
        stored(19_456, -2, 1, SALT, TAG),
        stored(19_456, 2, 255, SALT, TAG),
        stored(19_456, 2, 17, SALT, TAG),
        stored(19_456, 2, 0, SALT, TAG),
        stored(127, 2, 16, SALT, TAG),
        stored(19_456, 2, 1, base64(7), TAG),
        stored(19_456, 2, 1, base64(65), TAG),
        stored(19_456, 2, 1, SALT, base64(15)),
        stored(19_456, 2, 1, SALT, base64(65)),
        stored(19_456, 2, 1, SALT, ""),
        good.substring(0, good.length() - 2),
        good.substring(0, good.length() - 1) + "B",
        good + "=",
        good + "\n",
        " " + good,
        good.replace("m=19456", "m=019456"),
        good.replace("m=19456", "m=\u0661\u0669\u0664\u0665\u0666"),
        good.replace("v=19", "v=16"),
        good.replace("argon2id", "argon2i"),
        good.replace(",keyid=AbCd+/09", ""),
        good.replace("m=19456,t=2", "t=2,m=19456"));
  }

  private static String stored(int memory, int iterations, int lanes, String salt, String tag) {
    return "$argon2id$v=19$m=%d,t=%d,p=%d,keyid=AbCd+/09$%s$%s"
        .formatted(memory, iterations, lanes, salt, tag);
  }

  private static String base64(int length) {
    return Base64.getEncoder().withoutPadding().encodeToString(new byte[length]);
  }
}
