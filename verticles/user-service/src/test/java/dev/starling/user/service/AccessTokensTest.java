package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.OctetKeyPair;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import java.nio.ByteBuffer;
import java.security.KeyFactory;
import java.security.Signature;
import java.security.SignatureException;
import java.security.spec.X509EncodedKeySpec;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class AccessTokensTest {

  private static final Instant NOW = Instant.parse("2026-05-04T03:02:01.987Z");
  private static final Clock CLOCK = Clock.fixed(NOW, ZoneOffset.UTC);
  private static final UUID USER = new UUID(1, 2);
  private static final UUID SESSION = new UUID(3, 4);

  private final SigningKey key = SigningKey.generate();
  private final AccessTokens tokens =
      new AccessTokens("https://id.example", "starling", Duration.ofMinutes(5), CLOCK);

  @Test
  @DisplayName("AT1 says who and until when")
  void saysWhoAndUntilWhen() throws Exception {
    SignedJWT token = SignedJWT.parse(issue());
    JWTClaimsSet claims = token.getJWTClaimsSet();

    assertThat(token.getHeader().toJSONObject())
        .containsOnlyKeys("typ", "alg", "kid")
        .containsEntry("typ", "at+jwt")
        .containsEntry("alg", "EdDSA")
        .containsEntry("kid", key.kid());
    assertThat(claims.getClaims())
        .containsOnlyKeys(
            "iss", "sub", "aud", "exp", "iat", "jti", "sid", "auth_time", "amr", "roles");
    assertThat(claims.getStringListClaim("amr")).containsExactly("pwd");
    assertThat(claims.getStringListClaim("roles")).containsExactly("user", "admin");
    assertThat(claims.getIssuer()).isEqualTo("https://id.example");
    assertThat(claims.getAudience()).containsExactly("starling");
    assertThat(claims.getSubject()).isEqualTo(USER.toString());
    assertThat(claims.getStringClaim("sid")).isEqualTo(SESSION.toString());
    assertThat(claims.getIssueTime()).isEqualTo("2026-05-04T03:02:01Z");
    assertThat(claims.getExpirationTime()).isEqualTo("2026-05-04T03:07:01Z");
    assertThat(claims.getLongClaim("auth_time")).isEqualTo(NOW.getEpochSecond() - 60);
  }

  @Test
  void verifiesWithThePublicKeyAlone() throws Exception {
    assertThat(verifies(issue(), key)).isTrue();
    assertThat(verifies(issue(), SigningKey.generate())).isFalse();
  }

  @Test
  void verifiesNoMoreOnceChanged() throws Exception {
    String token = issue();
    int claims = token.indexOf('.') + 1;
    char changed = token.charAt(claims + 20) == 'A' ? 'B' : 'A';

    assertThat(
            verifies(token.substring(0, claims + 20) + changed + token.substring(claims + 21), key))
        .isFalse();
  }

  @Test
  void namesEveryTokenDifferently() throws Exception {
    assertThat(SignedJWT.parse(issue()).getJWTClaimsSet().getJWTID())
        .isNotEqualTo(SignedJWT.parse(issue()).getJWTClaimsSet().getJWTID());
  }

  @ParameterizedTest
  @ValueSource(strings = {"PT0S", "PT-1S", "PT0.9S", "PT15M1S"})
  @DisplayName("AT1 refuses a lifetime that is not short")
  void refusesALifetimeThatIsNotShort(Duration lifetime) {
    assertThatThrownBy(() -> new AccessTokens("issuer", "audience", lifetime, CLOCK))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(lifetime.toString());
  }

  private String issue() {
    return tokens.issue(
        key,
        new Sessions.Live(
            SESSION, USER, NOW.minusSeconds(60), List.of("user", "admin"), List.of("pwd")));
  }

  private static boolean verifies(String token, SigningKey key) throws Exception {
    byte[] x = OctetKeyPair.parse(key.publicJwk().encode()).getDecodedX();
    byte[] prefix = HexFormat.of().parseHex("302a300506032b6570032100");
    byte[] info = ByteBuffer.allocate(prefix.length + x.length).put(prefix).put(x).array();
    int end = token.lastIndexOf('.');
    Signature signature = Signature.getInstance("Ed25519");
    signature.initVerify(
        KeyFactory.getInstance("Ed25519").generatePublic(new X509EncodedKeySpec(info)));
    signature.update(token.substring(0, end).getBytes(US_ASCII));
    try {
      return signature.verify(SignedJWT.parse(token).getSignature().decode());
    } catch (SignatureException e) {
      return false;
    }
  }
}
