package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.Register;
import jakarta.validation.constraints.Pattern;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What strangers send is read, or refused for what it is; nothing else ever comes of it. */
class UserServiceFuzzTest {
  /** What is fuzzed, and what the fuzzer begins with. */
  enum Parser {
    PHC(
        UserServiceFuzzTest::phc,
        "$argon2id$v=19$m=19456,t=2,p=1,keyid=AbCd+/09$AAAAAAAAAAAAAAAAAAAAAA$"
            + "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "$argon2id$v=19$m=128,t=10,p=16,keyid=AAAAAAAA$AAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAA"),
    USERNAME(
        UserServiceFuzzTest::username, utf16("Ada"), utf16(" \u212b\u0301\u0130\ufb01\ud800 ")),
    PASSWORD(
        UserServiceFuzzTest::password,
        utf16("correct horse"),
        utf16("\u00a0e\u0301\u212b\ud83d\udc69\u200d\ud83d\ude80")),
    EMAIL(UserServiceFuzzTest::email, "ada+b@example.com", "a@b\u00fc.cd", "a@xn--a.b\r\nBcc:"),
    CURSOR(UserServiceFuzzTest::cursor, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
    REFRESH_TOKEN(
        UserServiceFuzzTest::refreshToken, "rt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");

    final Consumer<byte[]> check;
    final List<String> seeds;

    Parser(Consumer<byte[]> check, String... seeds) {
      this.check = check;
      this.seeds = List.of(seeds);
    }
  }

  /** The only one, where scripts/fuzz runs one after the other. */
  private static final Parser ONLY =
      Stream.of(Parser.values())
          .filter(parser -> parser.name().equals(System.getProperty("fuzz.parser")))
          .findFirst()
          .orElse(null);

  static Stream<Arguments> seeds() {
    return Stream.of(Parser.values())
        .filter(parser -> ONLY == null || ONLY == parser)
        .flatMap(
            parser -> parser.seeds.stream().map(s -> arguments(parser, s.getBytes(ISO_8859_1))));
  }

  @MethodSource("seeds")
  @FuzzTest
  @DisplayName("H2 ID1 ID6 PW4 HT10 whatever is sent is read or refused")
  void readsOrRefuses(@NotNull Parser parser, byte @NotNull [] sent) {
    (ONLY == null ? parser : ONLY).check.accept(sent);
  }

  private static void phc(byte[] sent) {
    String stored = new String(sent, UTF_8);
    PhcString.parse(stored)
        .ifPresent(
            hash -> {
              assertThat(hash.encoded()).isEqualTo(stored);
              assertThat(hash.cost().memory()).isBetween(8 * hash.cost().lanes(), 262_144);
              assertThat(hash.cost().iterations()).isBetween(1, 10);
              assertThat(hash.cost().lanes()).isBetween(1, 16);
              assertThat(hash.salt()).hasSizeBetween(8, 64);
              assertThat(hash.tag()).hasSizeBetween(16, 64);
            });
  }

  private static final java.util.regex.Pattern ALLOWED = allowed();

  private static java.util.regex.Pattern allowed() {
    try {
      return java.util.regex.Pattern.compile(
          Register.class.getDeclaredField("username").getAnnotation(Pattern.class).regexp());
    } catch (NoSuchFieldException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void username(byte[] sent) {
    String name = text(sent);
    String key = Username.key(name);
    assertThat(Username.key(key)).isEqualTo(key);
    if (ALLOWED.matcher(name).matches()) {
      assertThat(key).isEqualTo(name.toLowerCase(Locale.ROOT)).isASCII();
    }
  }

  private static void password(byte[] sent) {
    String normal;
    try {
      normal = OpaqueString.of(text(sent));
    } catch (IllegalArgumentException e) {
      assertThat(e).hasMessageStartingWith("A password may not contain");
      return;
    }
    assertThat(OpaqueString.of(normal)).isEqualTo(normal);
  }

  /** What is taken for an address is one, and one only, and in one line. */
  private static void email(byte[] sent) {
    Email.of(new String(sent, UTF_8))
        .ifPresent(
            email -> {
              assertThat(email.address())
                  .matches("[!-?A-~]{1,64}@[a-z0-9.-]+\\.[a-z][a-z0-9-]*")
                  .doesNotContain(",", ";", "<", ">", "(", "\"", ":", "\\")
                  .hasSizeLessThanOrEqualTo(254);
              assertThat(Email.of(email.address()).orElseThrow()).isEqualTo(email);
              assertThat(Email.of(email.key()).orElseThrow().key()).isEqualTo(email.key());
            });
  }

  private static final Cursors CURSORS = new Cursors(new Pepper(new byte[32]));

  private static void cursor(byte[] sent) {
    String text = new String(sent, UTF_8);
    try {
      assertThat(CURSORS.after(CURSORS.last(text))).isEqualTo(text);
    } catch (ServiceException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED);
    }
  }

  private static void refreshToken(byte[] sent) {
    String text = new String(sent, UTF_8);
    if (RefreshTokens.isToken(text)) {
      assertThat(text).isASCII().hasSize(46);
    }
  }

  /** Any UTF-16, lone surrogates too. */
  private static String text(byte[] sent) {
    return ByteBuffer.wrap(sent).asCharBuffer().toString();
  }

  private static String utf16(String text) {
    StringBuilder bytes = new StringBuilder();
    text.chars().forEach(c -> bytes.append((char) (c >> 8)).append((char) (c & 0xff)));
    return bytes.toString();
  }
}
