package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class RankSumTest {
  private static List<Double> normal(Random random, double mean, int count) {
    return Stream.generate(() -> mean + random.nextGaussian()).limit(count).toList();
  }

  @Test
  @DisplayName("EN3 what is of one distribution is seldom told apart, what differs always")
  void tellsApart() {
    Random random = new Random(7);
    long apart =
        Stream.generate(() -> RankSum.p(normal(random, 0, 200), normal(random, 0, 200)))
            .limit(500)
            .filter(p -> p < 0.05)
            .count();
    assertThat(apart).isBetween(10L, 45L); // 25 of 500 are to be expected
    assertThat(RankSum.p(normal(random, 0, 200), normal(random, 0.8, 200))).isLessThan(1e-6);
  }

  @Test
  @DisplayName("EN3 equal values share their rank")
  void sharesRanks() {
    List<Double> same = Stream.generate(() -> 1.0).limit(50).toList();
    assertThat(RankSum.p(same, same)).isCloseTo(1, within(1e-6));
  }
}
