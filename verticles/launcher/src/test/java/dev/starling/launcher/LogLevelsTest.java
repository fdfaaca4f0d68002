package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import dev.starling.runtime.DesiredState.Entry;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.slf4j.LoggerFactory;

class LogLevelsTest {
  private final LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();
  private final Logger part = logging.getLogger("test.levels");
  private final Logger inner = logging.getLogger("test.levels.inner");
  private final LogLevels levels = new LogLevels();

  private static Entry entry(String logger, String level) {
    JsonObject value = new JsonObject().put("level", level);
    return new Entry("log/" + logger, value, "ada", Instant.EPOCH, Instant.MAX);
  }

  @Test
  void givesBackWhatWasBeforeTheFirstOfSeveralChanges() {
    part.setLevel(Level.WARN);
    inner.setLevel(null);

    levels.set(Map.of("log/test.levels.inner", entry("test.levels.inner", "debug")));
    assertThat(inner.getLevel()).isEqualTo(Level.DEBUG);
    levels.set(
        Map.of(
            "log/test.levels", entry("test.levels", "error"),
            "log/test.levels.inner", entry("test.levels.inner", "trace")));
    assertThat(inner.getLevel()).isEqualTo(Level.TRACE);
    assertThat(part.getLevel()).isEqualTo(Level.ERROR);

    levels.set(Map.of("log/test.levels.inner", entry("test.levels.inner", "trace")));
    assertThat(part.getLevel()).isEqualTo(Level.WARN);
    assertThat(inner.getLevel()).isEqualTo(Level.TRACE);
    levels.set(Map.of());
    assertThat(inner.getLevel()).isNull();
    assertThat(inner.getEffectiveLevel()).isEqualTo(Level.WARN);
  }

  @Test
  void leavesALevelThatItDoesNotKnow() {
    part.setLevel(Level.WARN);

    levels.set(Map.of("log/test.levels", entry("test.levels", "loud")));
    assertThat(part.getLevel()).isEqualTo(Level.WARN);
    levels.set(Map.of());

    assertThat(part.getLevel()).isEqualTo(Level.WARN);
  }
}
