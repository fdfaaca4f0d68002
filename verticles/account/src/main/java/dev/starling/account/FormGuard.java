package dev.starling.account;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Base64;

/**
 * Tells a form of our own pages from one that somebody else's page has sent with our cookies.
 *
 * <p>Two proofs, both needed: the browser says that the request came from here, and the form holds
 * what only a page made for this browser can hold, a hash of a cookie that no script and no other
 * host can read or write ({@code __Host-}). So no node keeps anything.
 */
final class FormGuard {
  /** Name of the form's hidden field. */
  static final String FIELD = "form_token";

  private static final SecureRandom RANDOM = new SecureRandom();
  private static final Base64.Encoder BASE64 = Base64.getUrlEncoder().withoutPadding();

  private FormGuard() {}

  /** Whether this came from a page that was made for this browser. */
  static boolean isOurs(Visit visit) {
    String secret = visit.cookie(Cookies.FORM);
    return isFromHere(visit.header("Sec-Fetch-Site"), visit.header("Origin"), visit.host())
        && secret != null
        && MessageDigest.isEqual(token(secret).getBytes(UTF_8), visit.field(FIELD).getBytes(UTF_8));
  }

  /**
   * What browsers say of where a request comes from.
   *
   * @param site {@code Sec-Fetch-Site}, which says it best; null from older browsers
   * @param origin of the page; null when it is not told
   * @param host and port asked for
   */
  static boolean isFromHere(String site, String origin, String host) {
    if (site != null) {
      return site.equals("same-origin");
    }
    return origin != null
        && host != null
        && (origin.equalsIgnoreCase("https://" + host)
            || origin.equalsIgnoreCase("http://" + host));
  }

  /** 128 bits for a cookie. */
  static String newSecret() {
    byte[] secret = new byte[16];
    RANDOM.nextBytes(secret);
    return BASE64.encodeToString(secret);
  }

  /** What the forms of a browser with this cookie hold. */
  static String token(String secret) {
    try {
      byte[] text = ("form " + secret).getBytes(UTF_8);
      return BASE64.encodeToString(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
