package dev.starling.user.service;

import dev.starling.runtime.Call;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.util.UUID;

/**
 * Who does what, as the database function {@code happened} writes it down in the statement that
 * does it.
 */
final class Audit {
  private static final String ACTOR = "actor";

  private final Database database;

  Audit(Database database) {
    this.database = database;
  }

  /** A call by whoever is logged in, or else by the user whom it is about. */
  static JsonObject by(Call call) {
    JsonObject by = new JsonObject().put("trace", call.trace()).put("source", call.source());
    return call.hasCaller() ? by.put(ACTOR, call.caller().subject()) : by;
  }

  /** A call by somebody who is not known. */
  static JsonObject byNobody(Call call) {
    return by(call).putNull(ACTOR);
  }

  /**
   * Writes down what changes nothing else.
   *
   * @param subject whose account, null for none
   * @param by {@link #by} or {@link #byNobody}
   */
  Future<Void> happened(Call call, String what, UUID subject, JsonObject by, JsonObject detail) {
    return database
        .query(call, "SELECT happened($1, $2, $3, $4)", what, subject, by, detail)
        .mapEmpty();
  }
}
