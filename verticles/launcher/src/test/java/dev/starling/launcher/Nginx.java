package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's nginx in front of a node, configured as the README says. */
final class Nginx implements AutoCloseable {
  private static final Pattern EXAMPLE =
      Pattern.compile("(?s)<!-- test: nginx -->\n```nginx\n(.*?)```");

  private final Process process;
  private final int port;

  private Nginx(Process process, int port) {
    this.process = process;
    this.port = port;
  }

  /**
   * Starts it.
   *
   * @param directory for all that it writes
   * @param certificate directory with tls.crt and tls.key
   * @param node plain HTTP
   */
  static Nginx start(Path directory, Path certificate, URI node) throws IOException {
    Files.createDirectories(directory);
    int port = freePort();
    Path configuration =
        Files.writeString(
            directory.resolve("nginx.conf"), configuration(directory, certificate, node, port));
    Path output = directory.resolve("nginx.log");
    Process process =
        new ProcessBuilder(
                "nginx",
                "-p",
                directory.toString(),
                "-c",
                configuration.toString(),
                "-e",
                directory.resolve("error.log").toString())
            .redirectErrorStream(true)
            .redirectOutput(output.toFile())
            .start();
    Nginx nginx = new Nginx(process, port);
    try {
      await().atMost(Duration.ofSeconds(20)).until(() -> !process.isAlive() || isListening(port));
      assertThat(process.isAlive()).as(Files.readString(output)).isTrue();
    } catch (Throwable e) {
      nginx.close();
      throw e;
    }
    return nginx;
  }

  private static String configuration(Path directory, Path certificate, URI node, int port)
      throws IOException {
    Matcher example = EXAMPLE.matcher(Files.readString(Path.of("../../README.md")));
    assertThat(example.find()).isTrue();
    String site =
        example
            .group(1)
            .replace("127.0.0.1:8080", node.getAuthority())
            .replace("listen 443 ", "listen 127.0.0.1:" + port + " ")
            .replace("/etc/starling/tls", certificate.toString());
    assertThat(site).contains(node.getAuthority(), ":" + port + " ", certificate.toString());
    return """
        daemon off;
        master_process off;
        pid nginx.pid;
        events {}
        http {
          access_log off;
          client_body_temp_path %1$s/body;
          proxy_temp_path %1$s/proxy;
          fastcgi_temp_path %1$s/fastcgi;
          uwsgi_temp_path %1$s/uwsgi;
          scgi_temp_path %1$s/scgi;
        %2$s}
        """
        .formatted(directory, site);
  }

  private static int freePort() throws IOException {
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return socket.getLocalPort();
    }
  }

  private static boolean isListening(int port) {
    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
      return socket.isConnected();
    } catch (IOException e) {
      return false;
    }
  }

  URI address() {
    return URI.create("https://localhost:" + port);
  }

  @Override
  public void close() {
    process.destroy();
    try {
      if (!process.waitFor(10, TimeUnit.SECONDS)) {
        process.destroyForcibly();
      }
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
    }
  }
}
