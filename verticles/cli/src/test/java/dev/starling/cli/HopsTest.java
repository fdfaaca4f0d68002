package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** Which call led to which. */
class HopsTest {
  private static String hop(
      String side, String node, String operation, String at, double millis, String... steps) {
    StringBuilder list = new StringBuilder();
    double begin = 0;
    for (String step : steps) {
      list.append(list.isEmpty() ? "" : ",")
          .append(
              "{\"name\":\"%s\",\"at\":%s,\"millis\":1,\"outcome\":\"ok\"}".formatted(step, begin));
      begin += 2;
    }
    return "{\"trace\":\"%s\",\"at\":\"2026-11-26T10:00:%sZ\",\"node\":\"%s\",\"side\":\"%s\",\"operation\":\"%s\",\"outcome\":\"ok\",\"millis\":%s,\"steps\":[%s]}"
        .formatted("0".repeat(32), at, node, side, operation, millis, list);
  }

  /** The first three columns, with what indents them. */
  private static List<String> tree(String... hops) throws IOException {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    PrintStream print = new PrintStream(out, true, StandardCharsets.UTF_8);
    Hops.of(Json.read("{\"calls\":[" + String.join(",", hops) + "],\"silent\":[\"n9\"]}"))
        .show(new Screen(print, false), print);
    return out.toString(StandardCharsets.UTF_8)
        .lines()
        .skip(2)
        .map(line -> line.replaceAll("^( *\\S+) +(\\S+) +(\\S+) .* ms .*", "$1 $2 $3"))
        .toList();
  }

  @Test
  @DisplayName("operator.md: trace puts each hop below the step that led there")
  void putsHopsBelowTheirSteps() throws IOException {
    assertThat(
            tree(
                hop("made", "n1", "a.one", "10.000", 100, "a@n3", "a@n2"),
                hop("done", "n2", "a.one", "09.995", 90, "sql", "b.two", "b.two"),
                hop("made", "n2", "b.two", "09.930", 5, "b@n1"),
                hop("made", "n2", "b.two", "09.990", 4, "b@n1"),
                hop("done", "n1", "b.two", "09.935", 3),
                hop("done", "n1", "b.two", "09.994", 2)))
        .containsExactly(
            "a.one n1 made",
            "  a@n3 n1 -",
            "  a@n2 n1 -",
            "    a.one n2 done",
            "      sql n2 -",
            "      b.two n2 made",
            "        b@n1 n2 -",
            "          b.two n1 done",
            "      b.two n2 made",
            "        b@n1 n2 -",
            "          b.two n1 done",
            "No answer in a second from n9: what they remember is missing");
  }

  @Test
  @DisplayName("operator.md: trace shows calls whose steps were not kept, by their clock")
  void findsItsWayWithoutSteps() throws IOException {
    assertThat(
            tree(
                hop("made", "n1", "a.one", "10.000", 20),
                hop("done", "n1", "a.one", "09.999", 18),
                hop("made", "n1", "b.two", "09.998", 5),
                hop("done", "n2", "b.two", "07.000", 4)))
        .startsWith("a.one n1 made", "  a.one n1 done", "    b.two n1 made", "      b.two n2 done")
        .anyMatch(line -> line.startsWith("No steps: they are kept of calls that were slow"));
  }

  @Test
  @DisplayName("operator.md: trace shows a hop whose caller nobody remembers, too")
  void leavesNothingOut() throws IOException {
    assertThat(
            tree(
                hop("done", "n2", "a.one", "10.000", 9, "sql"),
                hop("done", "n3", "b.two", "12.000", 9, "sql")))
        .startsWith("a.one n2 done", "  sql n2 -", "b.two n3 done", "  sql n3 -");
  }
}
