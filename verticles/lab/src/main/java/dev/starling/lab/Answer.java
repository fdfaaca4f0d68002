package dev.starling.lab;

import io.vertx.core.json.JsonObject;

/**
 * What became of a request, after all that its client tried.
 *
 * @param outcome what is known of it
 * @param code status and problem, or what became of the connection
 * @param body of a 2xx answer, else empty
 */
record Answer(Outcome outcome, String code, JsonObject body) {}
