package dev.starling.user.service;

import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.service.Accounts.Credentials;
import dev.starling.user.service.Sessions.Live;
import io.vertx.core.Future;
import java.time.Duration;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.Supplier;

/** Gives the tokens of a session. */
final class Issuer {
  private final CurrentKeys keys;
  private final AccessTokens tokens;
  private final Duration lifetime;
  private final RefreshTokens refreshTokens;
  private final Devices devices;

  Issuer(
      CurrentKeys keys,
      AccessTokens tokens,
      Duration lifetime,
      RefreshTokens refreshTokens,
      Devices devices) {
    this.keys = keys;
    this.tokens = tokens;
    this.lifetime = lifetime;
    this.refreshTokens = refreshTokens;
    this.devices = devices;
  }

  /**
   * The first ones of a session.
   *
   * @param device under which the account knows the client, null for one that it does not
   * @param begin the session with the hash of a refresh token; empty when it cannot begin
   * @param otherwise is the answer then
   */
  Future<Tokens> first(
      Credentials user,
      byte[] device,
      Function<byte[], Future<Optional<Live>>> begin,
      Supplier<Future<Tokens>> otherwise) {
    String deviceToken = devices.token(user, device);
    String token = refreshTokens.first();
    return begin
        .apply(RefreshTokens.hash(token))
        .compose(begun -> begun.map(live -> tokens(live, token, deviceToken)).orElseGet(otherwise));
  }

  /** The next ones of a session that goes on. */
  Future<Tokens> next(Live live, String refreshToken) {
    return tokens(live, refreshToken, null);
  }

  private Future<Tokens> tokens(Live live, String refreshToken, String deviceToken) {
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
