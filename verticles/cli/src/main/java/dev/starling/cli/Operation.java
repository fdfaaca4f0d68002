package dev.starling.cli;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * An operation as its contract describes it.
 *
 * @param spec name, route, budget and the like
 * @param request schema
 * @param reply schema
 */
record Operation(Json spec, Json request, Json reply) {
  /**
   * Finds an operation among the contracts that a node knows.
   *
   * @param address such as {@code user.login}
   */
  static Operation find(OperatorPort port, String address) {
    List<String> known = new ArrayList<>();
    for (Json contract : port.get("contracts").list("contracts")) {
      for (Json entry : contract.list("operations")) {
        Operation operation =
            new Operation(entry.get("operation"), entry.get("request"), entry.get("reply"));
        if (operation.address().equals(address)) {
          return operation;
        }
        known.add(operation.address());
      }
    }
    String service = address.contains(".") ? address.substring(0, address.indexOf('.')) : address;
    List<String> near = known.stream().filter(name -> name.startsWith(service + ".")).toList();
    throw new Failure(
        Exit.NOT_WELL,
        "There is no operation " + address,
        near.isEmpty() ? "no running service of that name is known" : null,
        near.isEmpty() ? "starling services lists all" : "take one of " + String.join(", ", near));
  }

  String address() {
    return spec.text("service") + "." + spec.text("name");
  }

  /** The schema of a field with what it refers to; of an unknown one nothing. */
  static Json field(Json schema, String name) {
    return resolve(schema, schema.get("properties").get(name));
  }

  private static Json resolve(Json root, Json schema) {
    String reference = schema.text("$ref");
    if (reference == null || !reference.startsWith("#/$defs/")) {
      return schema;
    }
    return root.get("$defs").get(reference.substring("#/$defs/".length()));
  }

  /** The JSON type, with those that it may be besides. */
  static String type(Json field) {
    if (field.has("enum")) {
      return field.list("enum").stream().map(Json::text).collect(Collectors.joining("|"));
    }
    List<Json> several = field.list("type");
    String type =
        several.isEmpty()
            ? field.text("type")
            : several.stream().map(Json::text).collect(Collectors.joining("|"));
    if (type == null) {
      return "any";
    }
    return type.equals("array") ? "array of " + type(field.get("items")) : type;
  }

  static boolean required(Json schema, String name) {
    return schema.list("required").stream().anyMatch(r -> name.equals(r.text()));
  }

  /** The rules of a field in words. */
  static String rules(Json field) {
    List<String> rules = new ArrayList<>();
    range(field, "minLength", "maxLength", "characters", rules);
    range(field, "minimum", "maximum", "", rules);
    range(field, "minItems", "maxItems", "elements", rules);
    if (field.has("format")) {
      rules.add(field.text("format"));
    }
    if (field.has("pattern")) {
      rules.add("like " + field.text("pattern"));
    }
    return String.join(", ", rules);
  }

  private static void range(Json field, String from, String to, String what, List<String> rules) {
    if (field.has(from) || field.has(to)) {
      String range =
          field.has(from) && field.has(to)
              ? field.text(from) + " to " + field.text(to)
              : field.has(from) ? "at least " + field.text(from) : "at most " + field.text(to);
      rules.add((range + " " + what).strip());
    }
  }
}
