package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.READ;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Strangers at a port between nodes: random bytes, frames of negative and of huge length, HTTP, and
 * hundreds that say nothing.
 */
final class Garbage implements Fault {
  private static final int SILENT = 300;
  private static final int MEGABYTE = 1 << 20;

  /** More than the heap of a node. */
  private static final int HUGE = 300;

  private final String name;
  private final String setting;
  private final boolean tls;
  private Path certificate;

  private Garbage(String name, String setting, boolean tls) {
    this.name = name;
    this.setting = setting;
    this.tls = tls;
  }

  /** With mutual TLS: without it a bus believes what anybody says of the length of a frame. */
  static Garbage toTheBus() {
    return new Garbage("bus-garbage", "cluster.port", true);
  }

  static Garbage toHazelcast() {
    return new Garbage("member-garbage", "cluster.member-port", false);
  }

  @Override
  public String name() {
    return name;
  }

  @Override
  public String promise() {
    return "refused; the node lives, its memory is bounded, no read and no registration with a key"
        + " fails";
  }

  @Override
  public boolean sharesCluster() {
    return !tls;
  }

  @Override
  public Optional<String> obstacle() throws InterruptedException {
    boolean lacking = tls && !Command.succeeds("openssl", "version");
    return lacking ? Optional.of("openssl is missing") : Optional.empty();
  }

  @Override
  public void stage(Stage stage) throws Exception {
    if (tls) {
      Path certificates = stage.directory().resolve("certificates");
      Path script = stage.project().root().resolve("scripts/certs");
      Command.run(script.toString(), certificates.toString(), "node");
      certificate = certificates.resolve("node");
    }
  }

  @Override
  public void dress(Launch node) {
    if (tls) {
      node.with("cluster.tls", certificate);
    }
  }

  @Override
  public void inject(Scene scene) throws Exception {
    int port = Integer.parseInt(scene.victim().setting(setting));
    List<Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < SILENT; i++) {
        silent.add(new Socket("127.0.0.1", port));
      }
      byte[] random = new byte[MEGABYTE];
      scene.random().nextBytes(random);
      send(port, random, 1);
      send(port, "GET / HTTP/1.1\r\nHost: lab\r\n\r\n".getBytes(StandardCharsets.US_ASCII), 1);
      send(port, frame(-1), 1);
      send(port, frame(Integer.MAX_VALUE), HUGE);
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
  }

  /** A megabyte that begins with the length of a frame, as the event bus writes it. */
  private static byte[] frame(int length) {
    return ByteBuffer.allocate(MEGABYTE).putInt(length).array();
  }

  /** Sends bytes, again and again, until the node hangs up or all is sent. */
  private static void send(int port, byte[] bytes, int times) throws IOException {
    try (Socket socket = new Socket("127.0.0.1", port)) {
      socket.setSoTimeout(2_000);
      OutputStream out = socket.getOutputStream();
      for (int i = 0; i < times; i++) {
        out.write(bytes);
      }
      socket.getInputStream().read();
    } catch (IOException e) {
      // Refused: as promised.
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(5);
  }

  @Override
  public void judge(Evidence seen) {
    if (!seen.scene().victim().isAlive()) {
      seen.scene().notes().complain("the node has ended");
    }
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.endWithin(Duration.ofSeconds(4));
  }
}
