package dev.starling.gateway;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OperationRouteTest {
  private static final String MANY = ";a=b".repeat(100_000);

  @ParameterizedTest
  @ValueSource(
      strings = {
        "*/*",
        "application/*",
        "application/json",
        "Application/JSON;charset=utf-8",
        "text/html, application/json",
        "application/json;q=0.1",
        "text/html;q=0, */*;q=0.001, text/plain"
      })
  @DisplayName("HT3 answers who accepts JSON, however long the field is")
  void answersWhoAcceptsJson(String accept) {
    assertThatCode(() -> OperationRoute.accepts(List.of(accept))).doesNotThrowAnyException();
    assertThatCode(() -> OperationRoute.accepts(List.of(accept + MANY))).doesNotThrowAnyException();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "text/html",
        "application/json;q=0",
        "application/json;q=0.0",
        "*/*; q=0 ;a=b",
        "application/jsonp",
        "text/html;a=*/*"
      })
  @DisplayName("HT3 refuses who does not, however long the field is")
  void refusesWhoDoesNot(String accept) {
    for (String field : List.of(accept, accept + MANY)) {
      assertThatThrownBy(() -> OperationRoute.accepts(List.of(field)))
          .isInstanceOfSatisfying(
              ServiceException.class,
              e -> assertThat(e.code()).isEqualTo(ErrorCode.NOT_ACCEPTABLE));
    }
  }
}
