package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.runtime.ErrorCode;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.util.Arrays;
import java.util.Properties;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** {@code starling explain} knows every way in which a call can end. */
class ExplanationsTest {
  @Test
  void explainEachErrorCodeAndNoOther() throws IOException {
    Properties texts = new Properties();
    try (Reader reader =
        new InputStreamReader(
            getClass().getResourceAsStream("/dev/starling/cli/codes.properties"), UTF_8)) {
      texts.load(reader);
    }
    for (ErrorCode code : ErrorCode.values()) {
      assertThat(texts.getProperty(code.kind() + ".status"))
          .as(code.kind())
          .isEqualTo(Integer.toString(code.status()));
      assertThat(texts.getProperty(code.kind() + ".means")).as(code.kind()).isNotBlank();
      assertThat(texts.getProperty(code.kind() + ".do")).as(code.kind()).isNotBlank();
    }
    assertThat(
            texts.stringPropertyNames().stream()
                .map(name -> name.substring(0, name.lastIndexOf('.')))
                .collect(Collectors.toSet()))
        .isEqualTo(
            Arrays.stream(ErrorCode.values()).map(ErrorCode::kind).collect(Collectors.toSet()));
  }
}
