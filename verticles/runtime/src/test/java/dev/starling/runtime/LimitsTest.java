package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class LimitsTest {
  @ParameterizedTest
  @EnumSource
  void hasADefaultWithinItsRange(Limit limit) {
    assertThat(limit.standard()).isBetween(limit.least(), limit.most());
    assertThat(Limits.standard().get(limit)).isEqualTo(limit.standard());
  }

  @ParameterizedTest
  @EnumSource
  void refusesAValueOutOfItsRange(Limit limit) {
    Limits.of(Map.of(limit, limit.least()));
    Limits.of(Map.of(limit, limit.most()));
    for (long value : new long[] {limit.least() - 1, limit.most() + 1}) {
      assertThatThrownBy(() -> Limits.of(Map.of(limit, value)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage(
              "%s is between %d and %d, not %d", limit.key(), limit.least(), limit.most(), value);
    }
  }

  @Test
  void isAsConfiguredUnlessItIsChanged() {
    Limits limits = Limits.of(Map.of(Limit.IN_FLIGHT, 50L));
    limits.change(Map.of(Limit.CONCURRENCY, 7L));
    assertThat(limits.get(Limit.CONCURRENCY)).isEqualTo(7);
    assertThat(limits.get(Limit.IN_FLIGHT)).isEqualTo(50);

    limits.change(Map.of(Limit.IN_FLIGHT, 60L));
    assertThat(limits.get(Limit.CONCURRENCY)).isEqualTo(Limit.CONCURRENCY.standard());
    assertThat(limits.all()).containsEntry(Limit.IN_FLIGHT, 60L).hasSize(Limit.values().length);

    limits.change(Map.of());
    assertThat(limits.get(Limit.IN_FLIGHT)).isEqualTo(50);
  }

  @Test
  void tellsThoseWhoHaveToActOnAChange() {
    Limits limits = Limits.standard();
    List<Long> seen = new ArrayList<>();
    limits.onChange(() -> seen.add(limits.get(Limit.DRAIN)));

    limits.change(Map.of(Limit.DRAIN, 1L));
    limits.change(Map.of());

    assertThat(seen).containsExactly(1L, Limit.DRAIN.standard());
  }

  @Test
  void takesWhatItUnderstandsOfTheChangesOfAnotherVersion() {
    assertThat(
            LimitChanges.known(
                Map.of("calls.in-flight", 60, "calls.new", 1, "drain.timeout", -1, "http.x", "a")))
        .containsExactly(Map.entry(Limit.IN_FLIGHT, 60L));
  }

  @Test
  void changesNothingWhenOneOfSeveralIsOutOfItsRange() {
    Limits limits = Limits.standard();
    assertThatThrownBy(() -> limits.change(Map.of(Limit.IN_FLIGHT, 60L, Limit.RETRY_SHARE, 101L)))
        .isInstanceOf(IllegalArgumentException.class);

    assertThat(limits.get(Limit.IN_FLIGHT)).isEqualTo(Limit.IN_FLIGHT.standard());
  }

  @Test
  void givesTheFirstOfTwoAttemptsASecondOrTwoFifths() {
    Limits limits = Limits.standard();

    assertThat(limits.attempt(2_500, true)).isEqualTo(1_000);
    assertThat(limits.attempt(10_000, true)).isEqualTo(4_000);
    assertThat(limits.attempt(300, true)).isEqualTo(300);
    assertThat(limits.attempt(2_500, false)).isEqualTo(2_500);
  }
}
