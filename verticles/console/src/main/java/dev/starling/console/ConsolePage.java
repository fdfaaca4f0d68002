package dev.starling.console;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.RoutingContext;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The operator's page at {@code /}: files that hold nothing secret, so they are shown to anyone;
 * what they show comes from {@code /ops} and needs the token.
 *
 * <p>All files are below a path with the hash of all, so that browsers keep them for good. With
 * another hash they are answered too, but not kept.
 */
final class ConsolePage {
  /** No script or style in the page itself, nothing from elsewhere. */
  static final String POLICY =
      "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self';"
          + " form-action 'none'; frame-ancestors 'none'; base-uri 'none'";

  static final List<String> FILES =
      List.of(
          "index.html",
          "console.css",
          "healthy.svg",
          "degraded.svg",
          "unknown.svg",
          "app.js",
          "ops.js",
          "route.js",
          "parts.js",
          "topology.js",
          "services.js",
          "breakers.js",
          "journal.js",
          "calls.js",
          "latency.js",
          "send.js",
          "limits.js",
          "waterfall.js",
          "preact.js",
          "uplot.js",
          "uplot.css");

  private static final Map<String, String> TYPES =
      Map.of(
          "html", "text/html; charset=utf-8",
          "css", "text/css; charset=utf-8",
          "js", "text/javascript; charset=utf-8",
          "svg", "image/svg+xml");

  private final Map<String, Buffer> files = new TreeMap<>();
  private final String version;

  ConsolePage() {
    try {
      MessageDigest hash = MessageDigest.getInstance("SHA-256");
      for (String name : FILES) {
        try (InputStream file = ConsolePage.class.getResourceAsStream("page/" + name)) {
          byte[] bytes = file.readAllBytes();
          files.put(name, Buffer.buffer(bytes));
          hash.update(bytes);
        }
      }
      version = HexFormat.of().formatHex(hash.digest(), 0, 8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException(e);
    }
    String page = files.remove("index.html").toString().replace("{version}", version);
    files.put("", Buffer.buffer(page));
  }

  /** The page itself. */
  void answer(RoutingContext context) {
    context.response().putHeader("content-security-policy", POLICY);
    Answers.write(context.response(), 200, TYPES.get("html"), files.get(""));
  }

  /** Script, style or icon. */
  void file(RoutingContext context) {
    String name = context.pathParam("file");
    Buffer file = files.get(name);
    if (file == null) {
      throw new ServiceException(ErrorCode.NOT_FOUND, "There is no such file");
    }
    if (version.equals(context.pathParam("version"))) {
      context
          .response()
          .putHeader(HttpHeaders.CACHE_CONTROL, "public, max-age=31536000, immutable");
    }
    String type = TYPES.get(name.substring(name.lastIndexOf('.') + 1));
    Answers.write(context.response(), 200, type, file);
  }
}
