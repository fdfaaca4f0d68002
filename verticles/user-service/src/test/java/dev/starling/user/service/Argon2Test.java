package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.user.service.Argon2.Cost;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.FieldSource;

class Argon2Test {

  private static final Argon2 PORTABLE = new BouncyCastleArgon2();
  private static final Argon2 NATIVE = SodiumArgon2.load(PORTABLE).orElseThrow();
  private static final List<Argon2> ENGINES = List.of(PORTABLE, NATIVE);

  /** From test.c of the reference implementation, phc-winner-argon2. */
  @ParameterizedTest
  @CsvSource({
    "256, 2, 1, 9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe",
    "256, 2, 2, 6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037",
    "65536, 2, 1, 09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7"
  })
  @DisplayName("H1 gives the tags of the reference")
  void givesTheTagsOfTheReference(int memory, int iterations, int lanes, String tag) {
    for (Argon2 engine : ENGINES) {
      assertThat(tag(engine, "somesalt", new Cost(memory, iterations, lanes))).isEqualTo(tag);
    }
  }

  /**
   * Computed with the reference implementation; its own vectors have salts that libsodium does not
   * take.
   */
  @ParameterizedTest
  @FieldSource("ENGINES")
  @DisplayName("H1 gives the tag of the reference at the default cost")
  void givesTheTagOfTheReferenceAtTheDefaultCost(Argon2 engine) {
    assertThat(tag(engine, "somesaltsomesalt", Cost.DEFAULT))
        .isEqualTo("2b5dc4054886ec957ef59c73b661c54dd6fb274590b278f657c6d96aac8fa6d1");
  }

  @Test
  void enginesAgree() {
    Random random = new Random(9106);
    for (int i = 0; i < 50; i++) {
      byte[] input = bytes(random, 32);
      byte[] salt = bytes(random, 16);
      Cost cost = new Cost(8 + random.nextInt(1_000), 1 + random.nextInt(4), 1);
      int length = 16 + random.nextInt(49);
      assertThat(NATIVE.tag(input, salt, cost, length))
          .as("%s, tag of %d bytes", cost, length)
          .isEqualTo(PORTABLE.tag(input, salt, cost, length));
    }
  }

  @Test
  void choosesNativeCodeWhereItLoads() {
    assertThat(Argon2.fastest().name()).isEqualTo("libsodium");
  }

  @ParameterizedTest
  @CsvSource({
    "19456, 2, true",
    "19455, 2, false",
    "47104, 1, true",
    "47103, 1, false",
    "12288, 3, true",
    "12287, 9, false",
    "65536, 0, false"
  })
  @DisplayName("H1 knows which costs suffice")
  void knowsWhichCostsSuffice(int memory, int iterations, boolean suffices) {
    assertThat(new Cost(memory, iterations, 1).suffices()).isEqualTo(suffices);
  }

  private static String tag(Argon2 engine, String salt, Cost cost) {
    return HexFormat.of()
        .formatHex(engine.tag("password".getBytes(UTF_8), salt.getBytes(UTF_8), cost, 32));
  }

  private static byte[] bytes(Random random, int length) {
    byte[] bytes = new byte[length];
    random.nextBytes(bytes);
    return bytes;
  }
}
