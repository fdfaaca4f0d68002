package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ById;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What an account may be, and who sees it. */
@Timeout(180)
class AccountsIT extends UserNodes {
  private Harness node;

  @BeforeEach
  void startsANode() {
    node = start();
  }

  private User register(String name, String password) {
    return patiently(() -> node.call(UserContract.REGISTER, new Register(name, password)));
  }

  private Tokens login(String name, String password) {
    return patiently(() -> node.call(UserContract.LOGIN, new Login(name, password)));
  }

  private ServiceException refused(String name, String password) {
    return catchThrowableOfType(ServiceException.class, () -> register(name, password));
  }

  private static List<String> rules(ServiceException refusal) {
    return refusal.errors().stream().map(e -> e.pointer() + " " + e.rule()).toList();
  }

  @Test
  @DisplayName("PW1 fifteen characters as Unicode counts them, not fourteen")
  void countsCharacters() {
    assertThat(rules(refused("ada", "correct horse!")))
        .containsExactly("/password code-point-length");
    assertThat(rules(refused("ada", "\ud83d\ude00".repeat(14))))
        .containsExactly("/password code-point-length");

    register("ada", "correct horse !");
    register("bob", "\ud83d\ude00".repeat(15));
    login("bob", "\ud83d\ude00".repeat(15));
  }

  @Test
  @DisplayName("PW2 up to 128 characters count to the last one, more are refused")
  void countsTheLastCharacterOfALongPassword() {
    for (int length : new int[] {64, 73, 100, 128}) {
      String name = "user" + length;
      String password = "x".repeat(length - 1);
      register(name, password + "a");

      login(name, password + "a");
      assertThat(refusal(() -> login(name, password + "b"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
      assertThat(refusal(() -> login(name, password))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    }
    String wide = "\ud83d\ude00".repeat(127);
    register("wide", wide + "a");
    assertThat(refusal(() -> login("wide", wide + "b"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(rules(refused("ada", "x".repeat(129))))
        .containsExactly("/password code-point-length");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "correct horse battery staple",
        "onlylowercaseletters",
        "\u044d\u0442\u043e \u043e\u0447\u0435\u043d\u044c \u0434\u043b\u0438\u043d\u043d\u0430\u044f",
        "27182818284590452353602"
      })
  @DisplayName("PW3 no characters of certain kinds are asked for")
  void asksForNoKindOfCharacter(String password) {
    register("ada", password);
    login("ada", password);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ab",
        ".ada",
        "-ada",
        "_ada",
        "a b",
        "a/b",
        "..",
        "%2e",
        "a\u200bda",
        "\u0430da",
        "\uff41\uff44\uff41",
        "\u212aate",
        "ad\u0131n",
        "\u0130van",
        "a\nb",
        "me",
        "admin",
        "ROOT",
        "null"
      })
  @DisplayName(
      "ID1 ID2 names that could be taken for another's, or for something else, are refused")
  void refusesNames(String name) {
    assertThat(refused(name, Client.PASSWORD).code()).isEqualTo(ErrorCode.INVALID);
    assertThat(text("SELECT username FROM users")).isEmpty();
  }

  @Test
  @DisplayName("EN5 a weak password is refused alike for a name that is taken and one that is free")
  void checksThePasswordFirst() {
    register("ada", Client.PASSWORD);
    ServiceException taken = refused("ada", "too short");
    ServiceException free = refused("bob", "too short");

    assertThat(taken.problem("x")).isEqualTo(free.problem("x"));
    assertThat(rules(taken)).containsExactly("/password code-point-length");
  }

  @Test
  @DisplayName("AZ2 another's account is as one that does not exist")
  void showsNobodyElse() {
    User ada = register("ada", Client.PASSWORD);
    register("eve", Client.PASSWORD);
    String eve = login("eve", Client.PASSWORD).accessToken();

    ServiceException others = notShown(ada.id(), eve);
    assertThat(others.code()).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(others.problem("x")).isEqualTo(notShown(UUID.randomUUID(), eve).problem("x"));
  }

  private ServiceException notShown(UUID id, String token) {
    return catchThrowableOfType(
        ServiceException.class,
        () -> patiently(() -> node.call(UserContract.GET, new ById(id), token)));
  }

  @Test
  @DisplayName("TH2 twenty who log in as one user at once all get in")
  void letsManyInAtOnce() {
    register("ada", Client.PASSWORD);
    List<Future<Tokens>> logins =
        IntStream.range(0, 20)
            .mapToObj(
                i ->
                    node.node()
                        .client()
                        .call(UserContract.LOGIN, new Login("ada", Client.PASSWORD)))
            .toList();
    Harness.await(Future.join(logins).otherwiseEmpty());

    assertThat(logins)
        .filteredOn(Future::failed)
        .allMatch(f -> isOutOfTime(ServiceException.of(f.cause()).code()));
    assertThat(logins).filteredOn(Future::succeeded).isNotEmpty();
  }

  @Test
  @DisplayName("RT7 each log-in is a session of its own")
  void beginsAnew() {
    register("ada", Client.PASSWORD);
    login("ada", Client.PASSWORD);
    login("ada", Client.PASSWORD);

    assertThat(text("SELECT id::text FROM sessions")).hasSize(2).doesNotHaveDuplicates();
  }

  @Test
  @DisplayName("AZ4 a new database lets nobody in")
  void knowsNobodyAtFirst() {
    for (String name : List.of("admin", "root", "starling", "test", "ada")) {
      for (String password : List.of("", "admin", name, Client.PASSWORD)) {
        assertThat(refusal(() -> login(name, password))).isEqualTo(ErrorCode.UNAUTHENTICATED);
      }
    }
  }
}
