package dev.starling.cli;

import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A request from what was typed: {@code name=value}, each of the type that the schema says. */
final class Fields {
  private final Operation operation;
  private final Session session;

  Fields(Operation operation, Session session) {
    this.operation = operation;
    this.session = session;
  }

  /**
   * The request.
   *
   * @param pairs {@code name=value}; a value {@code @file} is in that file, {@code @-} comes by
   *     standard input
   * @param body all of it as JSON, instead; null for none
   */
  Map<String, Object> request(List<String> pairs, String body) {
    if (body != null) {
      return pairs.isEmpty() ? object(session.text(body)) : both();
    }
    Map<String, Object> request = new LinkedHashMap<>();
    for (String pair : pairs) {
      int at = pair.indexOf('=');
      if (at < 1) {
        throw Failure.usage("'" + pair + "' is no field", "write name=value" + known());
      }
      String name = pair.substring(0, at);
      if (!operation.request().get("properties").has(name)) {
        throw Failure.usage(operation.address() + " has no field " + name, "see" + known());
      }
      if (request.put(name, value(name, session.text(pair.substring(at + 1)))) != null) {
        throw Failure.usage("The field " + name + " is given twice", "give it once");
      }
    }
    return request;
  }

  private String known() {
    return ": starling describe " + operation.address();
  }

  private static Map<String, Object> both() {
    throw Failure.usage("Fields and --body exclude each other", "take one of them");
  }

  private static Map<String, Object> object(String text) {
    try {
      Json json = Json.read(text);
      if (json.value() instanceof Map<?, ?>) {
        return new LinkedHashMap<>(json.members());
      }
    } catch (IOException e) {
      // It is said below.
    }
    throw Failure.usage("--body is no JSON object", "write --body '{\"name\":\"value\"}'");
  }

  private Object value(String name, String text) {
    String type = Operation.type(Operation.field(operation.request(), name));
    Json json = json(text);
    if (type.contains("null") && text.equals("null")) {
      return null;
    }
    boolean fits =
        switch (type.replace("|null", "").replace("null|", "").split(" ")[0]) {
          case "integer" -> json.value() instanceof Number n && !(n instanceof Double);
          case "number" -> json.value() instanceof Number;
          case "boolean" -> json.value() instanceof Boolean;
          case "array" -> json.value() instanceof List;
          case "object" -> json.value() instanceof Map;
          case "any" -> json.value() != null;
          default -> {
            json = new Json(text);
            yield true;
          }
        };
    if (!fits && !type.equals("any")) {
      throw Failure.usage("The field " + name + " must be of type " + type, "see" + known());
    }
    return fits ? json.value() : text;
  }

  private static Json json(String text) {
    try {
      return Json.read(text);
    } catch (IOException e) {
      return new Json(null);
    }
  }
}
