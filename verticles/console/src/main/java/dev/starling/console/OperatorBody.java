package dev.starling.console;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.util.Set;

/** A JSON object that an operator sends, with the members that are known and no other. */
record OperatorBody(JsonObject json) {
  /** Milliseconds; a connection ends a minute after its request. */
  private static final long LONGEST = 50_000;

  /**
   * Reads it.
   *
   * @throws ServiceException for what is no object, or has an unknown member
   */
  static OperatorBody read(Buffer body, Set<String> members) {
    JsonObject json;
    try {
      json = body.toJsonObject();
    } catch (DecodeException | ClassCastException e) {
      throw new ServiceException(ErrorCode.MALFORMED, "The body is not a JSON object");
    }
    json.fieldNames().stream()
        .filter(name -> !members.contains(name))
        .findFirst()
        .ifPresent(name -> invalid(name, "unknown", "is not known"));
    return new OperatorBody(json);
  }

  boolean has(String name) {
    return json.containsKey(name);
  }

  String text(String name) {
    return member(name, String.class, "a string");
  }

  /** Null where it is missing. */
  String textOrNull(String name) {
    return has(name) ? text(name) : null;
  }

  JsonObject object(String name) {
    return member(name, JsonObject.class, "an object");
  }

  private <T> T member(String name, Class<T> type, String what) {
    Object value = json.getValue(name);
    if (!type.isInstance(value)) {
      invalid(name, "type", "must be " + what);
    }
    return type.cast(value);
  }

  /**
   * How long to wait, in milliseconds.
   *
   * @param otherwise where it is not said
   */
  long timeout(long otherwise) {
    if (!has("timeout")) {
      return otherwise;
    }
    if (!(json.getValue("timeout") instanceof Integer millis) || millis < 1 || millis > LONGEST) {
      invalid("timeout", "range", "must be 1 to " + LONGEST + " milliseconds");
      return otherwise;
    }
    return millis;
  }

  /** Refuses it on account of a member. */
  static void invalid(String name, String rule, String detail) {
    throw ServiceException.ofField(ErrorCode.INVALID, "/" + name, rule, detail);
  }
}
