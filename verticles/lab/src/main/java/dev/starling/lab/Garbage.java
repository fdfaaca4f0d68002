package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.READ;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * Strangers at a port between nodes send random bytes, frames of negative and of huge length, HTTP;
 * and hundreds say nothing.
 */
abstract class Garbage implements Fault {
  private static final int SILENT = 300;
  private static final int MEGABYTE = 1 << 20;

  /** More than the heap of a node. */
  private static final int HUGE = 300;

  private final String port;
  private Memory memory;

  /**
   * At one port of a service node.
   *
   * @param port the setting that names it
   */
  Garbage(String port) {
    this.port = port;
  }

  @Override
  public String promise() {
    return "refused; the node lives, its memory is bounded, no read and no registration with a key"
        + " fails";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    memory = Memory.of(scene.victim());
    sendTo(Integer.parseInt(scene.victim().setting(port)), scene.random());
  }

  private static void sendTo(int port, Random random) throws IOException {
    List<Socket> silent = new ArrayList<>();
    try {
      for (int i = 0; i < SILENT; i++) {
        silent.add(new Socket("127.0.0.1", port));
      }
      byte[] noise = new byte[MEGABYTE];
      random.nextBytes(noise);
      send(port, noise, 1);
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
  public void heal(Scene scene) throws Exception {
    if (scene.victim().isAlive()) {
      memory.judge(scene.notes());
    } else {
      scene.notes().complain("the node has ended");
    }
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.endWithin(Duration.ofSeconds(4));
  }
}
