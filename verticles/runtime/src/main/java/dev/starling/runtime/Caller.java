package dev.starling.runtime;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;

/**
 * Who calls, as a verified access token says.
 *
 * @param subject the user's id
 * @param expires seconds since 1970 at which the token ends
 * @param claims all claims of the token (RFC 7519)
 */
public record Caller(String subject, long expires, JsonObject claims) {

  /** Whether the token says that the caller has a role. */
  public boolean has(String role) {
    return claims.getValue("roles") instanceof JsonArray roles && roles.contains(role);
  }
}
