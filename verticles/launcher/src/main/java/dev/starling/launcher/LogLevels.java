package dev.starling.launcher;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import dev.starling.runtime.DesiredState;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import org.slf4j.LoggerFactory;

/** The levels that operators want loggers to have for a while; then those of before are back. */
final class LogLevels {
  private static final String PREFIX = "log/";

  private final LoggerContext logging = (LoggerContext) LoggerFactory.getILoggerFactory();

  /** By the names of those that are changed; null for one that has its parent's. */
  private final Map<String, Level> before = new HashMap<>();

  void follow(DesiredState desired) {
    desired.on(PREFIX, this::set);
  }

  void set(Map<String, DesiredState.Entry> entries) {
    Set<String> ended = new HashSet<>(before.keySet());
    entries.forEach(
        (key, entry) -> {
          Logger logger = logging.getLogger(key.substring(PREFIX.length()));
          Level wanted = Level.toLevel(entry.value().getString("level"), null);
          if (wanted != null) { // One that this version knows.
            if (!ended.remove(logger.getName())) {
              before.put(logger.getName(), logger.getLevel());
            }
            logger.setLevel(wanted);
          }
        });
    ended.forEach(name -> logging.getLogger(name).setLevel(before.remove(name)));
  }
}
