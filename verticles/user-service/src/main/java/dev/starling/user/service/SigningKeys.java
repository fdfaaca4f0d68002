package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.user.api.UserContract.KeySet;
import dev.starling.user.api.UserContract.PublicKey;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import io.vertx.sqlclient.SqlConnection;
import io.vertx.sqlclient.Tuple;
import java.util.ArrayList;
import java.util.List;

/**
 * The keys of access tokens: kept in the database, so that every node signs with the same one and
 * knows all, made under a lock, so that nodes which start together make only one.
 *
 * @param signing the key that new tokens are signed with
 * @param published all keys whose tokens are valid
 */
record SigningKeys(SigningKey signing, KeySet published) {
  private static final long LOCK = 0x6b65_7973L; // "keys"

  private static final String VALID =
      """
      SELECT public_jwk, private_key FROM signing_keys
      WHERE revoked_at IS NULL AND (retire_at IS NULL OR retire_at > now())
      ORDER BY active_at <= now() DESC, active_at DESC""";

  /** The keys that are valid now, by one statement; where there are none, one is made. */
  static Future<SigningKeys> load(Call call, Database database, KeyCipher cipher) {
    return database
        .query(call, VALID)
        .compose(
            rows ->
                rows.size() > 0
                    ? Future.succeededFuture(restore(rows, cipher))
                    : database.job(connection -> ensure(connection, cipher)));
  }

  /** The keys that are valid now; where there are none, one is made. */
  static Future<SigningKeys> ensure(SqlConnection connection, KeyCipher cipher) {
    return connection
        .begin()
        .compose(
            transaction ->
                connection
                    .query("SELECT pg_advisory_xact_lock(" + LOCK + ")")
                    .execute()
                    .compose(v -> connection.query(VALID).execute())
                    .compose(
                        rows ->
                            rows.size() > 0
                                ? Future.succeededFuture(restore(rows, cipher))
                                : create(connection, cipher))
                    .compose(keys -> transaction.commit().map(keys))
                    .onFailure(e -> transaction.rollback()));
  }

  private static SigningKeys restore(RowSet<Row> rows, KeyCipher cipher) {
    SigningKey signing = null;
    List<PublicKey> published = new ArrayList<>();
    for (Row row : rows) {
      JsonObject jwk = new JsonObject(row.getString("public_jwk"));
      if (signing == null) {
        byte[] encrypted = row.getBuffer("private_key").getBytes();
        signing = SigningKey.restore(jwk, encrypted, cipher);
      }
      published.add(publicKey(jwk));
    }
    return new SigningKeys(signing, new KeySet(published));
  }

  private static Future<SigningKeys> create(SqlConnection connection, KeyCipher cipher) {
    SigningKey key = SigningKey.generate();
    return connection
        .preparedQuery(
            """
            INSERT INTO signing_keys (kid, public_jwk, private_key, kek_id)
            VALUES ($1, $2, $3, $4)""")
        .execute(
            Tuple.of(
                key.kid(),
                key.publicJwk().encode(),
                Buffer.buffer(key.encrypted(cipher)),
                cipher.id()))
        .map(v -> new SigningKeys(key, new KeySet(List.of(publicKey(key.publicJwk())))));
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
