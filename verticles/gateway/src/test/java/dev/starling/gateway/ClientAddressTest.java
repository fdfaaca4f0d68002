package dev.starling.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Whose address counts, and who can claim another. */
class ClientAddressTest {
  private final ClientAddress addresses =
      new ClientAddress(List.of("10.0.0.0/8", "fd00::/8", "192.0.2.7/32"));

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        // nobody of ours said so
        "203.0.113.5 | 198.51.100.9                    | 203.0.113.5",
        "203.0.113.5 | 10.1.1.1                        | 203.0.113.5",
        // one of ours did
        "10.1.1.1    | 198.51.100.9                    | 198.51.100.9",
        "10.1.1.1    | 192.0.2.1, 198.51.100.9         | 198.51.100.9",
        "10.1.1.1    | 192.0.2.1, 198.51.100.9,10.2.2.2 | 198.51.100.9",
        "10.1.1.1    | 10.3.3.3, 10.2.2.2              | 10.3.3.3",
        "192.0.2.7   | 192.0.2.8                       | 192.0.2.8",
        "fd00::1     | 2001:db8::5                     | 2001:db8::5",
        "::ffff:10.1.1.1 | 198.51.100.9                | 198.51.100.9",
        // and said nothing that can be read
        "10.1.1.1    | ''                              | 10.1.1.1",
        "10.1.1.1    | unknown                         | 10.1.1.1",
        "10.1.1.1    | 198.51.100.9, x                 | 10.1.1.1",
        "10.1.1.1    | 198.51.100.9,                   | 10.1.1.1",
        "10.1.1.1    | 198.51.100.9:80                 | 10.1.1.1",
        "10.1.1.1    | 300.1.1.1                       | 10.1.1.1",
        "10.1.1.1    | x, 198.51.100.9                 | 198.51.100.9"
      })
  @DisplayName("TH8 the nearest address that is no proxy of ours, whatever a client claims")
  void readsFromTheRight(String peer, String forwarded, String client) {
    assertThat(addresses.of(peer, forwarded)).isEqualTo(client);
  }

  @ParameterizedTest
  @ValueSource(strings = {"10.0.0.0", "10.0.0.0/33", "x/8", "10.0.0/8", "fd00::/129", "/8"})
  @DisplayName("TH8 a network that is none is refused")
  void refusesWhatIsNoNetwork(String network) {
    assertThatThrownBy(() -> new ClientAddress(List.of(network)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(network);
  }
}
