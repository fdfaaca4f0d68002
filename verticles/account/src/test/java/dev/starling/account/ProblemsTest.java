package dev.starling.account;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.FieldError;
import dev.starling.runtime.ServiceException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ProblemsTest {
  private static final List<Field> FIELDS =
      List.of(Field.username(), Field.newPassword("password", "Password"));

  private static Problems of(ErrorCode code, FieldError... errors) {
    return Problems.of(new ServiceException(code, "detail", List.of(errors)), FIELDS);
  }

  @Test
  void saysAtEachFieldWhatIsWrongWithIt() {
    Problems problems =
        of(
            ErrorCode.INVALID,
            new FieldError("/username", "unique", "This username is taken"),
            new FieldError("/password", "blocked", "is too easy to guess"),
            new FieldError("/password", "similar", "is too much like the username"),
            new FieldError("", "odd", "Something else"));

    assertThat(problems.status()).isEqualTo(422);
    assertThat(problems.fields())
        .containsEntry("username", "This username is taken.")
        .containsEntry("password", "Password is too easy to guess.")
        .hasSize(2);
    assertThat(problems.texts()).containsExactly("Something else.");
  }

  @Test
  void saysNothingOfWhatIsInsideOfUs() {
    for (ErrorCode code :
        List.of(ErrorCode.INTERNAL, ErrorCode.UNAVAILABLE, ErrorCode.OVERLOADED)) {
      assertThat(of(code).texts()).hasSize(1).noneMatch(text -> text.contains("detail"));
    }
  }

  @Test
  void neverAnswersWithAChallengeThatThereIsNot() {
    assertThat(of(ErrorCode.UNAUTHENTICATED).status()).isEqualTo(403);
  }

  @ParameterizedTest
  @CsvSource({
    "1, 1 second",
    "119, 119 seconds",
    "120, 2 minutes",
    "121, 3 minutes",
    "7200, 2 hours",
    "7201, 3 hours"
  })
  void neverTellsAShorterWaitThanThereIs(long seconds, String text) {
    assertThat(Problems.duration(seconds)).isEqualTo(text);
  }
}
