package dev.starling.launcher;

import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.classic.spi.IThrowableProxy;
import ch.qos.logback.classic.spi.StackTraceElementProxy;
import ch.qos.logback.core.LayoutBase;
import dev.starling.runtime.Call;
import dev.starling.runtime.CallTrace;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.slf4j.event.KeyValuePair;

/**
 * One line for each event, and one for each exception and frame below it. What a client sent begins
 * no line and moves no cursor, whether it is in a message or in that of an exception: characters
 * that are not to be seen are written as in {@code \\u000a}.
 *
 * <p>A configuration of logback's own may name it as its layout.
 */
public final class LogLine extends LayoutBase<ILoggingEvent> {
  private static final int FRAMES = 12;
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS").withZone(ZoneId.systemDefault());
  private static final Pattern UNSEEN = Pattern.compile("[\\p{C}\\p{Zl}\\p{Zp}]");

  @Override
  public String doLayout(ILoggingEvent event) {
    String logger = event.getLoggerName();
    StringBuilder lines = new StringBuilder(256);
    TIME.formatTo(Instant.ofEpochMilli(event.getTimeStamp()), lines);
    lines
        .append(" %-5s ".formatted(event.getLevel()))
        .append(logger.substring(logger.lastIndexOf('.') + 1))
        .append(' ')
        .append(seen(String.valueOf(event.getFormattedMessage())));
    trace(event).ifPresent(trace -> lines.append(", trace ").append(seen(trace)));
    lines.append('\n');
    for (IThrowableProxy thrown = event.getThrowableProxy();
        thrown != null;
        thrown = thrown.getCause()) {
      append(thrown, thrown == event.getThrowableProxy() ? "" : "Caused by: ", lines);
    }
    return lines.toString();
  }

  /** Which call it was that something is said of: what the line itself names, or who logs it. */
  static Optional<String> trace(ILoggingEvent event) {
    List<KeyValuePair> pairs = event.getKeyValuePairs();
    return Stream.ofNullable(pairs)
        .flatMap(List::stream)
        .filter(pair -> pair.key.equals(Call.TRACE))
        .map(pair -> String.valueOf(pair.value))
        .findFirst()
        .or(() -> Optional.ofNullable(CallTrace.current()));
  }

  private static void append(IThrowableProxy thrown, String prefix, StringBuilder lines) {
    lines.append(prefix).append(thrown.getClassName());
    if (thrown.getMessage() != null) {
      lines.append(": ").append(seen(thrown.getMessage()));
    }
    lines.append('\n');
    StackTraceElementProxy[] frames = thrown.getStackTraceElementProxyArray();
    int own = frames.length - thrown.getCommonFrames();
    for (int i = 0; i < Math.min(own, FRAMES); i++) {
      lines.append('\t').append(frames[i].getSTEAsString()).append('\n');
    }
  }

  private static String seen(String text) {
    return UNSEEN
        .matcher(text)
        .replaceAll(unseen -> "\\\\u%04x".formatted(unseen.group().codePointAt(0)));
  }
}
