package dev.starling.launcher;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.FieldError;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ById;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.api.UserContract.User;
import io.vertx.core.Future;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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
    assertThat(rules(refused("ada", emoji(14)))).containsExactly("/password code-point-length");

    register("ada", "correct horse !");
    register("bob", emoji(15));
    login("bob", emoji(15));
  }

  private static String emoji(int count) {
    int[] codePoints = IntStream.range(0, count).map(i -> 0x1f600 + i).toArray();
    return new String(codePoints, 0, count);
  }

  @Test
  @DisplayName("PW2 up to 128 characters count to the last one, more are refused")
  void countsTheLastCharacterOfALongPassword() {
    for (int length : new int[] {64, 73, 100, 128}) {
      String name = "user" + length;
      String password = Client.PASSWORD + "x".repeat(length - 1 - Client.PASSWORD.length());
      register(name, password + "a");

      login(name, password + "a");
      assertThat(refusal(() -> login(name, password + "b"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
      assertThat(refusal(() -> login(name, password))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    }
    String wide = Client.PASSWORD + "\ud83d\ude00".repeat(127 - Client.PASSWORD.length());
    register("wide", wide + "a");
    assertThat(refusal(() -> login("wide", wide + "b"))).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(rules(refused("ada", "x".repeat(129))))
        .containsExactly("/password code-point-length");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "correct horse battery",
        "aaaa bbbb cccc dddd",
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
    ServiceException common = refused("ada", "iloveyoupassword");
    assertThat(common.problem("x")).isEqualTo(refused("bob", "iloveyoupassword").problem("x"));
    assertThat(rules(common)).containsExactly("/password blocked");
  }

  private ServiceException refusedChange(Harness node, String token, String password) {
    return catchThrowableOfType(
        ServiceException.class,
        () ->
            patiently(
                () ->
                    node.call(
                        UserContract.CHANGE_PASSWORD,
                        new ChangePassword(Client.PASSWORD, password),
                        token)));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          password123456789 | blocked | is too easy to guess, being made of common passwords
          abababababababab  | blocked | is too easy to guess, being made of a repetition
          poiuytrewqlkjhgf  | blocked | is too easy to guess, being made of a sequence of the keyboard or the alphabet
          Adalovelace7k2m9q | blocked | is too easy to guess, being made of the username or the service's name
          7k-starling-2m9q  | blocked | is too easy to guess, being made of the username or the service's name
          adxlovelxce.k7ab  | similar | is too much like the username or the address
          """)
  @DisplayName(
      "PW5 PW6 what is easy to guess is refused at registration and change, with the reason")
  void refusesWhatIsEasyToGuess(String password, String rule, String reason) {
    ServiceException registration = refused("AdaLovelace.k7", password);
    assertThat(registration.code()).isEqualTo(ErrorCode.INVALID);
    assertThat(registration.errors()).containsExactly(new FieldError("/password", rule, reason));

    register("AdaLovelace.k7", Client.PASSWORD);
    String token = login("adalovelace.k7", Client.PASSWORD).accessToken();
    ServiceException change = refusedChange(node, token, password);
    assertThat(change.code()).isEqualTo(ErrorCode.INVALID);
    assertThat(change.errors()).containsExactly(new FieldError("/newPassword", rule, reason));
    login("adalovelace.k7", Client.PASSWORD);
  }

  @Test
  @DisplayName("PW7 a breached password is refused at registration and change, others are not")
  void refusesBreachedPasswords(@TempDir Path directory) throws Exception {
    String breached = "seven tidy walruses";
    byte[] hash = MessageDigest.getInstance("SHA-1").digest(breached.getBytes(UTF_8));
    Path file = directory.resolve("breached");
    Files.writeString(file, HexFormat.of().withUpperCase().formatHex(hash) + ":3\r\n");
    Harness strict = node();
    Harness.await(deploy(strict, config().put("breached-passwords", file.toString())));

    ServiceException registration =
        catchThrowableOfType(
            ServiceException.class,
            () ->
                patiently(() -> strict.call(UserContract.REGISTER, new Register("ada", breached))));
    assertThat(registration.code()).isEqualTo(ErrorCode.INVALID);
    assertThat(rules(registration)).containsExactly("/password breached");

    registerAda(strict);
    String token = login(strict).accessToken();
    assertThat(rules(refusedChange(strict, token, breached)))
        .containsExactly("/newPassword breached");
    register("bob", breached);
  }

  @Test
  @DisplayName("PW7 without the file that is configured the service does not start, and says so")
  void needsTheFile(@TempDir Path directory) {
    String missing = directory.resolve("missing").toString();

    assertThatThrownBy(
            () -> Harness.await(deploy(node(), config().put("breached-passwords", missing))))
        .hasStackTraceContaining(
            "user.breached-passwords %s cannot be used: java.nio.file.NoSuchFileException"
                .formatted(missing));
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
