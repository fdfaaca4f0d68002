package dev.starling.runtime;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.math.BigInteger;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.Signature;
import java.security.interfaces.EdECPublicKey;
import java.time.Clock;
import java.time.Instant;
import java.time.InstantSource;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TokenVerifierTest {
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();
  private static final String HEADER = "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}";
  private static final long START = 1_700_000_000;

  private final KeyPair pair = generate();
  private long now = START;
  private int loads;
  private Future<JsonObject> source = Future.succeededFuture(set("k1", pair));
  private TokenVerifier verifier;

  @BeforeEach
  void make() {
    InstantSource instants = () -> Instant.ofEpochSecond(now);
    verifier =
        new TokenVerifier(
            "issuer",
            "audience",
            new Ticking(instants),
            () -> {
              loads++;
              return source;
            });
  }

  @Test
  void saysWhoCalls() {
    Caller caller = verifier.verify(token(claims())).result();

    assertThat(caller.subject()).isEqualTo("ada");
    assertThat(caller.expires()).isEqualTo(START + 300);
    assertThat(caller.claims().getString("sid")).isEqualTo("s1");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"typ\":\"at+jwt\",\"alg\":\"none\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"None\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"eddsa\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"Ed25519\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"HS256\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":null,\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":[\"EdDSA\"],\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":null}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":1}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k2\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"\"}",
        "{\"typ\":\"JWT\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}",
        "{\"typ\":\"refresh+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\",\"crit\":[\"x\"],\"x\":1}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\",\"crit\":[]}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\",\"b64\":false}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\",\"jku\":\"https://evil\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\",\"x5u\":\"https://evil\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\",\"jwk\":{\"kty\":\"OKP\"}}",
        "{\"typ\":\"at+jwt\",\"alg\":\"none\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k2\",\"kid\":\"k1\"}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}x",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\"}{}",
        "{\"typ\":\"at+jwt\",\"alg\":\"EdDSA\",\"kid\":\"k1\"",
        "[]",
        "null",
        "\"at+jwt\"",
        ""
      })
  @DisplayName(
      "AT2 Default JWTAuth (no kid, crit, any typ): refuses a header that is not exactly ours")
  void refusesAHeaderThatIsNotExactlyOurs(String header) {
    assertRefused(sign(part(header) + "." + part(claims().encode())));
  }

  @ParameterizedTest
  @ValueSource(strings = {"iss", "aud", "exp", "iat", "sub", "jti"})
  @DisplayName(
      "AT2 Default JWTAuth (exp absent, exp null): refuses a token without a claim, by its future")
  void refusesATokenWithoutAClaim(String claim) {
    JsonObject without = claims();
    without.remove(claim);

    assertRefused(token(without));
    assertRefused(token(claims().putNull(claim)));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"iss\":\"another\"}",
        "{\"iss\":[\"issuer\"]}",
        "{\"aud\":\"another\"}",
        "{\"aud\":[\"another\"]}",
        "{\"aud\":\"audience2\"}",
        "{\"aud\":\"Audience\"}",
        "{\"exp\":1699999970}",
        "{\"exp\":0}",
        "{\"exp\":-1}",
        "{\"exp\":9223372036854775807}",
        "{\"exp\":\"1700000300\"}",
        "{\"exp\":true}",
        "{\"exp\":{}}",
        "{\"iat\":1700000031}",
        "{\"iat\":\"1700000000\"}",
        "{\"nbf\":1700000031}",
        "{\"nbf\":\"1600000000\"}",
        "{\"sub\":\"\"}",
        "{\"sub\":5}",
        "{\"sub\":{}}",
        "{\"jti\":\"\"}"
      })
  @DisplayName("AT2 refuses a claim that is wrong")
  void refusesAClaimThatIsWrong(String wrong) {
    assertRefused(token(claims().mergeIn(new JsonObject(wrong))));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "null", "[]", "{", "{}", "{}x", "\"\""})
  void refusesClaimsThatAreNone(String claims) {
    assertRefused(sign(part(HEADER) + "." + part(claims)));
  }

  @Test
  void refusesAClaimThatIsGivenTwice() {
    String once = claims().encode();
    String twice = once.substring(0, once.length() - 1) + ",\"sub\":\"root\"}";

    assertRefused(sign(part(HEADER) + "." + part(twice)));
  }

  @Test
  void allowsClocksToDifferByThirtySeconds() {
    assertThat(verifier.verify(token(claims().put("exp", START - 29))).succeeded()).isTrue();
    assertThat(verifier.verify(token(claims().put("iat", START + 30))).succeeded()).isTrue();
    assertThat(verifier.verify(token(claims().put("nbf", START + 30))).succeeded()).isTrue();
  }

  @Test
  @DisplayName("AT2 refuses a MAC with the public key")
  void refusesAMacWithThePublicKey() throws Exception {
    String signed =
        part("{\"typ\":\"at+jwt\",\"alg\":\"HS256\",\"kid\":\"k1\"}")
            + "."
            + part(claims().encode());
    for (byte[] key : List.of(x(pair), pair.getPublic().getEncoded())) {
      Mac mac = Mac.getInstance("HmacSHA256");
      mac.init(new SecretKeySpec(key, "HmacSHA256"));
      assertRefused(signed + "." + BASE64.encodeToString(mac.doFinal(signed.getBytes(UTF_8))));
    }
  }

  @Test
  @DisplayName("AT2 refuses the signature of another key")
  void refusesTheSignatureOfAnotherKey() {
    String signed = part(HEADER) + "." + part(claims().encode());

    assertRefused(signed + "." + signature(signed, generate()));
  }

  @Test
  @DisplayName("AT2 refuses a signature that is none")
  void refusesASignatureThatIsNone() {
    String signed = part(HEADER) + "." + part(claims().encode());

    for (int bytes : new int[] {0, 1, 32, 63, 64, 65, 128}) {
      assertRefused(signed + "." + BASE64.encodeToString(new byte[bytes]));
    }
    assertRefused(signed);
    assertRefused(signed + ".");
  }

  /** S + L verifies too in careless code, and makes a second token of each. */
  @Test
  void refusesTheOtherSignatureOfTheSameToken() {
    String token = token(claims());
    int dot = token.lastIndexOf('.');
    byte[] signature = Base64.getUrlDecoder().decode(token.substring(dot + 1));
    BigInteger order =
        BigInteger.TWO.pow(252).add(new BigInteger("27742317777372353535851937790883648493"));
    byte[] s = reverse(Arrays.copyOfRange(signature, 32, 64));
    byte[] other = new BigInteger(1, s).add(order).toByteArray();
    for (int i = 0; i < 32; i++) {
      signature[32 + i] = i < other.length ? other[other.length - 1 - i] : 0;
    }

    assertRefused(token.substring(0, dot + 1) + BASE64.encodeToString(signature));
  }

  @Test
  void refusesEveryOtherWayToWriteAToken() {
    String token = token(claims());
    int first = token.indexOf('.');
    int last = token.lastIndexOf('.');
    List<String> others =
        new ArrayList<>(
            List.of(
                "",
                ".",
                "..",
                "...",
                token + ".",
                token + ".x",
                "." + token,
                token + "==",
                token + "=",
                token + "\n",
                token + " ",
                " " + token,
                token + "\0",
                token.substring(0, first) + "\n" + token.substring(first),
                token.substring(0, last) + "=" + token.substring(last),
                token.substring(0, last) + ".x" + token.substring(last),
                token.substring(0, last),
                token.substring(0, first),
                token.replace('.', ':'),
                token.replaceFirst("e", "\u0435")));
    char end = token.charAt(token.length() - 1);
    for (char c :
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".toCharArray()) {
      if (c != end) {
        others.add(token.substring(0, token.length() - 1) + c);
      }
    }

    assertThat(verifier.verify(token).succeeded()).isTrue();
    others.forEach(this::assertRefused);
  }

  @Test
  void refusesPaddingThatIsSigned() {
    Base64.Encoder padding = Base64.getUrlEncoder();
    String header = padding.encodeToString((HEADER + "  ").getBytes(UTF_8));

    assertThat(header).endsWith("=");
    assertRefused(sign(header + "." + part(claims().encode())));
  }

  @Test
  void refusesAnyChangeOfASingleCharacter() {
    String token = token(claims());

    for (int i = 0; i < token.length(); i++) {
      char c = token.charAt(i) == 'A' ? 'B' : 'A';
      assertRefused(token.substring(0, i) + c + token.substring(i + 1));
    }
  }

  @Test
  @DisplayName("AT2 refuses a huge token before reading it")
  void refusesAHugeTokenBeforeReadingIt() {
    assertRefused("a".repeat(1 << 20));
    assertRefused(token(claims().put("more", "a".repeat(4096))));
    assertThat(loads).isZero();
  }

  @Test
  void verifiesATokenOnce() {
    String token = token(claims());
    Caller first = verifier.verify(token).result();

    assertThat(verifier.verify(token).result()).isSameAs(first);
    assertThat(verifier.verify(token(claims())).result()).isNotSameAs(first);
    assertThat(loads).isEqualTo(1);
  }

  @Test
  void refusesAKnownTokenOnceItHasEnded() {
    String token = token(claims());
    now = START + 329;
    assertThat(verifier.verify(token).succeeded()).isTrue();

    now = START + 330;
    assertRefused(token);
    assertRefused(token);
  }

  @Test
  @DisplayName("AT6 reads the keys again at most once in ten seconds")
  void readsTheKeysAgainAtMostOnceInTenSeconds() {
    verifier.verify(token(claims()));
    KeyPair second = generate();
    String fresh = token("k2", claims(), second);
    for (int i = 0; i < 1000; i++) {
      assertRefused(token("unknown" + i, claims(), second));
    }
    assertThat(loads).isEqualTo(1);

    source = Future.succeededFuture(set("k2", second));
    now += 9;
    assertRefused(fresh);
    now += 1;
    assertThat(verifier.verify(fresh).succeeded()).isTrue();
    assertThat(loads).isEqualTo(2);
  }

  @Test
  void readsTheKeysOnceForAllWhoWait() {
    Promise<JsonObject> answer = Promise.promise();
    source = answer.future();
    List<Future<Caller>> waiting =
        IntStream.range(0, 100).mapToObj(i -> verifier.verify(token(claims()))).toList();

    assertThat(waiting).noneMatch(Future::isComplete);
    assertThat(loads).isEqualTo(1);
    answer.complete(set("k1", pair));

    assertThat(waiting).allMatch(Future::succeeded);
    assertThat(loads).isEqualTo(1);
  }

  @Test
  void readsTheKeysAgainWhileAKnownOneServes() {
    assertThat(verifier.verify(token(claims())).succeeded()).isTrue();
    Promise<JsonObject> answer = Promise.promise();
    source = answer.future();
    now += 2;
    assertThat(verifier.verify(token(claims())).succeeded()).isTrue();
    assertThat(loads).isEqualTo(1);

    now += 1;
    for (int i = 0; i < 100; i++) {
      assertThat(verifier.verify(token(claims())).succeeded()).isTrue();
    }
    assertThat(loads).isEqualTo(2);
    KeyPair second = generate();
    answer.complete(set("k2", second));

    assertThat(verifier.verify(token("k2", claims(), second)).succeeded()).isTrue();
    assertThat(loads).isEqualTo(2);
  }

  @Test
  @DisplayName("AT4 refuses the tokens of a key that has gone")
  void refusesTheTokensOfAKeyThatHasGone() {
    String verified = token(claims());
    verifier.verify(verified);
    source = Future.succeededFuture(new JsonObject().put("keys", new JsonArray()));
    now += 3;
    verifier.verify(verified);

    assertRefused(verified);
    assertRefused(token(claims()));
    source = Future.succeededFuture(set("k1", pair));
    now += 10;
    assertThat(verifier.verify(verified).succeeded()).isTrue();
  }

  @Test
  void refusesTheTokensOfAKeyThatAnotherHasReplaced() {
    String verified = token(claims());
    verifier.verify(verified);
    source = Future.succeededFuture(set("k1", generate()));
    now += 3;
    verifier.verify(verified);

    assertRefused(verified);
  }

  @Test
  void waitsForTheKeysWhenNobodyAskedForLong() {
    verifier.verify(token(claims()));
    Promise<JsonObject> answer = Promise.promise();
    source = answer.future();
    now += 5;
    Future<Caller> first = verifier.verify(token(claims()));
    Future<Caller> second = verifier.verify(token(claims()));

    assertThat(first.isComplete()).isFalse();
    assertThat(second.isComplete()).isFalse();
    answer.complete(set("k2", generate()));
    assertThat(code(first)).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(code(second)).isEqualTo(ErrorCode.UNAUTHENTICATED);
    assertThat(loads).isEqualTo(2);
  }

  @Test
  void asksNobodyWhenItIsNotAsked() {
    verifier.verify(token(claims()));
    now += 3600;

    assertThat(loads).isEqualTo(1);
  }

  @Test
  void knowsThatAClockMayBePutBack() {
    verifier.verify(token(claims()));
    now -= 3600;
    source = Future.succeededFuture(set("k2", pair));

    assertThat(
            verifier
                .verify(token("k2", claims().put("iat", now).put("exp", now + 300), pair))
                .succeeded())
        .isTrue();
  }

  @Test
  void blamesNoCallerWhenTheKeysCannotBeHad() {
    source = Future.failedFuture("the network is down at 10.0.0.7");
    assertThat(code(verifier.verify(token(claims())))).isEqualTo(ErrorCode.NOT_STARTED);

    source = Future.succeededFuture(set("k1", pair));
    now += 1;
    assertThat(verifier.verify(token(claims())).succeeded()).isTrue();
  }

  @Test
  void leavesASourceThatFailsAloneForASecond() {
    source = Future.failedFuture("down");
    for (int i = 0; i < 1000; i++) {
      assertThat(code(verifier.verify(token(claims())))).isEqualTo(ErrorCode.NOT_STARTED);
    }
    assertThat(loads).isEqualTo(1);

    now += 1;
    assertThat(code(verifier.verify(token(claims())))).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(loads).isEqualTo(2);
  }

  @Test
  void waitsForNobodyWhileTheSourceFails() {
    verifier.verify(token(claims()));
    now += 3;
    for (int i = 1; i <= 10; i++) {
      Promise<JsonObject> answer = Promise.promise();
      source = answer.future();
      assertThat(verifier.verify(token(claims())).succeeded()).isTrue();
      answer.fail("down");
      assertThat(loads).isEqualTo(1 + i);
      now += 1;
    }
  }

  @Test
  void survivesASourceThatThrows() {
    verifier =
        new TokenVerifier(
            "issuer",
            "audience",
            Clock.systemUTC(),
            () -> {
              throw new IllegalStateException("closed");
            });

    assertThat(code(verifier.verify(token(claims())))).isEqualTo(ErrorCode.NOT_STARTED);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"keys\":5}",
        "{\"keys\":[5]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\",\"x\":\"\"}]}",
        "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\",\"x\":\"!\"}]}"
      })
  void blamesNoCallerForKeysThatCannotBeRead(String keys) {
    source = Future.succeededFuture(new JsonObject(keys));

    assertThat(code(verifier.verify(token(claims())))).isEqualTo(ErrorCode.NOT_STARTED);
  }

  @Test
  void staysWithTheKeysItHasWhenTheyCannotBeReadAgain() {
    verifier.verify(token(claims()));
    now += 60;
    source = Future.failedFuture("down");

    assertThat(code(verifier.verify(token("k2", claims(), pair)))).isEqualTo(ErrorCode.NOT_STARTED);
    assertThat(verifier.verify(token(claims())).succeeded()).isTrue();
  }

  @Test
  void leavesOutKeysOfOtherKinds() {
    JsonArray keys = set("k1", pair).getJsonArray("keys");
    keys.add(new JsonObject().put("kty", "RSA").put("kid", "k2").put("n", "AQAB").put("e", "AQAB"));
    keys.add(new JsonObject().put("kty", "OKP").put("crv", "X25519").put("kid", "k3"));
    source = Future.succeededFuture(new JsonObject().put("keys", keys));

    assertThat(verifier.verify(token(claims())).succeeded()).isTrue();
  }

  private void assertRefused(String token) {
    assertThat(code(verifier.verify(token)))
        .describedAs(token.length() > 2000 ? "long" : token)
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
  }

  private static ErrorCode code(Future<Caller> verified) {
    assertThat(verified.isComplete()).isTrue();
    return verified.failed() ? ((ServiceException) verified.cause()).code() : null;
  }

  private JsonObject claims() {
    return new JsonObject()
        .put("iss", "issuer")
        .put("aud", "audience")
        .put("sub", "ada")
        .put("exp", START + 300)
        .put("iat", START)
        .put("jti", UUID.randomUUID().toString())
        .put("sid", "s1");
  }

  private String token(JsonObject claims) {
    return sign(part(HEADER) + "." + part(claims.encode()));
  }

  private static String token(String kid, JsonObject claims, KeyPair pair) {
    String signed = part(HEADER.replace("k1", kid)) + "." + part(claims.encode());
    return signed + "." + signature(signed, pair);
  }

  private String sign(String signed) {
    return signed + "." + signature(signed, pair);
  }

  private static String signature(String signed, KeyPair pair) {
    try {
      Signature signature = Signature.getInstance("Ed25519");
      signature.initSign(pair.getPrivate());
      signature.update(signed.getBytes(UTF_8));
      return BASE64.encodeToString(signature.sign());
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static String part(String json) {
    return BASE64.encodeToString(json.getBytes(UTF_8));
  }

  private static KeyPair generate() {
    try {
      return KeyPairGenerator.getInstance("Ed25519").generateKeyPair();
    } catch (java.security.GeneralSecurityException e) {
      throw new AssertionError(e);
    }
  }

  private static JsonObject set(String kid, KeyPair pair) {
    JsonObject jwk =
        new JsonObject()
            .put("kty", "OKP")
            .put("crv", "Ed25519")
            .put("kid", kid)
            .put("x", BASE64.encodeToString(x(pair)));
    return new JsonObject().put("keys", new JsonArray().add(jwk));
  }

  private static byte[] x(KeyPair pair) {
    EdECPublicKey key = (EdECPublicKey) pair.getPublic();
    byte[] y = key.getPoint().getY().toByteArray();
    byte[] x = new byte[32];
    for (int i = 0; i < Math.min(32, y.length); i++) {
      x[i] = y[y.length - 1 - i];
    }
    x[31] |= (byte) (key.getPoint().isXOdd() ? 0x80 : 0);
    return x;
  }

  private static byte[] reverse(byte[] bytes) {
    byte[] reversed = new byte[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      reversed[i] = bytes[bytes.length - 1 - i];
    }
    return reversed;
  }

  private static final class Ticking extends Clock {
    private final InstantSource source;

    Ticking(InstantSource source) {
      this.source = source;
    }

    @Override
    public Instant instant() {
      return source.instant();
    }

    @Override
    public ZoneOffset getZone() {
      return ZoneOffset.UTC;
    }

    @Override
    public Clock withZone(java.time.ZoneId zone) {
      return this;
    }
  }
}
