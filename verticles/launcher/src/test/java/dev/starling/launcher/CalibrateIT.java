package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code java -jar starling.jar calibrate}. */
@Timeout(180)
class CalibrateIT extends UserNodes {
  private static final Pattern SETTINGS =
      Pattern.compile("user:\n  hash-memory: (\\d+)\n  hash-iterations: (\\d+)\n");
  private static final Pattern ROW =
      Pattern.compile("(?m)^ +\\d+ +\\d +\\d+\\.\\d +\\d+\\.\\d +\\d+\\.\\d$");

  @TempDir private Path directory;

  @Test
  @DisplayName("H9 calibrate prints what hashes cost, and settings with which a node starts")
  void suggestsSettings() throws Exception {
    StarlingProcess process =
        StarlingProcess.in(directory).arguments("calibrate", "-time", "60ms").launch();
    assertThat(process.exitCode()).as(process.output()).isZero();
    String output = process.output();
    assertThat(output).contains("libsodium", "Bouncy Castle");
    assertThat(ROW.matcher(output).results()).as(output).hasSize(8);
    Matcher settings = SETTINGS.matcher(output);
    assertThat(settings.find()).as(output).isTrue();

    Configuration configuration =
        Configuration.load(
            Optional.empty(),
            Map.of(
                "STARLING_USER_HASH_MEMORY",
                settings.group(1),
                "STARLING_USER_HASH_ITERATIONS",
                settings.group(2)),
            new Properties());
    JsonObject user = config().mergeIn(configuration.below("user"));
    assertThat(deploy(node(), user).await()).isNotEmpty();
    assertThat(user.getInteger("hash-memory")).isGreaterThanOrEqualTo(19_456);
  }

  @Test
  @DisplayName("H9 calibrate refuses a time that is none")
  void refusesATimeThatIsNone() throws Exception {
    StarlingProcess process =
        StarlingProcess.in(directory).arguments("calibrate", "-time", "soon").launch();

    assertThat(process.exitCode()).isEqualTo(1);
    assertThat(process.output()).startsWith("starling: -time: expected a number with a unit");
  }
}
