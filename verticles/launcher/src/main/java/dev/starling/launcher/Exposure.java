package dev.starling.launcher;

import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;

/** Who can reach this node; what is open to others without encryption must be asked for twice. */
final class Exposure {
  private Exposure() {}

  /**
   * Whether only this machine can reach it.
   *
   * @throws StartException when others could, and nothing encrypts the traffic, and nobody said
   *     that this is meant
   */
  static boolean isLoopbackOnly(Configuration configuration, boolean clustered) {
    boolean http =
        isLoopback(configuration, "http.host") && isLoopback(configuration, "http.admin.host");
    if (!http && !configuration.isConfigured("http.tls") && !configuration.flag("http.insecure")) {
      throw new StartException(
          "http.host or http.admin.host is not loopback: set http.tls to a directory with tls.crt and tls.key, or"
              + " http.insecure: true if something in front speaks TLS");
    }
    boolean cluster = !clustered || isLoopback(configuration, "cluster.host");
    if (!cluster
        && !configuration.isConfigured("cluster.tls")
        && !configuration.flag("cluster.insecure")) {
      throw new StartException(
          "cluster.host is not loopback: set cluster.tls to a directory with tls.crt, tls.key and"
              + " ca.crt (scripts/certs makes them), or cluster.insecure: true if the network"
              + " between the nodes is your own");
    }
    boolean operator = isLoopback(configuration, "operator.host");
    if (!operator && !configuration.flag("operator.insecure")) {
      throw new StartException(
          "operator.host is not loopback, and the operator's token would cross the network in"
              + " clear: reach the port through SSH, or set operator.insecure: true if the network"
              + " is your own");
    }
    if (configuration.isConfigured("traces.otlp")
        && !isPrivate(configuration.text("traces.otlp"))
        && !configuration.flag("traces.insecure")) {
      throw new StartException(
          "traces.otlp is not loopback, and spans would cross the network in clear: use https, or"
              + " set traces.insecure: true if the network between is your own");
    }
    return http && cluster && operator;
  }

  /** A host that is not known now is none of this machine. */
  private static boolean isPrivate(String url) {
    try {
      URI address = URI.create(url);
      return address.getScheme().equals("https")
          || address.getHost() != null
              && InetAddress.getByName(address.getHost()).isLoopbackAddress();
    } catch (UnknownHostException e) {
      return false;
    }
  }

  private static boolean isLoopback(Configuration configuration, String setting) {
    try {
      return InetAddress.getByName(configuration.text(setting)).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new StartException(setting + ": there is no host " + configuration.text(setting));
    }
  }
}
