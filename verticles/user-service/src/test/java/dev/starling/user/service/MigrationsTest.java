package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class MigrationsTest {
  private static final Comparator<String> BY_NUMBER =
      Comparator.comparing(name -> Integer.valueOf(name.substring(1, name.indexOf("__"))));

  @Test
  @DisplayName("MG1 knows every script, in the order of their numbers")
  void knowsEveryScript() throws Exception {
    try (Stream<Path> files = Files.list(Path.of("src/main/resources/db/migration"))) {
      assertThat(Migrations.SCRIPTS)
          .containsExactlyElementsOf(
              files.map(file -> file.getFileName().toString()).sorted(BY_NUMBER).toList());
    }
  }
}
