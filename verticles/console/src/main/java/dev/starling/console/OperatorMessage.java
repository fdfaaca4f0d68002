package dev.starling.console;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Messages;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * A message that an operator sends by hand, to any address of the bus that is not internal.
 *
 * @param body JSON as Vert.x has it, null too
 * @param timeout milliseconds to wait for a reply, where one is wanted
 */
record OperatorMessage(String address, Kind kind, Object body, long timeout) {
  private static final Set<String> MEMBERS = Set.of("address", "kind", "body", "timeout");

  /** What the bus has a codec for; a whole number beyond 64 bits is none of them. */
  private static final List<Class<?>> CARRIED =
      List.of(
          JsonObject.class,
          JsonArray.class,
          String.class,
          Boolean.class,
          Integer.class,
          Long.class,
          Double.class);

  /** To whom a message goes, and whether somebody answers. */
  enum Kind {
    /** To one of those who listen. */
    SEND("was sent a message"),
    /** To all of them. */
    PUBLISH("was published a message"),
    /** To one of them, who answers. */
    REQUEST("was sent a request");

    private final String event;

    Kind(String event) {
      this.event = event;
    }

    /** What the journal says of it. */
    String event() {
      return event;
    }

    private String text() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * Reads {@code {"address":"user.keys","kind":"request","body":{},"timeout":2000}}; the last may
   * be missing, and is for a request only.
   *
   * @param timeout milliseconds where none is said
   * @throws ServiceException for what is wrong with it
   */
  static OperatorMessage of(Buffer text, long timeout) {
    OperatorBody wanted = OperatorBody.read(text, MEMBERS);
    Kind kind = kind(wanted.text("kind"));
    if (kind != Kind.REQUEST && wanted.has("timeout")) {
      OperatorBody.invalid("timeout", "unknown", "is for kind request only");
    }
    return new OperatorMessage(
        address(wanted.text("address")), kind, body(wanted), wanted.timeout(timeout));
  }

  private static Kind kind(String text) {
    for (Kind kind : Kind.values()) {
      if (kind.text().equals(text)) {
        return kind;
      }
    }
    String known = Arrays.stream(Kind.values()).map(Kind::text).collect(Collectors.joining(", "));
    throw ServiceException.ofField(ErrorCode.INVALID, "/kind", "enum", "must be one of " + known);
  }

  private static String address(String address) {
    if (!address.matches("[!-~]{1,255}")) {
      OperatorBody.invalid("address", "pattern", "must be 1 to 255 visible ASCII characters");
    }
    if (Messages.isInternal(address)) {
      throw new ServiceException(
          ErrorCode.FORBIDDEN,
          "Addresses that begin with starling., vertx. or __vertx are for nodes themselves");
    }
    return address;
  }

  private static Object body(OperatorBody wanted) {
    Object body = wanted.json().getValue("body");
    if (!wanted.has("body")) {
      OperatorBody.invalid("body", "required", "must be there; null is one");
    }
    if (body != null && CARRIED.stream().noneMatch(type -> type.isInstance(body))) {
      OperatorBody.invalid("body", "range", "must be a number of 64 bits");
    }
    return body;
  }

  /** Sends it; how that ended, well or not, is the answer. */
  Future<JsonObject> send(Messages messages) {
    String trace = Call.newTrace();
    long begin = System.nanoTime();
    return sent(messages, trace)
        .otherwise(
            failure -> {
              ServiceException refusal = ServiceException.of(failure);
              return new JsonObject()
                  .put("status", refusal.code().status())
                  .put("problem", refusal.problem(trace));
            })
        .map(
            answer ->
                answer
                    .put("address", address)
                    .put("kind", kind.text())
                    .put("trace", trace)
                    .put("millis", (System.nanoTime() - begin) / 10_000 / 100.0));
  }

  private Future<JsonObject> sent(Messages messages, String trace) {
    return switch (kind) {
      case SEND ->
          messages.send(address, body, trace).map(v -> new JsonObject().put("status", 202));
      case PUBLISH ->
          messages.publish(address, body, trace).map(v -> new JsonObject().put("status", 202));
      case REQUEST ->
          messages
              .request(address, body, timeout, trace)
              .map(reply -> new JsonObject().put("status", 200).put("reply", json(reply)));
    };
  }

  /** Programs that are no nodes of ours reply whatever they like. */
  private static Object json(Object reply) {
    boolean isJson =
        reply == null
            || reply instanceof Buffer
            || CARRIED.stream().anyMatch(type -> type.isInstance(reply));
    return isJson ? reply : reply.toString();
  }
}
