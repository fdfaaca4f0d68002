package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PostgresBinariesTest {
  @ParameterizedTest
  @CsvSource({
    "linux, amd64, false, /postgres-linux-x86_64.txz",
    "linux, aarch64, false, /postgres-linux-arm_64.txz",
    "linux, amd64, true, /postgres-linux-x86_64-alpine_linux.txz",
    "mac os x, x86_64, false, /postgres-darwin-x86_64.txz",
    "mac os x, aarch64, false, /postgres-darwin-arm_64.txz"
  })
  void namesTheArchiveOfThePlatform(String os, String arch, boolean alpine, String name) {
    assertThat(PostgresBinaries.resource(os, arch, alpine)).isEqualTo(name);
  }
}
