package dev.starling.gateway;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.buffer.Buffer;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class EntityTagTest {
  private final EntityTag tag = EntityTag.of(Buffer.buffer("abc"));

  /** SHA-256 of "abc" is ba7816bf 8f01cfea 414140de 5dae2223 b00361a3 … (FIPS 180-4). */
  @Test
  @DisplayName("AT5 is 128 bits of SHA-256 in base64url, in quotes")
  void isMadeOfTheBytes() {
    assertThat(tag.text()).isEqualTo("\"ungWv48Bz-pBQUDeXa4iIw\"");
    assertThat(EntityTag.of(Buffer.buffer("abd")).text()).isNotEqualTo(tag.text());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*",
        " * ",
        "$",
        "W/$",
        "\"a\", $",
        "\"a\",$,\"b\"",
        "$ , \"b\"",
        ", ,$,",
        "\"a,b\" ,\tW/$",
        "\"\",W/\"x\",$",
        "\"*\",$",
        "\"\u00e4\",$",
      })
  @DisplayName("AT5 is named by any, and by a list that holds it, weak or strong")
  void isNamedBy(String field) {
    assertThat(tag.isNamedBy(List.of(of(field)))).isTrue();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        ",",
        "\"*\"",
        "*, \"a\"",
        "**",
        "\"a\"",
        "ungWv48Bz-pBQUDeXa4iIw",
        "w/$",
        "W/ $",
        "W$",
        "\"ungWv48Bz-pBQUDeXa4iI\"",
        "\"UNGWV48BZ-PBQUDEXA4IIW\"",
        "\"a$\"",
        "$\"a\"",
        "$ \"a\"",
        "\"a\" $",
        "\"a\"$",
        "\"a b\",$",
        "\"a",
        "a,$",
      })
  @DisplayName("AT5 is named by nothing else")
  void isNotNamedBy(String field) {
    assertThat(tag.isNamedBy(List.of(of(field)))).isFalse();
  }

  @Test
  @DisplayName("AT5 is named by any of several fields")
  void isNamedByAnyOfSeveralFields() {
    assertThat(tag.isNamedBy(List.of("\"a\"", of("\"b\", $")))).isTrue();
    assertThat(tag.isNamedBy(List.of("\"a\"", "\"b\""))).isFalse();
    assertThat(tag.isNamedBy(List.of())).isFalse();
  }

  @Test
  void readsALongFieldOnce() {
    assertThat(tag.isNamedBy(List.of("\"a\",".repeat(20_000) + tag.text()))).isTrue();
    assertThat(tag.isNamedBy(List.of(" ,".repeat(50_000)))).isFalse();
    assertThat(tag.isNamedBy(List.of("\"" + "a".repeat(100_000)))).isFalse();
  }

  private String of(String field) {
    return field.replace("$", tag.text());
  }
}
