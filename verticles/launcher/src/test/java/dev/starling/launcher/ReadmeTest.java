package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** What the README shows is what there is. */
class ReadmeTest {
  private static final Path ROOT = Path.of("../..");

  @Test
  void listsEverySettingAsItIsDeclared() throws IOException {
    assertThat(readme()).contains("<!-- table: settings -->\n" + Settings.table() + "<!-- end -->");
  }

  @Test
  void showsTheGreetingThatIsBuiltAndRun() throws IOException {
    Matcher block =
        Pattern.compile("<!-- test: greeting (\\S+) -->\n```java\n(.*?)```", Pattern.DOTALL)
            .matcher(readme());
    int shown = 0;
    while (block.find()) {
      Path file = Path.of("src/it/greeting").resolve(block.group(1));
      assertThat(block.group(2)).isEqualTo(Files.readString(file));
      shown++;
    }
    assertThat(shown).isEqualTo(4);
  }

  @Test
  void namesOnlyFilesThatExist() throws IOException {
    Matcher names =
        Pattern.compile("\\b(?:scripts|conf|cluster-config|verticles)/[A-Za-z0-9./_-]*[A-Za-z]")
            .matcher(readme());
    while (names.find()) {
      if (!names.group().contains("/target/")) {
        assertThat(ROOT.resolve(names.group())).exists();
      }
    }
  }

  private static String readme() throws IOException {
    return Files.readString(ROOT.resolve("README.md"));
  }
}
