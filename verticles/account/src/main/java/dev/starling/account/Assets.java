package dev.starling.account;

import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Style, script and icon of the pages, with a hash in their address, so that browsers keep them for
 * good. With another hash, as the page of a newer or older node asks for them, they are answered
 * too, but not kept.
 */
final class Assets {
  static final String PATH = "/assets/";

  private static final Map<String, String> TYPES =
      Map.of("css", "text/css; charset=utf-8", "js", "text/javascript", "svg", "image/svg+xml");

  private final Map<String, Asset> read = new ConcurrentHashMap<>();

  private record Asset(String name, Buffer bytes) {}

  /** Where the one of this kind is. */
  String path(String kind) {
    return AccountPages.PATH + PATH + of(kind).name();
  }

  Future<Void> answer(Visit visit, String path) {
    String kind = path.substring(path.lastIndexOf('.') + 1);
    if (!TYPES.containsKey(kind) || !path.matches(PATH + "account\\.[0-9a-f]{16}\\.[a-z]+")) {
      return visit.refuse(404, null);
    }
    Asset asset = of(kind);
    if (path.endsWith("/" + asset.name())) {
      visit.response().putHeader("cache-control", "public, max-age=31536000, immutable");
    }
    return visit.send(TYPES.get(kind), asset.bytes());
  }

  private Asset of(String kind) {
    return read.computeIfAbsent(kind, Assets::read);
  }

  private static Asset read(String kind) {
    try (InputStream file = Assets.class.getResourceAsStream("account." + kind)) {
      byte[] bytes = file.readAllBytes();
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(bytes);
      String name = "account." + HexFormat.of().formatHex(hash, 0, 8) + "." + kind;
      return new Asset(name, Buffer.buffer(bytes));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException(e);
    }
  }
}
