package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * A thousand connections to one gateway that never finish a request: a third silent, a third sends
 * one header byte a second, a third one byte of the body.
 */
final class Slowloris implements Fault {
  private static final int CONNECTIONS = 1_000;
  private static final Duration LASTS = Duration.ofSeconds(30);
  private static final List<String> BEGINNINGS =
      List.of(
          "",
          "GET /openapi.json HTTP/1.1\r\nHost: lab\r\nX-Long: ",
          "POST /api/login HTTP/1.1\r\nHost: lab\r\nContent-Type: application/json\r\n"
              + "Content-Length: 1000\r\n\r\n{");

  private static final Duration CLOSED = Duration.ofSeconds(15);

  private int left;
  private long lastClosed;
  private Memory memory;

  /**
   * One of them.
   *
   * @param drips whether it sends a byte now and then
   */
  private record Connection(SocketChannel channel, boolean drips) {}

  @Override
  public String name() {
    return "slowloris";
  }

  @Override
  public String promise() {
    return "no request of others fails; each connection is closed within 15 s; memory is bounded";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    URI api = scene.gateway().api().orElseThrow();
    memory = Memory.of(scene.gateway());
    List<Connection> open = new ArrayList<>();
    long begin = System.nanoTime();
    try {
      for (int i = 0; i < CONNECTIONS; i++) {
        open.add(new Connection(connect(i, api), i % BEGINNINGS.size() != 0));
      }
      long end = System.nanoTime() + LASTS.toNanos();
      while (System.nanoTime() < end && !open.isEmpty()) {
        if (open.removeIf(Slowloris::isClosed)) {
          lastClosed = (System.nanoTime() - begin) / 1_000_000;
        }
        Thread.sleep(1_000);
      }
      left = open.size();
    } finally {
      for (Connection connection : open) {
        connection.channel().close();
      }
    }
    scene.notes().figure("connections-left", left);
    memory.judge(scene.notes());
  }

  private static SocketChannel connect(int number, URI api) throws IOException {
    SocketChannel channel = SocketChannel.open();
    channel.bind(new InetSocketAddress("127.200.%d.1".formatted(number % 250), 0));
    channel.connect(new InetSocketAddress(api.getHost(), api.getPort()));
    channel.configureBlocking(false);
    channel.write(
        ByteBuffer.wrap(
            BEGINNINGS.get(number % BEGINNINGS.size()).getBytes(StandardCharsets.US_ASCII)));
    return channel;
  }

  /** Sends another byte where a request has begun; a closed one is closed here too. */
  private static boolean isClosed(Connection connection) {
    SocketChannel channel = connection.channel();
    try {
      if (connection.drips()) {
        channel.write(ByteBuffer.wrap(new byte[] {' '}));
      }
      if (channel.read(ByteBuffer.allocate(1_024)) >= 0) {
        return false;
      }
      channel.close();
      return true;
    } catch (IOException e) {
      return true;
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void judge(Evidence seen) {
    if (left > 0) {
      seen.scene().notes().complain(left + " connections were open after " + LASTS);
    }
    seen.judge("last-closed-ms", lastClosed, CLOSED);
    seen.noneFail(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
    seen.endWithin(Duration.ofSeconds(4));
  }
}
