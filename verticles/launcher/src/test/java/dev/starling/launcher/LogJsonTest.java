package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import io.vertx.core.json.JsonObject;
import java.time.Instant;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.event.KeyValuePair;

class LogJsonTest {
  private static final Logger LOGGER = new LoggerContext().getLogger("dev.starling.Part");
  private final LogJson json = new LogJson();

  private static LoggingEvent event(String message, Throwable thrown) {
    LoggingEvent event = new LoggingEvent("", LOGGER, Level.WARN, "{} came", thrown, null);
    event.setArgumentArray(new Object[] {message});
    event.setInstant(Instant.parse("2026-11-26T01:02:03.456Z"));
    return event;
  }

  @Test
  void hasWhatTellsOneEventFromAnother() {
    json.setNode("n1");
    LoggingEvent event = event("ada", null);
    event.setThreadName("loop-3");
    event.addKeyValuePair(new KeyValuePair("trace", "4bf9"));

    assertThat(new String(json.encode(event), US_ASCII))
        .isEqualTo(
            "{\"time\":\"2026-11-26T01:02:03.456Z\",\"level\":\"WARN\","
                + "\"logger\":\"dev.starling.Part\",\"thread\":\"loop-3\",\"node\":\"n1\","
                + "\"message\":\"ada came\",\"trace\":\"4bf9\"}\n");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\n{\"level\":\"ERROR\"}",
        "a\r\n12:00:00.000 ERROR Node forged",
        "\u001b[2J\u001b[31mred",
        "\u009b31m",
        "a\u0085b",
        "a\u2028b\u2029c",
        "\u202eback",
        "a\u0000b\bc\fd\u000be\u007f",
        "\ud800",
        "J\u00f6rg \ud83d\ude00 \"\\",
      })
  @DisplayName("AU3 what is not to be seen is escaped, in a message and in an exception's")
  void escapes(String hostile) {
    LoggingEvent event =
        event(hostile, new IllegalStateException(hostile, new RuntimeException(hostile)));
    event.addKeyValuePair(new KeyValuePair("trace", hostile));

    String line = new String(json.encode(event), US_ASCII);

    assertThat(line).endsWith("}\n");
    assertThat(line.strip()).matches("[ -~]+");
    JsonObject read = new JsonObject(line);
    assertThat(read.getString("message")).isEqualTo(hostile + " came");
    assertThat(read.getString("trace")).isEqualTo(hostile);
    assertThat(read.getString("error"))
        .contains("IllegalStateException: " + hostile, "Caused by: ", "\tat dev.starling.");
  }
}
