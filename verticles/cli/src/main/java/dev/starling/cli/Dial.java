package dev.starling.cli;

import java.io.IOException;
import java.net.ConnectException;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.util.Optional;

/** Whether something listens at an address, as far as this machine can tell. */
final class Dial {
  private static final int PATIENCE = 1_000;

  private Dial() {}

  /** An address from {@code host}, {@code host:port} or {@code [v6]:port}; looked up. */
  static Optional<InetSocketAddress> address(String text, int port) {
    try {
      URI uri = URI.create("tcp://" + text);
      return Optional.ofNullable(uri.getHost())
          .map(host -> host.replaceAll("[\\[\\]]", ""))
          .map(host -> new InetSocketAddress(host, uri.getPort() < 0 ? port : uri.getPort()));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  /** Whether that is one other machine: known, and neither the loopback nor a multicast group. */
  static boolean isElsewhere(InetSocketAddress address) {
    return !address.isUnresolved()
        && !address.getAddress().isLoopbackAddress()
        && !address.getAddress().isMulticastAddress();
  }

  /** Why no connection can be made; nothing if one can. */
  static Optional<String> refusal(InetSocketAddress address) {
    if (address.isUnresolved()) {
      return Optional.of("the name " + address.getHostString() + " is not known");
    }
    try (Socket socket = new Socket()) {
      socket.connect(address, PATIENCE);
      return Optional.empty();
    } catch (SocketTimeoutException e) {
      return Optional.of("no answer within " + PATIENCE + " ms");
    } catch (ConnectException e) {
      return Optional.of("nothing listens there, or a firewall refuses");
    } catch (IOException e) {
      return Optional.of(String.valueOf(e.getMessage()));
    }
  }
}
