package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class EmailTest {
  @ParameterizedTest
  @DisplayName("ID6 domains are in lower case and ASCII, dots and what follows a plus stay")
  @CsvSource({
    "ada@example.com, ada@example.com, ada@example.com",
    "Ada.B+tag@Example.COM, Ada.B+tag@example.com, ada.b+tag@example.com",
    "ada@bücher.example, ada@xn--bcher-kva.example, ada@xn--bcher-kva.example",
    "o'hara@mail.example, o'hara@mail.example, o'hara@mail.example",
    "a@b.cd, a@b.cd, a@b.cd"
  })
  void hasOneForm(String typed, String address, String key) {
    assertThat(Email.of(typed)).contains(new Email(address, key));
  }

  @ParameterizedTest
  @DisplayName("ID6 what would be another address, another header or none is refused")
  @ValueSource(
      strings = {
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada@example",
        "ada@@example.com",
        "ada@b@example.com",
        "foo@x.example\r\nBcc: all@example.com",
        "foo@x.example\nBcc",
        "foo\r\n@x.example",
        "foo\0@x.example",
        "foo bar@x.example",
        "\"foo bar\"@x.example",
        "foo@x.example>",
        "<foo@x.example>",
        "foo@x.example,bar@x.example",
        "foo@[127.0.0.1]",
        "foo@127.0.0.1",
        "foo@-x.example",
        "foo@x-.example",
        "foo@x..example",
        "foo@.example",
        "foo@example.",
        ".foo@x.example",
        "foo.@x.example",
        "fo..o@x.example",
        "foo@x_y.example",
        "fóo@x.example",
        "foo@x.example\u2028",
        "foo@\uD800.example",
        "foo@xn--.example.123"
      })
  void refusesAllElse(String text) {
    assertThat(Email.of(text)).isEmpty();
  }

  @Test
  @DisplayName("ID6 an address has 254 bytes at most, 64 of them before the at")
  void hasBounds() {
    String label = "a".repeat(60) + ".";
    String domain = label.repeat(3) + "bcd.example";
    assertThat(Email.of("a".repeat(254 - 1 - domain.length()) + "@" + domain)).isPresent();
    assertThat(Email.of("a".repeat(255 - 1 - domain.length()) + "@" + domain)).isEmpty();
    assertThat(Email.of("a".repeat(64) + "@example.com")).isPresent();
    assertThat(Email.of("a".repeat(65) + "@example.com")).isEmpty();
    assertThat(Email.of("a@" + "b".repeat(64) + ".example")).isEmpty();
    assertThat(Email.of("a@" + "ü".repeat(240) + ".example")).isEmpty();
  }

  @Test
  @DisplayName("ID6 AU2 an address is in no text of its object")
  void isNotShown() {
    assertThat(Email.of("ada@example.com").orElseThrow().toString()).doesNotContain("ada");
  }
}
