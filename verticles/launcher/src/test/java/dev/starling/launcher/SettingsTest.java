package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import dev.starling.runtime.Nearest;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SettingsTest {
  @Test
  void everyDefaultIsAValueOfItsType() {
    assertThat(Settings.ALL)
        .allSatisfy(
            setting ->
                assertThatCode(() -> setting.read(setting.standard())).doesNotThrowAnyException());
  }

  @Test
  void everySettingHasItsOwnNameInEveryLayer() {
    assertThat(Settings.by(Setting::path)).hasSameSizeAs(Settings.ALL);
    assertThat(Settings.by(Setting::environmentVariable)).hasSameSizeAs(Settings.ALL);
    assertThat(Settings.by(Setting::systemProperty)).hasSameSizeAs(Settings.ALL);
    assertThat(Settings.ALL)
        .allSatisfy(setting -> assertThat(setting.path()).matches("[a-z]+([.-][a-z]+)*"));
  }

  @Test
  void namesAreDerivedFromThePath() {
    Setting setting = Settings.by(Setting::path).get("http.body-limit");

    assertThat(setting.environmentVariable()).isEqualTo("STARLING_HTTP_BODY_LIMIT");
    assertThat(setting.systemProperty()).isEqualTo("starling.http.body-limit");
  }

  @ParameterizedTest
  @CsvSource({
    "http.prot, http.port",
    "htpp.port, http.port",
    "user.acces-token-lifetime, user.access-token-lifetime",
    "database.poolsize, database.pool-size",
    "service, services",
    "log.levels, log.level",
  })
  void theNearestNameIsTheOneWithTheFewestEdits(String unknown, String nearest) {
    assertThat(Nearest.to(unknown, Settings.by(Setting::path).keySet())).isEqualTo(nearest);
  }

  @Test
  void theTableHasARowForEachSettingAndOneForTheServicesOwn() {
    List<String> rows = Settings.table().lines().toList();

    assertThat(rows).hasSize(2 + Settings.ALL.size() + 1);
    assertThat(rows).allSatisfy(row -> assertThat(row.split("\\|", -1)).hasSize(5));
    assertThat(rows)
        .contains(
            "| `user.access-token-lifetime` | `300s` | How long an access token is valid (a number"
                + " with a unit (ms, s, m, h or d) from 1s to 900s) |");
  }
}
