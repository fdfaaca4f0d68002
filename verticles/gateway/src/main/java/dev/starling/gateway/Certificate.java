package dev.starling.gateway;

import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.ServerSSLOptions;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The server's certificate: {@code tls.crt} and {@code tls.key} of one directory (the names that
 * Kubernetes gives them), read again when they change, without a restart.
 */
final class Certificate {
  private static final Logger log = LoggerFactory.getLogger(Certificate.class);
  private static final long LOOK_EVERY = 5_000;

  private final Vertx vertx;
  private final Path certificate;
  private final Path key;
  private PemKeyCertOptions current;
  private long timer = -1;

  /**
   * Reads it.
   *
   * @throws UncheckedIOException when a file is missing or unreadable
   */
  Certificate(Vertx vertx, Path directory) {
    this.vertx = vertx;
    this.certificate = directory.resolve("tls.crt");
    this.key = directory.resolve("tls.key");
    this.current = read();
  }

  PemKeyCertOptions options() {
    return current;
  }

  private PemKeyCertOptions read() {
    try {
      return new PemKeyCertOptions()
          .addCertValue(Buffer.buffer(Files.readAllBytes(certificate)))
          .addKeyValue(Buffer.buffer(Files.readAllBytes(key)));
    } catch (IOException e) {
      throw new UncheckedIOException("http.tls: " + e.getMessage() + " cannot be read", e);
    }
  }

  /** Gives the server each new certificate; a broken one leaves the old in use and is logged. */
  void watch(HttpServer server) {
    timer =
        vertx.setPeriodic(
            LOOK_EVERY,
            t ->
                vertx
                    .executeBlocking(this::read)
                    .onSuccess(found -> replace(server, found))
                    .onFailure(
                        e -> log.warn("The certificate stays as it is: {}", e.getMessage())));
  }

  private void replace(HttpServer server, PemKeyCertOptions found) {
    if (same(found)) {
      return;
    }
    server
        .updateSSLOptions(new ServerSSLOptions().setKeyCertOptions(found))
        .onSuccess(
            done -> {
              current = found;
              log.info("The certificate has been replaced");
            })
        .onFailure(e -> log.warn("The new certificate is not used: {}", e.getMessage()));
  }

  private boolean same(PemKeyCertOptions found) {
    return found.getCertValues().equals(current.getCertValues())
        && found.getKeyValues().equals(current.getKeyValues());
  }

  void close() {
    vertx.cancelTimer(timer);
  }
}
