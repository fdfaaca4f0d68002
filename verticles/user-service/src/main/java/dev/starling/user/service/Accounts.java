package dev.starling.user.service;

import dev.starling.user.api.UserContract.User;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.time.Duration;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.Iterator;
import java.util.Optional;
import java.util.UUID;

/** All SQL about users and their sessions; each call is one round trip. */
final class Accounts {
  private final Database database;

  Accounts(Database database) {
    this.database = database;
  }

  /**
   * What is needed to verify a password.
   *
   * @param id the user
   * @param hash the stored string
   * @param enabled whether the user may log in
   */
  record Credentials(UUID id, String hash, boolean enabled) {
    @Override
    public String toString() {
      return "Credentials[id=" + id + "]";
    }
  }

  Future<Boolean> isTaken(String key) {
    return database
        .query("SELECT 1 FROM users WHERE username_key = $1", key)
        .map(rows -> rows.size() > 0);
  }

  /** Adds a user; empty when the name is taken, also by one who was faster by a moment. */
  Future<Optional<User>> add(UUID id, String username, String key, String hash) {
    return database
        .query(
            """
            INSERT INTO users (id, username, username_key, password_hash) VALUES ($1, $2, $3, $4)
            ON CONFLICT (username_key) DO NOTHING
            RETURNING id, username, created_at""",
            id,
            username,
            key,
            hash)
        .map(rows -> first(rows).map(Accounts::user));
  }

  Future<Optional<User>> find(UUID id) {
    return database
        .query("SELECT id, username, created_at FROM users WHERE id = $1 AND enabled", id)
        .map(rows -> first(rows).map(Accounts::user));
  }

  Future<Optional<Credentials>> credentials(String key) {
    return database
        .query("SELECT id, password_hash, enabled FROM users WHERE username_key = $1", key)
        .map(
            rows ->
                first(rows)
                    .map(
                        row ->
                            new Credentials(
                                row.getUUID("id"),
                                row.getString("password_hash"),
                                row.getBoolean("enabled"))));
  }

  /**
   * Begins a session with its first refresh token.
   *
   * @param refresh SHA-256 of the token
   */
  Future<Void> begin(UUID session, UUID user, Duration lifetime, byte[] refresh, Duration idle) {
    OffsetDateTime now = OffsetDateTime.now(ZoneOffset.UTC);
    return database
        .query(
            """
            WITH session AS (
              INSERT INTO sessions (id, user_id, absolute_expiry) VALUES ($1, $2, $3) RETURNING id)
            INSERT INTO refresh_tokens (hash, session_id, generation, expires_at)
            SELECT $4, id, 0, $5 FROM session""",
            session,
            user,
            now.plus(lifetime),
            Buffer.buffer(refresh),
            now.plus(idle))
        .mapEmpty();
  }

  private static Optional<Row> first(RowSet<Row> rows) {
    Iterator<Row> iterator = rows.iterator();
    return iterator.hasNext() ? Optional.of(iterator.next()) : Optional.empty();
  }

  private static User user(Row row) {
    return new User(
        row.getUUID("id"),
        row.getString("username"),
        row.getOffsetDateTime("created_at").toInstant());
  }
}
