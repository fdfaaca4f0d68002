package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The dashboards are what Grafana 10.4 and later import without a change: schema 39, a name by
 * which links find them, and Prometheus chosen by whoever imports them. {@link MonitoringIT} asks
 * their queries.
 */
class DashboardsTest {
  private static final JsonObject SOURCE =
      new JsonObject(Map.of("type", "prometheus", "uid", "${datasource}"));
  private static final int COLUMNS = 24;

  static List<Dashboard> all() throws Exception {
    return Dashboard.all();
  }

  @ParameterizedTest
  @MethodSource("all")
  @DisplayName("a dashboard has a schema, a uid, a title, and one variable: the data source")
  void hasWhatGrafanaImports(Dashboard dashboard) {
    JsonObject json = dashboard.json();
    assertThat(json.getInteger("schemaVersion")).isEqualTo(39);
    assertThat(json.getString("uid")).isEqualTo("starling-" + dashboard.name()).hasSizeLessThan(41);
    assertThat(json.getString("title")).startsWith("Starling: ");
    assertThat(json.fieldNames())
        .as("what only one Grafana knows")
        .doesNotContain("id", "__inputs");
    assertThat(dashboard.variables())
        .singleElement()
        .satisfies(
            variable -> {
              assertThat(variable.getString("name")).isEqualTo("datasource");
              assertThat(variable.getString("type")).isEqualTo("datasource");
              assertThat(variable.getString("query")).isEqualTo("prometheus");
            });
  }

  @ParameterizedTest
  @MethodSource("all")
  @DisplayName("each panel asks the chosen Prometheus, by no other variable, and has its place")
  void hasPanelsThatCanBeDrawn(Dashboard dashboard) {
    Set<Integer> ids = new HashSet<>();
    Set<String> taken = new HashSet<>();
    for (JsonObject panel : dashboard.panels()) {
      String title = panel.getString("title");
      assertThat(title).isNotBlank();
      assertThat(ids.add(panel.getInteger("id"))).as("the id of %s is its own", title).isTrue();
      assertThat(panel.getString("type")).as(title).isIn("stat", "timeseries", "state-timeline");
      assertThat(panel.getJsonObject("datasource")).as(title).isEqualTo(SOURCE);
      JsonObject place = panel.getJsonObject("gridPos");
      assertThat(place.getInteger("x") + place.getInteger("w"))
          .as(title)
          .isLessThanOrEqualTo(COLUMNS);
      for (int x = 0; x < place.getInteger("w"); x++) {
        for (int y = 0; y < place.getInteger("h"); y++) {
          String cell = (place.getInteger("x") + x) + "," + (place.getInteger("y") + y);
          assertThat(taken.add(cell)).as("%s covers no other panel", title).isTrue();
        }
      }
      JsonArray targets = panel.getJsonArray("targets");
      assertThat(Dashboard.objects(targets).map(target -> target.getString("refId")))
          .as(title)
          .isNotEmpty()
          .doesNotHaveDuplicates();
    }
    assertThat(dashboard.queries())
        .allSatisfy(
            query ->
                assertThat(query.within("1m")).as(query.where()).isNotBlank().doesNotContain("$"));
  }
}
