package dev.starling.console;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.runtime.ErrorCode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.regex.Pattern;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What the page repeats of the nodes, since it is not compiled with them. */
class PagePartsTest {
  private static final Pattern OURS = Pattern.compile("const OURS = \\[([^]]*)]");
  private static final Pattern WORD = Pattern.compile("\"([^\"]*)\"");

  @Test
  @DisplayName("the page counts as faults all outcomes for which the caller is not to blame")
  void knowsAllFaults() throws IOException {
    String parts =
        new String(
            ConsolePage.class.getResourceAsStream("page/parts.js").readAllBytes(),
            StandardCharsets.UTF_8);
    String ours = OURS.matcher(parts).results().findFirst().orElseThrow().group(1);
    assertThat(WORD.matcher(ours).results().map(word -> word.group(1)))
        .containsExactlyInAnyOrderElementsOf(
            Arrays.stream(ErrorCode.values())
                .filter(code -> code.status() >= 500)
                .map(ErrorCode::kind)
                .toList());
  }
}
