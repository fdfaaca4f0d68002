package dev.starling.lab;

import static java.util.Locale.ROOT;

import io.vertx.core.http.HttpMethod;
import io.vertx.core.json.JsonObject;
import java.util.HashMap;
import java.util.Map;

/**
 * A request as a client of the API words it.
 *
 * @param kind whether it may be sent again when it is not known what came of it
 * @param name of the user it is about
 * @param key its Idempotency-Key, empty without one
 * @param body null without one
 */
record Question(
    Kind kind,
    String name,
    String key,
    HttpMethod method,
    String path,
    Map<String, String> headers,
    JsonObject body) {
  private static final String PASSWORD = "correct horse battery";
  private static final String USERS = "/api/users";

  static Question read(User user) {
    return new Question(
        Kind.READ,
        user.name(),
        "",
        HttpMethod.GET,
        USERS + "/" + user.id(),
        Map.of("Authorization", "Bearer " + user.token()),
        null);
  }

  /** Asks for somebody's account without a token. */
  static Question pry(User user) {
    return new Question(
        Kind.STRANGER, user.name(), "", HttpMethod.GET, USERS + "/" + user.id(), Map.of(), null);
  }

  static Question login(Kind kind, String name) {
    return new Question(kind, name, "", HttpMethod.POST, "/api/login", Map.of(), credentials(name));
  }

  /** Asks for an account, under a key unless that is empty, from a network of its own. */
  static Question register(Kind kind, String name, String key) {
    Map<String, String> headers = new HashMap<>(Source.of(name.toLowerCase(ROOT).hashCode()));
    if (!key.isEmpty()) {
      headers.put("Idempotency-Key", key);
    }
    return new Question(kind, name, key, HttpMethod.POST, USERS, headers, credentials(name));
  }

  private static JsonObject credentials(String name) {
    return new JsonObject().put("username", name).put("password", PASSWORD);
  }
}
