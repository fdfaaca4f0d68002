package dev.starling.user.service;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.nimbusds.jose.jwk.OctetKeyPair;
import io.vertx.core.json.JsonObject;
import java.util.Base64;
import java.util.HexFormat;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

class SigningKeyTest {

  private final KeyCipher cipher = new KeyCipher(new byte[32]);

  /** The key, thumbprint and signature of RFC 8037, appendix A. */
  @Test
  void signsAsTheStandardsExample() {
    byte[] pkcs8 =
        HexFormat.of()
            .parseHex(
                "302e020100300506032b657004220420"
                    + "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60");
    String thumbprint = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
    JsonObject jwk = new JsonObject().put("x", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");

    SigningKey key = SigningKey.restore(jwk, cipher.encrypt(thumbprint, pkcs8), cipher);
    byte[] signature =
        key.sign("eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc".getBytes(US_ASCII));

    assertThat(key.kid()).isEqualTo(thumbprint);
    assertThat(Base64.getUrlEncoder().withoutPadding().encodeToString(signature))
        .isEqualTo(
            "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
  }

  @Test
  @DisplayName("AT5 shows the public half only")
  void showsThePublicHalfOnly() throws Exception {
    SigningKey key = SigningKey.generate();
    JsonObject jwk = key.publicJwk();

    assertThat(jwk.fieldNames()).containsExactlyInAnyOrder("kty", "crv", "x", "kid", "use", "alg");
    OctetKeyPair parsed = OctetKeyPair.parse(jwk.encode());
    assertThat(parsed.isPrivate()).isFalse();
    assertThat(parsed.computeThumbprint()).hasToString(key.kid());
    assertThat(parsed.getKeyID()).isEqualTo(key.kid());
    assertThat(parsed.getKeyUse()).hasToString("sig");
    assertThat(parsed.getAlgorithm()).hasToString("EdDSA");
  }

  @Test
  void isTheSameKeyWhenRestored() {
    SigningKey key = SigningKey.generate();
    SigningKey restored = SigningKey.restore(key.publicJwk(), key.encrypted(cipher), cipher);
    byte[] message = {1, 2, 3};

    assertThat(restored.publicJwk()).isEqualTo(key.publicJwk());
    assertThat(restored.sign(message)).isEqualTo(key.sign(message));
  }

  @Test
  void doesNotMixTheHalvesOfTwoKeys() {
    SigningKey one = SigningKey.generate();
    SigningKey other = SigningKey.generate();

    assertThatThrownBy(() -> SigningKey.restore(one.publicJwk(), other.encrypted(cipher), cipher))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(one.kid());
  }

  @Test
  void everyKeyIsAnother() {
    assertThat(SigningKey.generate().kid()).isNotEqualTo(SigningKey.generate().kid());
  }
}
