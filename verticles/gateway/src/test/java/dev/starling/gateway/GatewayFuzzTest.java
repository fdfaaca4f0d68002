package dev.starling.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.netty.util.NetUtil;
import io.vertx.core.MultiMap;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What strangers send is read, or refused for what it is; nothing else ever comes of it. */
class GatewayFuzzTest {
  /** What is fuzzed, and what the fuzzer begins with. */
  enum Parser {
    IDEMPOTENCY_KEY(GatewayFuzzTest::idempotencyKey, "\"a\\\\b\\\"c\"", "a-b", "a\nb"),
    PREFER(GatewayFuzzTest::prefer, "respond-async;wait=3, return=minimal", "wait=\"2\"\nwait=1"),
    FORWARDED(
        GatewayFuzzTest::forwarded, "192.0.2.1, 10.0.0.1\n10.0.0.2", "::ffff:1.2.3.4,[::1]:80,,"),
    ACCEPT(GatewayFuzzTest::accept, "text/html;q=0.5, */*;q=0.1;a=b\napplication/json;q=0.0");

    final Consumer<List<String>> check;
    final List<String> seeds;

    Parser(Consumer<List<String>> check, String... seeds) {
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

  /** A header field comes as bytes, which are its characters, on one line or several. */
  @MethodSource("seeds")
  @FuzzTest
  @DisplayName("HT3 TH8 whatever is sent is read or refused")
  void readsOrRefuses(@NotNull Parser parser, byte @NotNull [] sent) {
    List<String> lines = List.of(new String(sent, ISO_8859_1).split("\n", -1));
    (ONLY == null ? parser : ONLY).check.accept(lines);
  }

  private static void idempotencyKey(List<String> lines) {
    try {
      assertThat(IdempotencyKey.of(headers(IdempotencyKey.NAME, lines))).matches("[!-~]{1,255}");
    } catch (ServiceException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.MALFORMED);
    }
  }

  private static void prefer(List<String> lines) {
    assertThat(Patience.of(headers(Patience.NAME, lines), 10_000)).isBetween(0L, 10_000L);
  }

  /** An address that may be counted by, whatever was forwarded. */
  private static void forwarded(List<String> lines) {
    ClientAddress addresses = new ClientAddress(List.of("10.0.0.0/8", "::/1"));
    String client = addresses.of("10.1.2.3", String.join(",", lines));
    assertThat(NetUtil.createByteArrayFromIpAddressString(client)).isNotNull();
  }

  private static void accept(List<String> lines) {
    try {
      OperationRoute.accepts(lines);
    } catch (ServiceException e) {
      assertThat(e.code()).isEqualTo(ErrorCode.NOT_ACCEPTABLE);
    }
  }

  private static MultiMap headers(String name, List<String> lines) {
    return MultiMap.caseInsensitiveMultiMap().add(name, lines);
  }
}
