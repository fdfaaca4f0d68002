package dev.starling.user.service;

import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.PublicKey;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The keys of access tokens at one time.
 *
 * @param signing the key that new tokens are signed with
 * @param since when that began to sign
 * @param published all keys whose tokens are valid, and the one that is to sign next
 */
record SigningKeys(SigningKey signing, Instant since, KeySet published) {
  /**
   * Those of these rows, of which the first signs if any does.
   *
   * @return empty when none does
   */
  static Optional<SigningKeys> of(Iterable<Row> rows, KeyCipher cipher) {
    SigningKey signing = null;
    Instant since = null;
    List<PublicKey> published = new ArrayList<>();
    for (Row row : rows) {
      JsonObject jwk = new JsonObject(row.getString("public_jwk"));
      if (published.isEmpty() && row.getBoolean("signs")) {
        byte[] encrypted = row.getBuffer("private_key").getBytes();
        signing = SigningKey.restore(jwk, encrypted, cipher);
        since = row.getOffsetDateTime("active_at").toInstant();
      }
      published.add(publicKey(jwk));
    }
    return signing == null
        ? Optional.empty()
        : Optional.of(new SigningKeys(signing, since, new KeySet(published)));
  }

  private static PublicKey publicKey(JsonObject jwk) {
    return new PublicKey(
        jwk.getString("kty"),
        jwk.getString("crv"),
        jwk.getString("x"),
        jwk.getString("kid"),
        jwk.getString("use"),
        jwk.getString("alg"));
  }
}
