package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.NextKey;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * All SQL about signing keys. Every node signs with the same one, which the database says and its
 * clock; whoever changes anything holds one lock, so that several nodes make one key.
 *
 * <p>A key is published as soon as it is there, signs from {@code active_at} until its successor
 * does, and its tokens are valid until {@code retire_at}, which is not set before there is a
 * successor. Nobody has to do anything at these times.
 */
final class KeyRing {
  private static final Logger log = LoggerFactory.getLogger(KeyRing.class);

  private static final long LOCK = 0x6b65_7973L; // "keys"

  private static final Duration CACHED = Duration.ofSeconds(UserContract.KEYS.spec().maxAge());

  /** How long a key is published before it signs: caches, and what a node reads a second late. */
  private static final Duration AHEAD = CACHED.plusSeconds(10);

  /**
   * How long a key is valid after it has signed for the last time: its tokens, the clocks of those
   * who verify them (30 s), caches, and 30 s for a node that goes on with the keys of before.
   */
  private static final Duration BEYOND = AccessTokens.LONGEST.plus(CACHED).plusSeconds(60);

  /** Valid keys, first the one that signs; $1 is {@link #BEYOND}. */
  private static final String VALID =
      """
      SELECT public_jwk, private_key, active_at, active_at <= statement_timestamp() AND coalesce(
        retire_at > statement_timestamp() + make_interval(secs => $1), true) AS signs
      FROM signing_keys
      WHERE revoked_at IS NULL AND coalesce(retire_at > statement_timestamp(), true)
      ORDER BY signs DESC, active_at DESC, kid""";

  /** The key that is to sign; there is one at most. */
  private static final String NEXT =
      "revoked_at IS NULL AND retire_at IS NULL AND active_at > statement_timestamp()";

  private final Database database;
  private final KeyCipher cipher;

  KeyRing(Database database, KeyCipher cipher) {
    this.database = database;
    this.cipher = cipher;
  }

  /** The keys that are valid now, by one statement; where none signs, one is made to. */
  Future<SigningKeys> load(Call call) {
    return valid((sql, parameters) -> database.query(call, sql, parameters))
        .compose(keys -> keys.map(Future::succeededFuture).orElseGet(this::ensure));
  }

  /** The keys that are valid now; where none signs, one is made to. */
  Future<SigningKeys> ensure() {
    return database.jobs().transaction(statements -> locked(statements, () -> current(statements)));
  }

  /** Empty when none signs. */
  private Future<Optional<SigningKeys>> valid(Database.Statements statements) {
    return statements.query(VALID, seconds(BEYOND)).map(rows -> SigningKeys.of(rows, cipher));
  }

  private static double seconds(Duration duration) {
    return duration.toMillis() / 1_000.0;
  }

  /** The lock is waited for, so that from here on the time of the transaction's begin is old. */
  private static <T> Future<T> locked(Database.Statements statements, Supplier<Future<T>> work) {
    return statements.query("SELECT pg_advisory_xact_lock($1)", LOCK).compose(v -> work.get());
  }

  private Future<SigningKeys> current(Database.Statements statements) {
    return valid(statements)
        .compose(
            keys ->
                keys.map(Future::succeededFuture)
                    .orElseGet(
                        () ->
                            begin(statements)
                                .compose(v -> valid(statements))
                                .map(Optional::orElseThrow)));
  }

  /** Lets the next key sign at once; where there is none, a new one, which nobody knows yet. */
  private Future<Void> begin(Database.Statements statements) {
    return statements
        .query(
            """
            UPDATE signing_keys SET active_at = clock_timestamp()
            WHERE kid = (SELECT kid FROM signing_keys WHERE %s)"""
                .formatted(NEXT))
        .compose(
            done ->
                done.rowCount() > 0
                    ? Future.succeededFuture()
                    : make(statements, Duration.ZERO).mapEmpty());
  }

  private static NextKey nextKey(Row row) {
    return new NextKey(row.getString("kid"), row.getOffsetDateTime("active_at").toInstant());
  }

  private static Future<Optional<NextKey>> next(Database.Statements statements) {
    return statements
        .query("SELECT kid, active_at FROM signing_keys WHERE " + NEXT)
        .map(rows -> Accounts.first(rows).map(KeyRing::nextKey));
  }

  /** A key that signs so much later; from then on those of before no longer do. */
  private Future<NextKey> make(Database.Statements statements, Duration ahead) {
    SigningKey key = SigningKey.generate();
    return statements
        .query(
            """
            WITH next AS (
              INSERT INTO signing_keys (kid, public_jwk, private_key, kek_id, created_at, active_at)
              VALUES ($1, $2, $3, $4, clock_timestamp(),
                clock_timestamp() + make_interval(secs => $5))
              RETURNING kid, active_at),
            ends AS (
              UPDATE signing_keys SET retire_at = next.active_at + make_interval(secs => $6)
              FROM next WHERE revoked_at IS NULL AND retire_at IS NULL)
            SELECT kid, active_at FROM next""",
            key.kid(),
            key.publicJwk().encode(),
            Buffer.buffer(key.encrypted(cipher)),
            cipher.id(),
            seconds(ahead),
            seconds(BEYOND))
        .map(rows -> nextKey(rows.iterator().next()));
  }

  /** Publishes another key, which is to sign; while one waits to do so, it is that one. */
  Future<NextKey> rotate(Call call) {
    return database.transaction(
        call,
        statements ->
            locked(statements, () -> rotate(statements))
                .compose(next -> happened(statements, "key-rotated", call, next.kid()).map(next)));
  }

  private static Future<?> happened(
      Database.Statements statements, String what, Call call, String kid) {
    return statements.query(
        "SELECT happened($1, NULL, $2, $3)",
        what,
        Audit.by(call),
        new JsonObject().put("kid", kid));
  }

  private Future<NextKey> rotate(Database.Statements statements) {
    return current(statements)
        .compose(v -> next(statements))
        .compose(
            next ->
                next.map(Future::succeededFuture)
                    .orElseGet(
                        () ->
                            make(statements, AHEAD)
                                .onSuccess(
                                    made ->
                                        log.info(
                                            "Key {} is to sign from {} on",
                                            made.kid(),
                                            made.signsFrom()))));
  }

  /**
   * Makes a key's tokens invalid, for ever. If it signed, the next one does so at once, or a new
   * one where there is none; if it was to, the one of before goes on.
   *
   * @return the keys that are valid now; empty when there is no such key
   */
  Future<Optional<SigningKeys>> revoke(Call call, String kid) {
    return database
        .transaction(
            call,
            statements ->
                locked(statements, () -> revoke(statements, kid))
                    .compose(keys -> happened(statements, "key-revoked", call, kid).map(keys)))
        .onSuccess(keys -> keys.ifPresent(k -> log.warn("Key {} is revoked", kid)));
  }

  private Future<Optional<SigningKeys>> revoke(Database.Statements statements, String kid) {
    return statements
        .query(
            """
            UPDATE signing_keys
            SET revoked_at = coalesce(revoked_at, clock_timestamp()), private_key = ''
            WHERE kid = $1""",
            kid)
        .compose(
            done ->
                done.rowCount() == 0
                    ? Future.succeededFuture(Optional.empty())
                    : goOn(statements).compose(v -> current(statements)).map(Optional::of));
  }

  /** The key that signs has no end any more when the one that was to follow it has gone. */
  private static Future<?> goOn(Database.Statements statements) {
    return statements.query(
        """
        UPDATE signing_keys SET retire_at = NULL
        WHERE revoked_at IS NULL AND retire_at > statement_timestamp() + make_interval(secs => $1)
          AND NOT EXISTS (
            SELECT FROM signing_keys WHERE revoked_at IS NULL AND retire_at IS NULL)""",
        seconds(BEYOND));
  }

  /**
   * Rotates when the key that signs has done so for that long, encrypts what another secret has
   * encrypted by the one that does so now, and forgets keys of which nothing has been valid for a
   * day.
   */
  Future<Void> renew(Duration lifetime) {
    return database
        .jobs()
        .transaction(
            statements ->
                locked(
                    statements,
                    () ->
                        renew(statements, lifetime)
                            .compose(v -> encryptAgain(statements))
                            .compose(v -> forget(statements))
                            .mapEmpty()));
  }

  private Future<?> renew(Database.Statements statements, Duration lifetime) {
    return current(statements)
        .compose(
            v ->
                statements.query(
                    """
                    SELECT FROM signing_keys
                    WHERE revoked_at IS NULL AND retire_at IS NULL
                      AND active_at > statement_timestamp() - make_interval(secs => $1)""",
                    seconds(lifetime)))
        .compose(young -> young.size() > 0 ? Future.succeededFuture() : rotate(statements));
  }

  private Future<?> encryptAgain(Database.Statements statements) {
    return statements
        .query(
            """
            SELECT kid, private_key FROM signing_keys
            WHERE kek_id <> $1 AND revoked_at IS NULL""",
            cipher.id())
        .compose(
            rows -> Future.join(rows.stream().map(row -> encryptAgain(statements, row)).toList()));
  }

  private Future<?> encryptAgain(Database.Statements statements, Row row) {
    String kid = row.getString("kid");
    byte[] key;
    try {
      key = cipher.decrypt(kid, row.getBuffer("private_key").getBytes());
    } catch (IllegalArgumentException e) {
      log.warn("{}", e.getMessage()); // It signs nothing here, and its tokens are good.
      return Future.succeededFuture();
    }
    return statements.query(
        "UPDATE signing_keys SET private_key = $2, kek_id = $3 WHERE kid = $1",
        kid,
        Buffer.buffer(cipher.encrypt(kid, key)),
        cipher.id());
  }

  private static Future<?> forget(Database.Statements statements) {
    return statements.query(
        """
        DELETE FROM signing_keys
        WHERE least(retire_at, revoked_at) < statement_timestamp() - interval '1 day'""");
  }
}
