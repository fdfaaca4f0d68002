package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script runs and finds something; how much, only an idle machine can say. */
@Tag("machine")
class BenchIT {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();

  @TempDir private Path directory;

  private JsonObject bench(String part) throws Exception {
    Path plot = directory.resolve("plot.svg");
    Process process =
        new ProcessBuilder(
                ROOT.resolve("scripts/bench").toString(),
                "--only",
                part,
                "--rounds",
                "1",
                "--seconds",
                "1",
                "--rate",
                "20",
                "--plot",
                plot.toString(),
                "--json")
            .redirectError(directory.resolve("errors").toFile())
            .start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(process.waitFor(5, TimeUnit.MINUTES)).isTrue();
    assertThat(process.exitValue())
        .as(() -> output + read(directory.resolve("errors")))
        .isEqualTo(0);
    assertThat(plot).exists();
    return new JsonObject(output);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  @Test
  void measuresCallsBesideBareVertx() throws Exception {
    JsonObject found = bench("calls");

    assertThat(found.getJsonArray("figures")).hasSize(5);
    assertThat(promises(found)).containsExactly(1.4, 1.2);
  }

  @Test
  void measuresTheLayerAlone() throws Exception {
    JsonObject found = bench("micro");

    assertThat(found.getJsonArray("micro").stream().map(m -> ((JsonObject) m).getString("name")))
        .anyMatch(name -> name.contains("choiceAndBreaker 1000"))
        .anyMatch(name -> name.contains("choiceAndBreaker 10000"));
  }

  private static List<Double> promises(JsonObject found) {
    return found.getJsonArray("ratios").stream()
        .map(ratio -> ((JsonObject) ratio).getDouble("promised"))
        .toList();
  }
}
