package dev.starling.account;

import io.vertx.core.http.Cookie;
import io.vertx.core.http.CookieSameSite;
import java.time.Duration;

/**
 * The cookies of a browser: over TLS only, out of reach of scripts, sent by our own pages only.
 *
 * <p>Those of a session end with the browser; only the device is remembered. Where it can be, a
 * name begins with {@code __Host-}, so that no other host can set it; tokens that are for the pages
 * alone go to these alone.
 */
final class Cookies {
  static final String ACCESS = "__Host-access";
  static final String REFRESH = "__Secure-refresh";
  static final String DEVICE = "__Secure-device";
  static final String FORM = "__Host-form";

  /** As long as the user service knows a device. */
  private static final Duration DEVICE_KEPT = Duration.ofDays(90);

  private Cookies() {}

  static Cookie of(String name, String value) {
    Cookie cookie =
        Cookie.cookie(name, value)
            .setPath(name.startsWith("__Host-") ? "/" : AccountPages.PATH)
            .setSecure(true)
            .setHttpOnly(true)
            .setSameSite(CookieSameSite.STRICT);
    return name.equals(DEVICE) ? cookie.setMaxAge(DEVICE_KEPT.toSeconds()) : cookie;
  }

  /** Makes a browser forget a cookie. */
  static Cookie end(String name) {
    return of(name, "").setMaxAge(0);
  }
}
