package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import dev.starling.user.api.UserContract.Register;
import java.util.Arrays;
import java.util.UUID;
import org.junit.jupiter.api.Test;

class RequestSealTest {
  private static final String PASSWORD = "correct horse battery";

  private final Pepper pepper = pepper(1);
  private final RequestSeal seal = new RequestSeal(pepper);

  private static Pepper pepper(int filling) {
    byte[] secret = new byte[32];
    Arrays.fill(secret, (byte) filling);
    return new Pepper(secret);
  }

  private byte[] of(String key, String username, String password) {
    return seal.of(key, new Register(username, password));
  }

  @Test
  void isTheSameForTheSameRequestAndOnNodesWithTheSamePepper() {
    assertThat(of("k", "ada", PASSWORD))
        .hasSize(32)
        .isEqualTo(of("k", "ada", PASSWORD))
        .isEqualTo(new RequestSeal(pepper(1)).of("k", new Register("ada", PASSWORD)))
        .isNotEqualTo(new RequestSeal(pepper(2)).of("k", new Register("ada", PASSWORD)));
    assertThat(of("k", "ada", "caf\u00e9 and a croissant"))
        .isEqualTo(of("k", "ada", "cafe\u0301 and a croissant"));
  }

  @Test
  void differsInEachPart() {
    assertThat(of("k", "ada", PASSWORD))
        .isNotEqualTo(of("l", "ada", PASSWORD))
        .isNotEqualTo(of("k", "Ada", PASSWORD))
        .isNotEqualTo(of("k", "ada", PASSWORD + "!"));
    assertThat(of("k", "adab", "cdefgh")).isNotEqualTo(of("k", "ada", "bcdefgh"));
    assertThat(of("ka", "da", PASSWORD)).isNotEqualTo(of("k", "ada", PASSWORD));
  }

  @Test
  void isNothingThatThePepperMakesElsewhere() {
    assertThat(pepper.derived("one")).hasSize(32).isNotEqualTo(pepper.derived("another"));
    assertThat(pepper.derived("one")).isNotEqualTo(pepper.bind(new UUID(0, 0), new byte[0]));
  }

  @Test
  void isMadeOfNoPasswordThatCannotBeSet() {
    assertThatIllegalArgumentException().isThrownBy(() -> of("k", "ada", "\ud800"));
  }
}
