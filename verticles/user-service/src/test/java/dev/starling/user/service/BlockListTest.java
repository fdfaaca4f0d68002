package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class BlockListTest {
  private static final String USER = "Ada.Lovelace";
  private static final String ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
  private static final BlockList LIST = new BlockList(15);

  private static List<String> common() throws IOException {
    try (InputStream list = BlockList.class.getResourceAsStream("common-passwords.txt")) {
      return new String(list.readAllBytes(), US_ASCII).lines().toList();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          passwordpassword             | common passwords and a repetition
          password123456789            | common passwords
          iloveyoupassword             | common passwords
          PaSsWoRdIlOvEyOu             | common passwords
          baseball football            | common passwords
          correct horse battery staple | common passwords
          p4ssw0rd1234567!             | common passwords
          P@$$w0rd dr4g0n              | common passwords
          letmeinletmein12             | common passwords and a repetition
          Welcome2024!!!!              | common passwords and a repetition
          abcabcabcabcabc              | a sequence of the keyboard or the alphabet and a repetition
          x7kx7kx7kx7kx7kx7kx          | a repetition
          x7k2m9qpx7k2m9qp             | a repetition
          aaaaaaaaaaaaaaaa             | a repetition
          !!!!!!!!!!!!!!!!             | a repetition
          😀😀😀😀😀😀😀😀😀😀😀😀😀😀😀 | a repetition
          1234567890123456             | a sequence of the keyboard or the alphabet
          4567890123456789             | a sequence of the keyboard or the alphabet
          9876543210987654             | a sequence of the keyboard or the alphabet
          qwertyuiopasdfgh             | a sequence of the keyboard or the alphabet
          poiuytrewqlkjhgf             | a sequence of the keyboard or the alphabet
          QwErTzUiOpAsDfGh             | a sequence of the keyboard or the alphabet
          abcdefghijklmnop             | a sequence of the keyboard or the alphabet
          ponmlkjihgfedcba             | a sequence of the keyboard or the alphabet
          1qaz2wsx3edc4rfv             | a sequence of the keyboard or the alphabet
          1q2w3e4r5t6y7u8i             | a sequence of the keyboard or the alphabet
          112233445566778899           | a sequence of the keyboard or the alphabet
          йцукенгшщзфывапр             | a sequence of the keyboard or the alphabet
          ada.lovelace7k2m             | the username or the service's name
          adalovelaceADALOVELACE       | the username or the service's name and a repetition
          xx-4d4.l0v3l4c3-xx           | the username or the service's name
          starling7k2m9qpz             | the username or the service's name
          $t4rling starling            | the username or the service's name
          """)
  @DisplayName("PW5 what many choose, repetitions, sequences and names are refused, and said")
  void refuses(String password, String of) {
    assertThat(LIST.refusal(password, USER)).hasValue("is too easy to guess, being made of " + of);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "correct horse battery",
        "another correct horse",
        "correct horse !",
        "onlylowercaseletters",
        "aaaa bbbb cccc dddd",
        "mother father sister",
        "i love you very much",
        "the quick brown fox",
        "my password is on a horse",
        "это очень длинная",
        "мама мыла раму вчера",
        "27182818284590452353602",
        "the starling of ada sings",
        "x7k2m9qp4w",
      })
  @DisplayName("PW3 PW5 phrases of ordinary words pass, and whatever is hard to guess")
  void letsPass(String password) {
    assertThat(LIST.refusal(password, USER)).isEmpty();
  }

  @Test
  @DisplayName("PW5 refuses each password of the list that is long enough, in capitals too")
  void refusesTheWholeList() throws IOException {
    for (int minimum : new int[] {8, 10, 15}) {
      BlockList list = new BlockList(minimum);
      List<String> longEnough =
          common().stream().filter(password -> password.length() >= minimum).toList();

      assertThat(longEnough)
          .hasSizeGreaterThan(minimum == 8 ? 3_000 : 70)
          .allSatisfy(
              password ->
                  assertThat(list.refusal(password.toUpperCase(Locale.ROOT), USER)).isPresent());
    }
  }

  @Test
  @DisplayName("PW5 refuses common passwords one after another, with digits and signs around them")
  void refusesConcatenations() throws IOException {
    List<String> most = common().subList(0, 500);
    Random random = new Random(1);
    Stream<String> pairs =
        Stream.generate(
                () ->
                    one(random, most)
                        + List.of("", " ", "-").get(random.nextInt(3))
                        + one(random, most)
                        + List.of("", "1", "!", "123456").get(random.nextInt(4)))
            .filter(password -> password.length() >= 15);

    assertThat(pairs.limit(1_000)).allSatisfy(this::assertRefused);
  }

  @Test
  @DisplayName("PW5 refuses repetitions of whatever is shorter than nine characters")
  void refusesRepetitions() {
    Random random = new Random(2);
    for (int i = 0; i < 1_000; i++) {
      String part = random(random, 1 + random.nextInt(8), ALPHABET);
      assertRefused(part.repeat(15 / part.length() + 1 + random.nextInt(3)));
    }
  }

  @Test
  @DisplayName("PW5 refuses the username with up to eight characters before or behind it")
  void refusesThePaddedName() {
    Random random = new Random(3);
    for (int i = 0; i < 1_000; i++) {
      String padding = random(random, 3 + random.nextInt(6), ALPHABET);
      assertRefused(padding + USER);
      assertRefused(USER.toUpperCase(Locale.ROOT) + padding);
      assertRefused(padding + "starling");
    }
  }

  private void assertRefused(String password) {
    assertThat(LIST.refusal(password, USER)).as(password).isPresent();
  }

  private static String one(Random random, List<String> words) {
    return words.get(random.nextInt(words.size()));
  }

  private static String random(Random random, int length, String alphabet) {
    StringBuilder text = new StringBuilder();
    random.ints(length, 0, alphabet.length()).forEach(i -> text.append(alphabet.charAt(i)));
    return text.toString();
  }

  @Test
  @DisplayName("PW5 refuses none of 100,000 random passwords")
  void letsRandomPasswordsPass() {
    Random random = new Random(4);

    assertThat(Stream.generate(() -> random(random, 15, ALPHABET)).limit(100_000))
        .filteredOn(password -> LIST.refusal(password, USER).isPresent())
        .isEmpty();
  }

  @Test
  @DisplayName("PW3 PW5 refuses none of 10,000 phrases of four random words, even of common ones")
  void letsRandomPhrasesPass() throws IOException {
    List<String> words = common().stream().filter(word -> word.matches("[a-z]{4,8}")).toList();
    Random random = new Random(5);
    Stream<String> phrases =
        Stream.generate(
            () ->
                String.join(" ", IntStream.range(0, 4).mapToObj(i -> one(random, words)).toList()));

    assertThat(words).hasSizeGreaterThan(5_000);
    assertThat(phrases.limit(10_000))
        .filteredOn(phrase -> LIST.refusal(phrase, USER).isPresent())
        .isEmpty();
  }

  @Test
  @DisplayName(
      "PW1 PW5 where eight characters are enough, random ones are, and listed ones are not")
  void asksLessOfShorterPasswords() {
    BlockList list = new BlockList(8);

    assertThat(list.refusal("x7k2m9qp", USER)).isEmpty();
    assertThat(list.refusal("iloveyou", USER)).isPresent();
    assertThat(list.refusal("password1", USER)).isPresent();
    assertThat(list.refusal("abcdefgh", USER)).isPresent();
  }

  @Test
  @DisplayName("PW4 PW5 what the same password is composed of does not matter")
  void composes() {
    String accents = "e\u0301".repeat(8);

    assertThat(LIST.refusal(accents, USER)).isEqualTo(LIST.refusal("\u00e9".repeat(8), USER));
    assertThat(LIST.refusal("e\u0301a\u0301o\u0301u\u0301i\u0301n\u0303c\u0327c", USER))
        .hasValueSatisfying(reason -> assertThat(reason).endsWith("made of few characters"));
  }

  @Test
  @DisplayName("PW5 a character beyond U+FFFF counts once")
  void countsCodePoints() {
    String emoji =
        IntStream.range(0x1f600, 0x1f60a).mapToObj(Character::toString).collect(joining());

    assertThat(LIST.refusal(emoji, USER)).isEmpty();
    assertThat(LIST.refusal(emoji.substring(2), USER)).isPresent();
  }

  @Test
  @DisplayName("PW5 a long password takes less than a millisecond")
  void isFast() {
    List<String> longOnes =
        List.of("a".repeat(128), "password".repeat(16), "\ud83d\ude00".repeat(128));
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();

    for (String password : longOnes) {
      long[] nanos = new long[200];
      for (int i = 0; i < nanos.length; i++) {
        long begun = threads.getCurrentThreadCpuTime();
        LIST.refusal(password, USER);
        nanos[i] = threads.getCurrentThreadCpuTime() - begun;
      }
      Arrays.sort(nanos);
      assertThat(nanos[nanos.length / 2]).isLessThan(1_000_000);
    }
  }

  @Test
  @DisplayName("PW5 the cost of a text of any length is bounded")
  void looksAtTheBeginOnly() {
    assertThat(LIST.refusal("a".repeat(256) + "x7k2m9qp4w", USER)).isPresent();
    assertThat(LIST.refusal("a".repeat(246) + "x7k2m9qp4w", USER)).isEmpty();
  }
}
