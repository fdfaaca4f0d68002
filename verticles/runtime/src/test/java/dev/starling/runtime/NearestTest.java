package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NearestTest {
  private static final List<String> KNOWN = List.of("open", "opened", "closed");

  @ParameterizedTest
  @CsvSource({"opne, open", "close, closed", "penned, opened", "'', open", "open, open"})
  void isTheOneWithTheFewestEdits(String unknown, String nearest) {
    assertThat(Nearest.to(unknown, KNOWN)).isEqualTo(nearest);
  }

  @Test
  void isTheFirstOfThoseEquallyNear() {
    assertThat(Nearest.to("ab", List.of("ac", "ad"))).isEqualTo("ac");
  }

  @Test
  void isFoundForANameAsLongAsAFile() {
    assertThat(Nearest.to("x".repeat(1_000_000), KNOWN)).isEqualTo("open");
  }
}
