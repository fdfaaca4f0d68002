package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.Map;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OperationHandlerTest {

  @Test
  void readsParameters() {
    assertThat(OperationHandler.parameters("{\"a\":\"1\"}")).isEqualTo(Map.of("a", "1"));
    assertThat(OperationHandler.parameters(null)).isNull();
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "[]", "{", "{\"a\":null}", "{\"a\":{}}", "{\"a\":[\"1\"]}"})
  @DisplayName("HT3 refuses parameters that are not text")
  void refusesParametersThatAreNotText(String parameters) {
    assertThatThrownBy(() -> OperationHandler.parameters(parameters))
        .isInstanceOfSatisfying(
            ServiceException.class, e -> assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED));
  }
}
