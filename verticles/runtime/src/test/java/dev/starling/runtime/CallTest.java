package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class CallTest {

  @ParameterizedTest
  @CsvSource({
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01, 4bf92f3577b34da6a3ce929d0e0e4736",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00, 4bf92f3577b34da6a3ce929d0e0e4736",
    "00-00000000000000000000000000000000-00f067aa0ba902b7-01, 11112222333344445555666677778888",
    "00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01, 11112222333344445555666677778888",
    "4bf92f3577b34da6a3ce929d0e0e4736, 11112222333344445555666677778888",
    ", 11112222333344445555666677778888"
  })
  void isOfTheTraceThatATracerSays(String parent, String expected) {
    MultiMap headers =
        MultiMap.caseInsensitiveMultiMap().add(Call.TRACE, "11112222333344445555666677778888");
    if (parent != null) {
      headers.add(Call.PARENT, parent);
    }

    assertThat(Call.received(headers, 1_000, 0).trace()).isEqualTo(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "500, 0, 500",
    "500, 100, 400",
    "500, 600, 0",
    "5000, 0, 1000",
    "9223372036854775807, 0, 1000",
    "-1, 0, 0",
    "-9223372036855, 0, 0",
    "-9223372036854775808, 0, 0",
    "500, 9223372036854775807, 0",
    "many, 0, 1000"
  })
  void hasAtMostItsBudget(String left, long waited, long expected) {
    MultiMap headers = MultiMap.caseInsensitiveMultiMap().add(Call.BUDGET, left);

    assertThat(Call.received(headers, 1_000, waited).remaining())
        .isBetween(expected - 500, expected);
  }
}
