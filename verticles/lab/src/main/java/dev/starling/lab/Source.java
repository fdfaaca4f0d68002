package dev.starling.lab;

import java.util.Map;

/**
 * Clients in a network of their own, as a proxy in front of the gateway tells it: so the throttle
 * stays on, and judges each of them apart. Connections from as many addresses would cost the
 * machine more than what is measured.
 */
final class Source {
  /** Where the connections come from, all of them proxies. */
  static final String PROXIES = "127.0.0.0/8,10.214.0.0/16";

  private Source() {}

  /** Header of a client in one of 65,536 networks. */
  static Map<String, String> of(int number) {
    return Map.of("X-Forwarded-For", "10.%d.%d.1".formatted(number >>> 8 & 0xff, number & 0xff));
  }
}
