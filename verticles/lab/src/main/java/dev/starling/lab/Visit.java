package dev.starling.lab;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpMethod;
import java.net.URI;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * A request that is made over and over.
 *
 * @param headers of the next one, beside those that every request has
 * @param body of the next one; null for requests without
 * @param answered is told each answer
 */
record Visit(
    HttpMethod method,
    URI address,
    Supplier<Map<String, String>> headers,
    Supplier<Buffer> body,
    Consumer<Buffer> answered) {
  private static final Consumer<Buffer> NOTHING = answer -> {};

  static Visit get(URI address) {
    return get(address, Map::of);
  }

  static Visit get(URI address, Supplier<Map<String, String>> headers) {
    return new Visit(HttpMethod.GET, address, headers, null, NOTHING);
  }

  /** Each from another network. */
  static Visit post(URI address, Supplier<Buffer> body) {
    return post(address, body, NOTHING);
  }

  /** Each from another network, and with what the answers before it may have told. */
  static Visit post(URI address, Supplier<Buffer> body, Consumer<Buffer> answered) {
    AtomicInteger visitors = new AtomicInteger();
    return new Visit(
        HttpMethod.POST,
        address,
        () -> {
          Map<String, String> headers = new HashMap<>(Source.of(visitors.getAndIncrement()));
          headers.put("Content-Type", "application/json");
          return headers;
        },
        body,
        answered);
  }
}
