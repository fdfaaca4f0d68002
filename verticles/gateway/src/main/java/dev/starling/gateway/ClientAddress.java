package dev.starling.gateway;

import io.netty.handler.ipfilter.IpFilterRuleType;
import io.netty.handler.ipfilter.IpSubnetFilterRule;
import io.netty.util.NetUtil;
import io.vertx.core.http.HttpServerRequest;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Says from where a request came: limits for each source are kept by it.
 *
 * <p>It is the peer of the connection, unless that is a proxy that we trust: then the nearest
 * address of {@code X-Forwarded-For} that is none, read from the right, since anybody may have
 * written what stands further left. A field that is no list of addresses says nothing.
 */
final class ClientAddress {
  private static final String FORWARDED = "X-Forwarded-For";
  private static final Pattern NETWORK = Pattern.compile("([0-9A-Fa-f.:]+)/(\\d{1,3})");

  private final List<IpSubnetFilterRule> proxies;

  /**
   * Trusts these.
   *
   * @param proxies networks, as {@code 10.0.0.0/8}
   * @throws IllegalArgumentException for what is none
   */
  ClientAddress(List<String> proxies) {
    this.proxies = proxies.stream().map(ClientAddress::network).toList();
  }

  private static IpSubnetFilterRule network(String text) {
    Matcher network = NETWORK.matcher(text);
    byte[] address =
        network.matches() ? NetUtil.createByteArrayFromIpAddressString(network.group(1)) : null;
    int prefix = address == null ? 0 : Integer.parseInt(network.group(2));
    if (address == null || prefix > 8 * address.length) {
      throw new IllegalArgumentException(
          "http.trusted-proxies: '" + text + "' is no network such as 10.0.0.0/8 or fd00::/8");
    }
    return new IpSubnetFilterRule(inet(address), prefix, IpFilterRuleType.ACCEPT);
  }

  private static InetAddress inet(byte[] address) {
    try {
      return InetAddress.getByAddress(address);
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException(e);
    }
  }

  /** A literal address. */
  String of(HttpServerRequest request) {
    String peer = request.remoteAddress().hostAddress();
    return proxies.isEmpty()
        ? peer
        : of(peer, String.join(",", request.headers().getAll(FORWARDED)));
  }

  /**
   * The client's of a connection.
   *
   * @param peer a literal address
   * @param forwarded addresses with commas between them
   */
  String of(String peer, String forwarded) {
    String client = peer;
    String[] hops = forwarded.split(",", -1);
    for (int i = hops.length - 1; i >= 0 && isProxy(client); i--) {
      String hop = hops[i].strip();
      if (NetUtil.createByteArrayFromIpAddressString(hop) == null) {
        return peer;
      }
      client = hop;
    }
    return client;
  }

  private boolean isProxy(String address) {
    InetSocketAddress known =
        new InetSocketAddress(inet(NetUtil.createByteArrayFromIpAddressString(address)), 0);
    return proxies.stream().anyMatch(proxy -> proxy.matches(known));
  }
}
