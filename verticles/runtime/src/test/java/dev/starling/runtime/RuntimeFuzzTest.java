package dev.starling.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.mutation.annotation.NotNull;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.MultiMap;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import jakarta.validation.Valid;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.spec.EdECPrivateKeySpec;
import java.security.spec.NamedParameterSpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What strangers send is read, or refused for what it is; nothing else ever comes of it. */
class RuntimeFuzzTest {
  /** What is fuzzed, and what the fuzzer begins with. */
  enum Parser {
    BODY(
        RuntimeFuzzTest::body,
        "{\"text\":\"ada\",\"id\":\"01936f00-0000-7000-8000-000000000000\",\"wide\":-9e3}",
        "{\"text\":\"ada\",\"number\":1,\"wide\":2,\"real\":1.5e-2,\"flag\":true}",
        "{\"colour\":\"RED\",\"at\":\"2026-11-25T00:00:00Z\",\"time\":\"PT1S\"}",
        "{\"at\":1e9,\"time\":1.5,\"some_bytes\":\"AAAA\",\"text\":\"\\u0000\\ud800\\udc00\"}",
        "{\"list\":[\"a\",null],\"map\":{\"a\":1},\"part\":{\"next\":{\"name\":0}}}",
        "{\"text\":\"ada\",\"id\":null,\"number\":null,\"wide\":0,\"real\":0,\"flag\":false,"
            + "\"colour\":\"RED\",\"at\":\"2026-11-25T00:00:00Z\",\"time\":\"PT1S\","
            + "\"some_bytes\":\"\",\"list\":[],\"map\":{},\"part\":{\"name\":\"\"}}",
        "[]"),
    PARAMETERS(
        RuntimeFuzzTest::parameters,
        "{\"wide\":\"12\",\"real\":\"1.5\",\"flag\":\"true\",\"number\":\"-1\"}",
        "{\"colour\":\"GREEN\",\"at\":\"2026-11-25T00:00:00Z\",\"list\":\"a\",\"id\":\"1\"}",
        "{\"text\":\"ada\",\"none\":\"x\",\"number\":null}",
        "null"),
    TOKEN(RuntimeFuzzTest::token, TestToken.GENUINE),
    TAMPERED(RuntimeFuzzTest::tampered, "\1\2A", "\0\1.\1\1="),
    CLAIMS(
        RuntimeFuzzTest::claims,
        TestToken.HEADER + "." + TestToken.CLAIMS,
        TestToken.HEADER + ".{\"iss\":\"issuer\",\"aud\":[],\"exp\":1e99,\"iat\":null,\"nbf\":1}"),
    RECORD(RuntimeFuzzTest::record, TestRecord.GENUINE),
    FAILURE(
        RuntimeFuzzTest::failure,
        "{\"type\":\"urn:starling:problem:invalid\",\"title\":\"t\",\"status\":422,"
            + "\"detail\":\"d\",\"errors\":[{\"pointer\":\"/a\",\"rule\":\"r\",\"detail\":\"d\"}]}"),
    CALL(
        RuntimeFuzzTest::call,
        "trace=0123456789abcdef0123456789abcdef\nbudget=1000\nfrom=n1\nsent=12",
        "budget=-9223372036855\nsent=-9223372036854775808\nfrom=n1");

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
        .flatMap(parser -> parser.seeds.stream().map(s -> arguments(parser, s.getBytes(UTF_8))));
  }

  @MethodSource("seeds")
  @FuzzTest
  @DisplayName("HT3 AT2 AZ3 whatever is sent is read or refused")
  void readsOrRefuses(@NotNull Parser parser, byte @NotNull [] sent) {
    (ONLY == null ? parser : ONLY).check.accept(sent);
  }

  enum Colour {
    RED,
    GREEN
  }

  record Part(@jakarta.validation.constraints.NotNull String name, @Valid Part next) {}

  record Everything(
      @jakarta.validation.constraints.NotNull @Pattern(regexp = "[a-z]{3,8}") String text,
      UUID id,
      Integer number,
      long wide,
      double real,
      boolean flag,
      Colour colour,
      Instant at,
      Duration time,
      @JsonProperty("some_bytes") byte[] bytes,
      @Size(max = 3) List<@Size(max = 4) String> list,
      Map<String, Integer> map,
      @Valid Part part) {}

  private static void body(byte[] sent) {
    request(Buffer.buffer(sent), null);
  }

  private static void parameters(byte[] sent) {
    request(Buffer.buffer("{\"time\":1}"), new String(sent, UTF_8));
  }

  /** What was read can be written, and read again as the same. */
  private static void request(Buffer body, String parameters) {
    Everything read;
    try {
      read = Codec.request(body, OperationHandler.parameters(parameters), Everything.class);
    } catch (ServiceException e) {
      assertThat(e.code()).isIn(ErrorCode.MALFORMED, ErrorCode.INVALID);
      assertThat(e.problem("trace").encode()).isNotEmpty();
      return;
    }
    Buffer written = Codec.write(read);
    assertThat(Codec.write(Codec.request(written, null, Everything.class))).isEqualTo(written);
  }

  /** Of the key of RFC 8037, A. */
  private static final class TestToken {
    static final String HEADER = "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}";
    static final String CLAIMS =
        "{\"iss\":\"issuer\",\"aud\":\"audience\",\"sub\":\"ada\",\"jti\":\"t1\",\"sid\":\"s1\","
            + "\"iat\":1700000000,\"exp\":1700000300}";

    private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
    private static final PrivateKey KEY = key("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A");

    static final String GENUINE = signed(HEADER, CLAIMS);

    static final TokenVerifier VERIFIER =
        new TokenVerifier(
            "issuer",
            "audience",
            Clock.fixed(Instant.ofEpochSecond(1_700_000_000), ZoneOffset.UTC),
            () -> Future.succeededFuture(set("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")));

    private static PrivateKey key(String d) {
      try {
        byte[] bytes = Base64.getUrlDecoder().decode(d);
        return KeyFactory.getInstance("Ed25519")
            .generatePrivate(new EdECPrivateKeySpec(NamedParameterSpec.ED25519, bytes));
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    private static JsonObject set(String x) {
      JsonObject jwk =
          new JsonObject().put("kty", "OKP").put("crv", "Ed25519").put("kid", "k1").put("x", x);
      return new JsonObject().put("keys", new JsonArray().add(jwk));
    }

    static String signed(String header, String claims) {
      try {
        String text = part(header) + "." + part(claims);
        Signature signature = Signature.getInstance("Ed25519");
        signature.initSign(KEY);
        signature.update(text.getBytes(UTF_8));
        return text + "." + BASE64.encodeToString(signature.sign());
      } catch (GeneralSecurityException e) {
        throw new IllegalStateException(e);
      }
    }

    private static String part(String json) {
      return BASE64.encodeToString(json.getBytes(UTF_8));
    }

    /** Whether it is taken for good. */
    static boolean verified(String token) {
      Future<Caller> caller = VERIFIER.verify(token);
      assertThat(caller.isComplete()).isTrue();
      assertThat(caller.failed() ? ServiceException.of(caller.cause()).code() : null)
          .isIn(null, ErrorCode.UNAUTHENTICATED);
      return caller.succeeded();
    }
  }

  private static void token(byte[] sent) {
    String token = new String(sent, UTF_8);
    assertThat(TestToken.verified(token)).isEqualTo(token.equals(TestToken.GENUINE));
  }

  /** The genuine one with other characters here and there: where, in two bytes, and which. */
  private static void tampered(byte[] sent) {
    StringBuilder token = new StringBuilder(TestToken.GENUINE);
    for (int i = 0; i + 2 < sent.length; i += 3) {
      int where = (sent[i] & 0xff) << 8 | sent[i + 1] & 0xff;
      token.setCharAt(where % token.length(), (char) sent[i + 2]);
    }
    token(token.toString().getBytes(UTF_8));
  }

  /** As if a signing key had been stolen: even then the claims must be what they should be. */
  private static void claims(byte[] sent) {
    String[] parts = new String(sent, UTF_8).split("\\.", 2);
    String claims = parts[parts.length - 1];
    if (TestToken.verified(TestToken.signed(parts[0], claims))) {
      JsonObject good = new JsonObject(claims);
      assertThat(good.getValue("iss")).isEqualTo("issuer");
      assertThat(good.getValue("aud")).isEqualTo("audience");
      assertThat(good.getValue("sub")).isInstanceOf(String.class).isNotEqualTo("");
      assertThat(good.getLong("exp")).isGreaterThan(1_700_000_000 - 30);
    }
  }

  /** Of a secret of 32 zeros. */
  private static final class TestRecord {
    static final String GENUINE =
        "{\"type\":\"starling\",\"status\":\"UP\",\"metadata\":{\"service\":\"user\",\"node\":\"n1\","
            + "\"node-name\":\"one\",\"address\":\"user@n1\",\"version\":\"1\",\"contract\":\"c\","
            + "\"sealed-at\":1764000000000,\"nonce\":\"00000000000000000000000000000000\","
            + "\"seal\":\"9b3f3610b05c3ed1869147cc216981fd3d1bb5abd05b27ed1b2a90d31b03ab45\"}}";

    static final Registry REGISTRY =
        new Registry(Vertx.vertx(), List.of(new byte[32]), new SimpleMeterRegistry());
  }

  /** Only what was sealed is believed, and it says what was sealed. */
  private static void record(byte[] sent) {
    String record = new String(sent, UTF_8);
    var announced = TestRecord.REGISTRY.read("record", record);
    if (announced.isPresent() || record.equals(TestRecord.GENUINE)) {
      assertThat(announced).contains(new Announcement("user", "n1", "one", "user@n1", "1", "c"));
    }
  }

  private static void failure(byte[] sent) {
    String text = new String(sent, UTF_8);
    ServiceException failure =
        ServiceException.of(new ReplyException(ReplyFailure.RECIPIENT_FAILURE, 500, text));
    assertThat(failure.problem("trace").encode()).isNotEmpty();
  }

  /** A message says how long its sender waits, and can make nobody work for longer than that. */
  private static void call(byte[] sent) {
    MultiMap headers = MultiMap.caseInsensitiveMultiMap();
    for (String line : new String(sent, UTF_8).split("\n")) {
      String[] field = line.split("=", 2);
      headers.add(field[0], field[field.length - 1]);
    }
    long waited = new Transit().waited(headers, Transit.now());
    Call call = Call.received(headers, 1_000, waited);
    assertThat(call.remaining()).isLessThanOrEqualTo(1_000);
    assertThat(call.trace()).matches("[0-9a-f]{32}");
  }
}
