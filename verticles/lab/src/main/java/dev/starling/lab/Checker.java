package dev.starling.lab;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * Compares what clients were told with what the database holds; it decides on lost and doubled
 * work.
 *
 * <p>A request that ended as unknown may have been done or not, so it proves nothing by itself.
 * Each name of a history is registered by one client, save in races, so that a refusal as taken
 * betrays a registration done twice.
 */
final class Checker {
  private static final String TAKEN = "409 conflict";

  private Checker() {}

  /** What must never be. */
  enum Breach {
    /** Acknowledged, and not in the database. */
    LOST,
    /** Done twice: two users of one name, or two answers that name different users. */
    DOUBLED,
    /** Refused as certainly not done, and in the database all the same. */
    CONTRADICTED,
    /** A key that stands for a user was refused when it was used again. */
    NOT_REPEATABLE;

    String text() {
      return name().toLowerCase().replace('_', ' ');
    }
  }

  /** One breach, and of what. */
  record Finding(Breach breach, String detail) {}

  /** A user in the database. */
  record Row(String id, String name) {}

  /**
   * Finds what must never be.
   *
   * @param rows of all names in the history; of others too
   */
  static List<Finding> check(Collection<Entry> history, Collection<Row> rows) {
    Map<String, List<Row>> rowsByName =
        rows.stream().collect(Collectors.groupingBy(r -> r.name().toLowerCase()));
    Map<String, List<Entry>> byName =
        history.stream()
            .filter(e -> e.kind().registers())
            .collect(
                Collectors.groupingBy(
                    e -> e.name().toLowerCase(), LinkedHashMap::new, Collectors.toList()));
    List<Finding> findings = new ArrayList<>();
    byName.forEach(
        (name, entries) ->
            checkName(name, entries, rowsByName.getOrDefault(name, List.of()), findings));
    return findings;
  }

  private static void checkName(
      String name, List<Entry> entries, List<Row> rows, List<Finding> findings) {
    List<Entry> acknowledged =
        entries.stream().filter(e -> e.outcome() == Outcome.ACKNOWLEDGED).toList();
    Set<String> ids =
        acknowledged.stream().map(Entry::id).collect(Collectors.toCollection(TreeSet::new));
    rows.forEach(row -> ids.add(row.id()));
    if (!acknowledged.isEmpty() && rows.isEmpty()) {
      findings.add(new Finding(Breach.LOST, name + " " + ids));
    }
    if (ids.size() > 1) {
      findings.add(new Finding(Breach.DOUBLED, name + " is " + ids));
    } else if (promises(acknowledged) > 1) {
      findings.add(new Finding(Breach.DOUBLED, name + " was registered twice, as it seems"));
    }
    if (!rows.isEmpty() && entries.stream().allMatch(e -> e.outcome() == Outcome.REFUSED)) {
      findings.add(new Finding(Breach.CONTRADICTED, name + " was refused with " + codes(entries)));
    }
    boolean oneKey = entries.stream().map(Entry::key).distinct().count() == 1;
    if (oneKey
        && !entries.get(0).key().isEmpty()
        && entries.stream().anyMatch(e -> e.code().equals(TAKEN))) {
      findings.add(new Finding(Breach.NOT_REPEATABLE, name + " ended with " + codes(entries)));
    }
  }

  /** Answers that cannot be repetitions of one another: one for each key, and each without. */
  private static long promises(List<Entry> acknowledged) {
    long keys = acknowledged.stream().map(Entry::key).filter(k -> !k.isEmpty()).distinct().count();
    return keys + acknowledged.stream().filter(e -> e.key().isEmpty()).count();
  }

  private static String codes(List<Entry> entries) {
    return entries.stream().map(Entry::code).collect(Collectors.joining(", "));
  }
}
