package dev.starling.user.service;

import io.netty.util.NetUtil;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Arrays;
import java.util.Optional;

/**
 * Where a client is, as far as it matters: the first 24 bits of an IPv4 address, 64 of IPv6, since
 * who has one address of it has many.
 *
 * @param bytes three or eight
 */
record Network(byte[] bytes) {
  private static final int IPV4 = 4;
  private static final int IPV6 = 16;

  /**
   * Of a literal address.
   *
   * @param address null for none
   */
  static Optional<Network> of(String address) {
    if (address == null) {
      return Optional.empty();
    }
    byte[] whole = inet(NetUtil.createByteArrayFromIpAddressString(address)).getAddress();
    return Optional.of(new Network(Arrays.copyOf(whole, whole.length == IPV4 ? 3 : 8)));
  }

  /** An IPv4 address may be written as one of IPv6. */
  private static InetAddress inet(byte[] address) {
    try {
      return InetAddress.getByAddress(address);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("no address", e);
    }
  }

  /** With the number of its bits, as in 192.0.2.0/24. */
  String text() {
    byte[] padded = Arrays.copyOf(bytes, bytes.length == 3 ? IPV4 : IPV6);
    return NetUtil.toAddressString(inet(padded)) + "/" + 8 * bytes.length;
  }
}
