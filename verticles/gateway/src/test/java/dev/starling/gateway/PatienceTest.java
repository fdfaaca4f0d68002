package dev.starling.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.MultiMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PatienceTest {
  private static final long BUDGET = 10_000;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "wait=2 | 2000",
        "WAIT = 2 | 2000",
        "wait=\"2\" | 2000",
        "respond-async, wait=3 | 3000",
        "respond-async;wait=3, return=minimal | 3000",
        "wait=1, wait=5 | 1000",
        "wait=0 | 0",
        "wait=999999 | 10000"
      })
  void lowersTheBudget(String prefer, long expected) {
    assertThat(Patience.of(headers(prefer), BUDGET)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "return=minimal",
        "wait",
        "wait=",
        "wait=-1",
        "wait=1.5",
        "wait=9999999",
        "await=1",
        "wait=1s"
      })
  void ignoresWhatIsNoSuchPreference(String prefer) {
    assertThat(Patience.of(headers(prefer), BUDGET)).isEqualTo(BUDGET);
  }

  @Test
  void readsAllFieldsAsOne() {
    MultiMap headers = headers("return=minimal").add(Patience.NAME, "wait=4");

    assertThat(Patience.of(headers, BUDGET)).isEqualTo(4_000);
    assertThat(Patience.of(MultiMap.caseInsensitiveMultiMap(), BUDGET)).isEqualTo(BUDGET);
  }

  private static MultiMap headers(String prefer) {
    return MultiMap.caseInsensitiveMultiMap().add(Patience.NAME, prefer);
  }
}
