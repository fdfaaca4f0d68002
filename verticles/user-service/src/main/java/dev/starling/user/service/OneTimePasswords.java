package dev.starling.user.service;

import io.vertx.core.Future;
import io.vertx.ext.auth.otp.Authenticator;
import io.vertx.ext.auth.otp.OtpCredentials;
import io.vertx.ext.auth.otp.OtpKey;
import io.vertx.ext.auth.otp.OtpKeyGenerator;
import io.vertx.ext.auth.otp.hotp.HotpAuth;
import io.vertx.ext.auth.otp.hotp.HotpAuthOptions;
import io.vertx.ext.auth.otp.totp.TotpAuth;
import java.time.InstantSource;
import java.util.Optional;

/**
 * Knows one-time passwords of RFC 6238: six digits of HMAC-SHA-1, another every 30 seconds, those
 * of the step before and after counting too since clocks differ.
 *
 * <p>They are those of RFC 4226 with the step of time as their counter: that says which steps
 * count, and which one a password was of, so that none is taken twice.
 */
final class OneTimePasswords {
  private static final long STEP = 30;
  private static final int SKEW = 1;
  private static final String SOMEBODY = "user";

  private final InstantSource clock;

  OneTimePasswords(InstantSource clock) {
    this.clock = clock;
  }

  /** A secret of 160 bits, in base32. */
  static String secret() {
    return OtpKeyGenerator.create().generate().getKey();
  }

  /** What a device reads from a QR code. */
  static String uri(String secret, String issuer, String username) {
    return TotpAuth.create().generateUri(new OtpKey().setKey(secret), issuer, username);
  }

  /** The step of time that a password is of; empty for one that is not of now. */
  Future<Optional<Long>> step(String secret, String password) {
    Authenticator before =
        new Authenticator()
            .setIdentifier(SOMEBODY)
            .setKey(secret)
            .setCounter(clock.instant().getEpochSecond() / STEP - SKEW - 1);
    return HotpAuth.create(new HotpAuthOptions().setLookAheadWindow(2 * SKEW))
        .authenticatorFetcher(id -> Future.succeededFuture(before))
        .authenticatorUpdater(found -> Future.succeededFuture())
        .authenticate(new OtpCredentials(SOMEBODY, password))
        .map(user -> Optional.of(before.getCounter()))
        .otherwise(Optional.empty());
  }
}
