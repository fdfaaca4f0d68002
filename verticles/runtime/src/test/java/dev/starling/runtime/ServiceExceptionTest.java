package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonObject;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

class ServiceExceptionTest {
  private static final String TRACE = "0123456789abcdef0123456789abcdef";

  @ParameterizedTest
  @EnumSource
  void comesOverTheBusAsItWas(ErrorCode code) {
    ServiceException sent =
        new ServiceException(
            code,
            "two fields \u201cbroken\u201d",
            List.of(
                new FieldError("/a~1b/0", "size", "is \"too\" long"),
                new FieldError("", "whole", "does not fit")));

    ServiceException received = ServiceException.of(overTheBus(sent));

    assertThat(received.code()).isEqualTo(code);
    assertThat(received.getMessage()).isEqualTo(sent.getMessage());
    assertThat(received.errors()).isEqualTo(sent.errors());
    assertThat(received.problem(TRACE)).isEqualTo(sent.problem(TRACE));
  }

  @ParameterizedTest
  @EnumSource
  void hasAStackTraceOnlyForAFault(ErrorCode code) {
    assertThat(new ServiceException(code, "x").getStackTrace().length > 0)
        .isEqualTo(code.isFault());
  }

  @Test
  void isAProblemOfRfc9457() {
    assertThat(new ServiceException(ErrorCode.NOT_FOUND, "No user 7").problem(TRACE))
        .isEqualTo(
            new JsonObject()
                .put("type", "urn:starling:problem:not-found")
                .put("title", "There is no such thing")
                .put("status", 404)
                .put("detail", "No user 7")
                .put("instance", "urn:starling:trace:" + TRACE));
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "password=secret",
        "null",
        "[]",
        "5",
        "{\"errors\":5}",
        "{\"errors\":[null]}",
        "{\"errors\":[5]}",
        "{\"type\":",
        "{\"errors\":{}}"
      })
  void hidesAnAnswerThatItCannotRead(String message) {
    ServiceException read =
        ServiceException.of(new ReplyException(ReplyFailure.RECIPIENT_FAILURE, 5, message));

    assertThat(read.code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(read).hasMessage("The answer cannot be read");
    assertThat(read.problem(TRACE).encode()).doesNotContain("secret");
  }

  @Test
  void takesACodeOfTheFutureForAFault() {
    JsonObject problem =
        new ServiceException(ErrorCode.CONFLICT, "x")
            .problem(TRACE)
            .put("type", "urn:starling:problem:not-thought-of-yet");

    assertThat(
            ServiceException.of(
                    new ReplyException(ReplyFailure.RECIPIENT_FAILURE, 499, problem.encode()))
                .code())
        .isEqualTo(ErrorCode.INTERNAL);
  }

  @Test
  void tellsWhatTheBusReports() {
    assertThat(ServiceException.of(new ReplyException(ReplyFailure.NO_HANDLERS)).code())
        .isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(ServiceException.of(new ReplyException(ReplyFailure.TIMEOUT)).code())
        .isEqualTo(ErrorCode.TIMED_OUT);
    assertThat(ServiceException.of(new ReplyException(ReplyFailure.ERROR, "x")).code())
        .isEqualTo(ErrorCode.INTERNAL);
  }

  @Test
  void keepsTheTextOfAnyOtherFailureToItself() {
    IllegalStateException cause = new IllegalStateException("jdbc:postgresql://10.0.0.7 refused");

    ServiceException known = ServiceException.of(cause);

    assertThat(known.code()).isEqualTo(ErrorCode.INTERNAL);
    assertThat(known).hasCause(cause);
    assertThat(known.problem(TRACE).encode()).doesNotContain("10.0.0.7");
  }

  private static ReplyException overTheBus(ServiceException sent) {
    return new ReplyException(
        ReplyFailure.RECIPIENT_FAILURE, sent.code().status(), sent.problem(TRACE).encode());
  }
}
