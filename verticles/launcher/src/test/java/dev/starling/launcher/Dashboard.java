package dev.starling.launcher;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** One file of {@code conf/grafana}. */
record Dashboard(String name, JsonObject json) {
  private static final Path CONF = Path.of("../../conf/grafana");
  private static final Pattern LABEL = Pattern.compile("\\{\\{(\\w+)}}");

  static List<Dashboard> all() throws IOException {
    List<Dashboard> all = new ArrayList<>();
    try (Stream<Path> files = Files.list(CONF)) {
      for (Path file : files.sorted().toList()) {
        String name = file.getFileName().toString().replace(".json", "");
        all.add(new Dashboard(name, new JsonObject(Files.readString(file))));
      }
    }
    return all;
  }

  /** All of them, also those that rows hold. */
  List<JsonObject> panels() {
    return panels(json).toList();
  }

  private static Stream<JsonObject> panels(JsonObject parent) {
    return objects(parent.getJsonArray("panels"))
        .flatMap(panel -> Stream.concat(Stream.of(panel), panels(panel)));
  }

  static Stream<JsonObject> objects(JsonArray array) {
    return array == null ? Stream.of() : array.stream().map(JsonObject.class::cast);
  }

  List<JsonObject> variables() {
    return objects(json.getJsonObject("templating").getJsonArray("list")).toList();
  }

  List<Query> queries() {
    return panels().stream()
        .flatMap(
            panel ->
                objects(panel.getJsonArray("targets"))
                    .map(
                        target ->
                            new Query(
                                name + ", " + panel.getString("title"),
                                target.getString("expr"),
                                target.getString("legendFormat"))))
        .toList();
  }

  /** What one line of a panel asks, and how its answers are called. */
  record Query(String where, String expression, String legend) {
    /** With a range in place of the variable that Grafana fills in. */
    String within(String interval) {
      return expression.replace("$__rate_interval", interval);
    }

    /** What is wrong with an answer: nothing in it to draw, or no label that the legend names. */
    List<String> complaints(List<JsonObject> found) {
      List<String> complaints = new ArrayList<>();
      if (found.stream().allMatch(Query::isNoNumber)) {
        complaints.add(where + ": no data of " + expression);
      }
      Stream<String> labels = LABEL.matcher(legend).results().map((MatchResult m) -> m.group(1));
      labels
          .filter(label -> found.stream().noneMatch(f -> labels(f).contains(label)))
          .forEach(label -> complaints.add(where + ": no label " + label + " of " + expression));
      return complaints;
    }

    /** As of a share of nothing. */
    private static boolean isNoNumber(JsonObject answer) {
      return answer.getJsonArray("value").getString(1).equals("NaN");
    }

    private static Set<String> labels(JsonObject answer) {
      return answer.getJsonObject("metric").fieldNames();
    }
  }
}
