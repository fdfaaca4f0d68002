package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class OperationTest {
  private record Question(String name) {}

  private record Answer(String text) {}

  private final Operation<Question, Answer> query =
      Operation.query("greeting", "greet", Question.class, Answer.class);

  @Test
  void needsATokenAndHasABudgetUnlessToldOtherwise() {
    assertThat(query.spec().open()).isFalse();
    assertThat(query.spec().budget()).isEqualTo(2500);
    assertThat(query.spec().path()).isNull();
    assertThat(query.spec().idempotent()).isTrue();
    assertThat(query.spec().address()).isEqualTo("greeting.greet");
    assertThat(Operation.command("a", "b", Question.class, Answer.class).spec().idempotent())
        .isFalse();
  }

  @Test
  void changesSomethingHoweverOftenItMayBeRepeated() {
    Operation<?, ?> command =
        Operation.command("lab", "end", OperationTest.Nothing.class, OperationTest.Nothing.class);

    assertThat(command.spec().changes()).isTrue();
    assertThat(command.spec().idempotent()).isFalse();
    assertThat(command.idempotent().spec().changes()).isTrue();
    assertThat(command.idempotent().spec().isRepeatable(null)).isTrue();
    assertThat(command.spec().silent()).isTrue();
    assertThat(query.spec().changes()).isFalse();
    assertThat(query.spec().silent()).isFalse();
  }

  private record Nothing() {}

  @Test
  void keepsWhatWasSaidBefore() {
    OperationSpec spec =
        query
            .at(HttpMethod.POST, "/greetings/{name}")
            .keyed()
            .open()
            .within(Duration.ofSeconds(1))
            .creates("/texts/{text}")
            .cacheable(Duration.ofMinutes(1))
            .spec();

    assertThat(spec)
        .isEqualTo(
            new OperationSpec(
                "greeting",
                "greet",
                true,
                true,
                true,
                "POST",
                "/greetings/{name}",
                1000,
                "/texts/{text}",
                60,
                false,
                false,
                null,
                false));
    assertThat(query.spec().path()).isNull();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "Greeting",
        "1greeting",
        "-greeting",
        "gree_ting",
        "gree.ting",
        "gree ting",
        "greeting@node",
        "gr\u00fc\u00dfe",
        "greeting\n",
        "_ping",
        "a23456789012345678901234567890123"
      })
  void refusesABadName(String name) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Operation.query(name, "greet", Question.class, Answer.class))
        .withMessageContaining("'" + name + "' is not a service name");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Operation.command("greeting", name, Question.class, Answer.class))
        .withMessageContaining("'" + name + "' is not an operation name");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "greetings",
        "/",
        "/a/",
        "//a",
        "/a//b",
        "/a b",
        "/a?b=c",
        "/a#b",
        "/a%2Fb",
        "/:name",
        "/*",
        "/{}",
        "/{na-me}",
        "/{name",
        "/name}",
        "/a{name}",
        "/{name}a",
        "/a\n",
        "/\u00e4",
        "/a/../b",
        "/."
      })
  void refusesABadPath(String path) {
    assertThatIllegalArgumentException().isThrownBy(() -> query.at(HttpMethod.GET, path));
    assertThatIllegalArgumentException().isThrownBy(() -> query.creates(path));
  }

  @Test
  void refusesAPathWithWhatIsNoMemberOfTheRequest() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> query.at(HttpMethod.GET, "/greetings/{nmae}"))
        .withMessageContaining("nmae")
        .withMessageContaining("Question");
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S", "PT0.0009S", "PT10M0.001S", "PT9999999H"})
  void refusesABudgetOutOfRange(Duration budget) {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> query.within(budget))
        .withMessageContaining(budget.toString());
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0.001S", "PT10M"})
  void takesTheEndsOfTheRange(Duration budget) {
    assertThat(query.within(budget).spec().budget()).isEqualTo(budget.toMillis());
  }

  @Test
  void refusesARequestThatIsNoRecord() {
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Operation.query("greeting", "greet", String.class, Answer.class))
        .withMessageContaining("java.lang.String");
  }

  @Test
  void isForARoleOrForAllButNotForBoth() {
    Operation<Question, Answer> query =
        Operation.query("greeting", "greet", Question.class, Answer.class);

    assertThatThrownBy(() -> query.only("editor").open())
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("greeting.greet");
    assertThatThrownBy(() -> query.open().only("editor")).isInstanceOf(IllegalStateException.class);
    assertThat(query.administrative().open().spec().administrative()).isTrue();
  }
}
