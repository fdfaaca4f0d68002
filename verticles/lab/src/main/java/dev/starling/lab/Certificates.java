package dev.starling.lab;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;

/** A private CA and a certificate, as {@code scripts/certs} makes them, for the event bus. */
final class Certificates {
  private final Path node;

  private Certificates(Path node) {
    this.node = node;
  }

  /** Why there can be none on this machine; empty when there can. */
  static Optional<String> obstacle() throws InterruptedException {
    return Command.succeeds("openssl", "version")
        ? Optional.empty()
        : Optional.of("openssl is missing");
  }

  /**
   * A new CA, and one certificate that all nodes share.
   *
   * @param name of its directory, new
   */
  static Certificates make(Stage stage, String name) throws IOException, InterruptedException {
    Path directory = stage.directory().resolve(name);
    Path script = stage.project().root().resolve("scripts/certs");
    Command.run(script.toString(), directory.toString(), "node");
    return new Certificates(directory.resolve("node"));
  }

  void dress(Launch node) {
    node.with("cluster.tls", this.node);
  }
}
