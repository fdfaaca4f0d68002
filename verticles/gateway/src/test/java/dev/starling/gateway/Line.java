package dev.starling.gateway;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;

/** A client that sends any bytes it likes. */
final class Line implements AutoCloseable {
  private final Socket socket;

  Line(int port) throws IOException {
    socket = new Socket("127.0.0.1", port);
    socket.setSoTimeout(15_000);
  }

  /** Each character is one byte. */
  Line send(String text) throws IOException {
    try {
      socket.getOutputStream().write(text.getBytes(ISO_8859_1));
      socket.getOutputStream().flush();
    } catch (SocketException e) {
      // The server need not read to the end what it refuses; its answer counts.
    }
    return this;
  }

  /** Everything until the server closes; fails after 15 s of silence. */
  String untilClosed() throws IOException {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    try {
      socket.getInputStream().transferTo(all);
    } catch (SocketTimeoutException e) {
      throw new AssertionError("The connection stays open after " + all.toString(ISO_8859_1), e);
    } catch (SocketException e) {
      // A reset is an end too.
    }
    return all.toString(ISO_8859_1);
  }

  /** One answer with its body, which must have a content-length. */
  String answer() throws IOException {
    StringBuilder head = new StringBuilder();
    while (head.indexOf("\r\n\r\n") < 0) {
      int b = socket.getInputStream().read();
      if (b < 0) {
        throw new IOException("closed after: " + head);
      }
      head.append((char) b);
    }
    String length = head.toString().replaceAll("(?is).*\r\ncontent-length: (\\d+).*", "$1");
    int bytes = length.length() == head.length() ? 0 : Integer.parseInt(length);
    return head + new String(socket.getInputStream().readNBytes(bytes), ISO_8859_1);
  }

  /** Goes without a word, as a client does whose process is killed. */
  void reset() throws IOException {
    socket.setSoLinger(true, 0);
    socket.close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
