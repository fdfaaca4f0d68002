package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LikenessTest {
  private static final String NAME = "wolfgangamadeus";

  @ParameterizedTest
  @CsvSource({
    "wolfgangamadeus, true",
    "WolfgangAmadeus, true",
    "wolfgangamadeus1234, true",
    "wolfgungemedaus, true",
    "wxlfxanxamxdeus, true",
    "wxlfxanxamxdexs, false",
    "gangamadxxxxxxx, true",
    "gangamaxxxxxxxx, false",
    "gangamadxxxxxxxx, false",
    "correct horse battery, false",
  })
  @DisplayName("PW6 fewer than five changes, or more than half, are alike")
  void tells(String password, boolean alike) {
    assertThat(Likeness.alike(password, NAME)).isEqualTo(alike);
  }

  @ParameterizedTest
  @CsvSource({"'', '', 0", "'', abc, 3", "kitten, sitting, 3", "flaw, lawn, 2", "abc, abc, 0"})
  @DisplayName("PW6 counts what is added, left out and replaced")
  void countsChanges(String one, String other, int distance) {
    assertThat(Likeness.distance(one, other)).isEqualTo(distance);
    assertThat(Likeness.distance(other, one)).isEqualTo(distance);
  }

  @Test
  @DisplayName("PW6 finds the longest piece of both")
  void findsTheLongestPiece() {
    Random random = new Random(1);
    for (int i = 0; i < 1_000; i++) {
      String one = random(random);
      String other = random(random);
      int longest = 0;
      for (int begin = 0; begin < one.length(); begin++) {
        for (int end = begin + 1; end <= one.length(); end++) {
          if (other.contains(one.substring(begin, end))) {
            longest = Math.max(longest, end - begin);
          }
        }
      }
      assertThat(Likeness.common(one, other)).as(one + " " + other).isEqualTo(longest);
    }
  }

  private static String random(Random random) {
    StringBuilder text = new StringBuilder();
    random.ints(random.nextInt(12), 'a', 'd').forEach(c -> text.append((char) c));
    return text.toString();
  }

  @Test
  @DisplayName("PW6 of long texts the first 256 characters count")
  void bounds() {
    String same = "x".repeat(256);

    assertThat(Likeness.alike(same + "a".repeat(100_000), same + "b".repeat(100_000))).isTrue();
    assertThat(Likeness.alike("a".repeat(256) + same, "b".repeat(256) + same)).isFalse();
  }
}
