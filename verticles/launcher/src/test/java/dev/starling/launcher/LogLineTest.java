package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.spi.LoggingEvent;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.event.KeyValuePair;

class LogLineTest {
  private static final Logger LOGGER = new LoggerContext().getLogger("dev.starling.Part");

  private static List<String> lines(String message, Throwable thrown) {
    LoggingEvent event = new LoggingEvent("", LOGGER, Level.WARN, "{} came", thrown, null);
    event.setArgumentArray(new Object[] {message});
    return List.of(new LogLine().doLayout(event).split("\n", -1));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "a\n{\"level\":\"ERROR\"}",
        "a\r\n12:00:00.000 ERROR Node forged",
        "a\rb",
        "\u001b[2J\u001b[31mred",
        "\u009b31m",
        "a\u0085b",
        "a\u2028b\u2029c",
        "\u202eback",
        "a\u0000b\bc\fd\u000be\u007f",
        "\ud800",
      })
  @DisplayName("AU3 what is not to be seen is escaped, in a message and in an exception's")
  void escapes(String hostile) {
    List<String> lines =
        lines(hostile, new IllegalStateException(hostile, new RuntimeException(hostile)));

    assertThat(lines).noneMatch(line -> line.replace("\t", "").matches("(?s).*\\p{C}.*"));
    assertThat(lines).noneMatch(line -> line.matches("(?s).*[\u0085\u2028\u2029\ud800].*"));
    assertThat(lines.get(0))
        .matches("\\d\\d:\\d\\d:\\d\\d\\.\\d{3} WARN  Part .* came")
        .contains("\\u");
    assertThat(lines.get(1)).startsWith("java.lang.IllegalStateException: ");
    assertThat(lines.subList(2, lines.size() - 1))
        .allMatch(line -> line.startsWith("\tat ") || line.startsWith("Caused by: java.lang."));
  }

  @Test
  @DisplayName("AU3 a trace is at the end, and escaped too")
  void endsWithTheTrace() {
    LoggingEvent event = new LoggingEvent("", LOGGER, Level.ERROR, "it failed", null, null);
    event.addKeyValuePair(new KeyValuePair("trace", "4bf9\n"));

    assertThat(new LogLine().doLayout(event)).endsWith(" Part it failed, trace 4bf9\\u000a\n");
  }

  @Test
  void leavesWhatIsToBeSeen() {
    assertThat(lines("J\u00f6rg \ud83d\ude00", null))
        .satisfiesExactly(
            line -> assertThat(line).endsWith(" WARN  Part J\u00f6rg \ud83d\ude00 came"),
            line -> assertThat(line).isEmpty());
  }
}
