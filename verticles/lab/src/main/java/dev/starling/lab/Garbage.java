package dev.starling.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;

/**
 * What strangers send to a port between nodes: random bytes, frames of negative and of huge length,
 * HTTP; and hundreds who say nothing.
 */
final class Garbage {
  private static final int SILENT = 300;
  private static final int MEGABYTE = 1 << 20;

  /** More than the heap of a node. */
  private static final int HUGE = 300;

  private Garbage() {}

  static void sendTo(int port, Random random) throws IOException {
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
}
