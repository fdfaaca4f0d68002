package dev.starling.lab;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.util.Map;

/**
 * A request as a client of the API words it.
 *
 * @param kind whether it may be sent again when it is not known what came of it
 * @param body null without one
 */
record Question(
    Kind kind, HttpMethod method, String path, Map<String, String> headers, JsonObject body) {
  static final String PASSWORD = "correct horse battery";

  private static final String USERS = "/api/users";

  static Question read(User user) {
    return new Question(
        Kind.READ,
        HttpMethod.GET,
        USERS + "/" + user.id(),
        Map.of("Authorization", "Bearer " + user.token()),
        null);
  }

  static Question login(Kind kind, String username) {
    return post(kind, "/api/login", Map.of(), username);
  }

  /**
   * Asks for an account.
   *
   * @param key its Idempotency-Key, empty for none
   */
  static Question register(Kind kind, String key, String username) {
    return post(kind, USERS, key.isEmpty() ? Map.of() : Map.of("Idempotency-Key", key), username);
  }

  private static Question post(
      Kind kind, String path, Map<String, String> headers, String username) {
    return new Question(
        kind,
        HttpMethod.POST,
        path,
        headers,
        new JsonObject().put("username", username).put("password", PASSWORD));
  }
}
