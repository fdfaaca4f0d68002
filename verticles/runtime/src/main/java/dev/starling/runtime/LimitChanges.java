package dev.starling.runtime;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads which limits are to have another value, as a JSON object of numbers by key. */
final class LimitChanges {
  private static final Logger log = LoggerFactory.getLogger(LimitChanges.class);
  private static final Map<String, Limit> LIMITS = new LinkedHashMap<>();

  static {
    for (Limit limit : Limit.values()) {
      LIMITS.put(limit.key(), limit);
    }
  }

  private LimitChanges() {}

  /**
   * The changes, each in its limit's unit.
   *
   * @throws ServiceException {@link ErrorCode#INVALID}, which names every member that is wrong
   */
  static Map<Limit, Long> of(Map<?, ?> members) {
    Map<Limit, Long> changes = new EnumMap<>(Limit.class);
    List<FieldError> errors = new ArrayList<>();
    members.forEach(
        (name, value) -> {
          String key = (String) name;
          Limit limit = LIMITS.get(key);
          if (limit == null) {
            String nearest = Nearest.to(key, LIMITS.keySet());
            errors.add(error(key, "unknown", "is no limit; the nearest is " + nearest));
          } else if (!isWithin(limit, value)) {
            errors.add(error(key, "range", "is " + range(limit)));
          } else {
            changes.put(limit, ((Number) value).longValue());
          }
        });
    if (!errors.isEmpty()) {
      throw new ServiceException(ErrorCode.INVALID, Malformed.summary(errors), errors);
    }
    return changes;
  }

  /** What this version understands of changes that another may have admitted. */
  static Map<Limit, Long> known(Map<String, ?> members) {
    Map<Limit, Long> changes = new EnumMap<>(Limit.class);
    members.forEach(
        (key, value) -> {
          Limit limit = LIMITS.get(key);
          if (limit != null && isWithin(limit, value)) {
            changes.put(limit, ((Number) value).longValue());
          } else {
            log.warn("{} is to be {}, which means nothing to this version", key, value);
          }
        });
    return changes;
  }

  private static boolean isWithin(Limit limit, Object value) {
    return (value instanceof Integer || value instanceof Long)
        && ((Number) value).longValue() >= limit.least()
        && ((Number) value).longValue() <= limit.most();
  }

  private static String range(Limit limit) {
    String unit =
        switch (limit.unit()) {
          case MILLISECONDS -> " (milliseconds)";
          case PERCENT -> " (percent)";
          case BYTES -> " (bytes)";
          case COUNT -> "";
        };
    return "a whole number from %d to %d%s".formatted(limit.least(), limit.most(), unit);
  }

  private static FieldError error(String key, String rule, String detail) {
    return new FieldError("/" + Malformed.escape(key), rule, detail);
  }
}
