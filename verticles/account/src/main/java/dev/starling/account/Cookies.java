package dev.starling.account;

import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import java.time.Duration;

/**
 * The cookies of a browser: over TLS only, out of reach of scripts, sent with no form of others.
 *
 * <p>Those of a session end with the browser; only the device is remembered. Names begin with
 * {@code __Host-}, so that no other host of the domain can set them. A link from elsewhere brings
 * them along, since mails link to us; reading changes nothing.
 */
final class Cookies {
  static final String ACCESS = "__Host-access";
  static final String REFRESH = "__Host-refresh";
  static final String DEVICE = "__Host-device";
  static final String FORM = "__Host-form";

  /** As long as the user service knows a device. */
  private static final Duration DEVICE_KEPT = Duration.ofDays(90);

  private Cookies() {}

  static Cookie of(String name, String value) {
    Cookie cookie =
        Cookie.cookie(name, value)
            .setPath("/")
            .setSecure(true)
            .setHttpOnly(true)
            .setSameSite(CookieSameSite.LAX);
    return name.equals(DEVICE) ? cookie.setMaxAge(DEVICE_KEPT.toSeconds()) : cookie;
  }

  /** Makes a browser forget a cookie. */
  static Cookie end(String name) {
    return of(name, "").setMaxAge(0);
  }
}
