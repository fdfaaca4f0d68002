package dev.starling.user.service;

import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.Future;
import java.time.Duration;

/** Gives the tokens of a session. */
final class Issuer {
  private final CurrentKeys keys;
  private final AccessTokens tokens;
  private final Duration lifetime;

  Issuer(CurrentKeys keys, AccessTokens tokens, Duration lifetime) {
    this.keys = keys;
    this.tokens = tokens;
    this.lifetime = lifetime;
  }

  /** The next ones of a session that goes on. */
  Future<Tokens> tokens(Sessions.Live live, String refreshToken) {
    return tokens(live, refreshToken, null);
  }

  /**
   * The first ones of a session.
   *
   * @param deviceToken by which the account will know the device; null where nobody asks
   */
  Future<Tokens> tokens(Sessions.Live live, String refreshToken, String deviceToken) {
    return keys.get()
        .map(
            signing ->
                new Tokens(
                    tokens.issue(signing.signing(), live),
                    "Bearer",
                    lifetime.toSeconds(),
                    refreshToken,
                    deviceToken));
  }
}
