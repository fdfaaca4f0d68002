package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class TrailTest {
  private final Trail trail = new Trail();

  @Test
  void showsHowEachOfTheLatestCallsEnded() {
    assertThat(trail.since(0)).isEmpty();
    trail.add(1, false, false, false);
    trail.add(2, false, false, true);
    trail.add(3, false, true, true);
    trail.add(4, true, true, true);
    assertThat(trail.since(0)).isEqualTo(".sxt");
    assertThat(trail.since(3)).isEqualTo("xt");
    trail.clear();
    assertThat(trail.since(0)).isEmpty();
  }

  @Test
  void keepsForty() {
    for (int i = 0; i < 100; i++) {
      trail.add(i, false, i == 60, false);
    }
    assertThat(trail.since(0)).hasSize(40).startsWith("x.").endsWith(".");
    assertThat(trail.since(61)).hasSize(39).doesNotContain("x");
  }
}
