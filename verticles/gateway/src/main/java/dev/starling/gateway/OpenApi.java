package dev.starling.gateway;

import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.OperationSpec;
import dev.starling.runtime.Schema;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Describes the routes that can be called now, as OpenAPI 3.1; schemas come from the contracts. */
final class OpenApi {
  private static final Pattern PARAMETER = Pattern.compile("\\{([^}]+)}");
  private static final String PROBLEM = "#/components/schemas/Problem";

  private OpenApi() {}

  static JsonObject document(List<ContractDocument.Entry> routes) {
    JsonObject paths = new JsonObject();
    for (ContractDocument.Entry entry : routes) {
      OperationSpec operation = entry.operation();
      JsonObject path = paths.getJsonObject(operation.path(), new JsonObject());
      path.put(operation.method().toLowerCase(java.util.Locale.ROOT), describe(entry));
      paths.put(operation.path(), path);
    }
    return new JsonObject()
        .put("openapi", "3.1.0")
        .put("info", new JsonObject().put("title", "Starling").put("version", "1"))
        .put("jsonSchemaDialect", "https://json-schema.org/draft/2020-12/schema")
        .put("paths", paths)
        .put("components", components());
  }

  private static JsonObject components() {
    return new JsonObject()
        .put(
            "securitySchemes",
            new JsonObject()
                .put(
                    "bearer",
                    new JsonObject()
                        .put("type", "http")
                        .put("scheme", "bearer")
                        .put("bearerFormat", "JWT")))
        .put("schemas", new JsonObject().put("Problem", problem()));
  }

  private static JsonObject problem() {
    JsonObject text = new JsonObject().put("type", "string");
    JsonObject error =
        new JsonObject()
            .put("type", "object")
            .put(
                "properties",
                new JsonObject().put("pointer", text).put("rule", text).put("detail", text));
    return new JsonObject()
        .put("type", "object")
        .put("description", "Problem details (RFC 9457)")
        .put("required", new JsonArray().add("type").add("title").add("status").add("detail"))
        .put(
            "properties",
            new JsonObject()
                .put("type", text)
                .put("title", text)
                .put("status", new JsonObject().put("type", "integer"))
                .put("detail", text)
                .put("instance", text)
                .put("errors", new JsonObject().put("type", "array").put("items", error)));
  }

  private static JsonObject describe(ContractDocument.Entry entry) {
    OperationSpec operation = entry.operation();
    JsonObject request = json(entry.request());
    JsonObject described =
        new JsonObject()
            .put("operationId", operation.address())
            .put("tags", new JsonArray().add(operation.service()));
    JsonArray parameters = new JsonArray();
    JsonObject body = request.copy();
    Matcher names = PARAMETER.matcher(operation.path());
    while (names.find()) {
      parameters.add(parameter(take(body, names.group(1)), names.group(1), "path", true));
    }
    JsonObject rest = body.getJsonObject("properties", new JsonObject());
    if (operation.method().equals("GET") || operation.method().equals("DELETE")) {
      JsonArray required = body.getJsonArray("required", new JsonArray());
      rest.forEach(
          p ->
              parameters.add(
                  parameter(
                      (JsonObject) p.getValue(),
                      p.getKey(),
                      "query",
                      required.contains(p.getKey()))));
    } else if (!rest.isEmpty()) {
      described.put(
          "requestBody", new JsonObject().put("required", true).put("content", content(body)));
    }
    if (operation.keyed()) {
      parameters.add(key());
    }
    if (!parameters.isEmpty()) {
      described.put("parameters", parameters);
    }
    if (!operation.open()) {
      described.put(
          "security", new JsonArray().add(new JsonObject().put("bearer", new JsonArray())));
    }
    return described.put("responses", responses(entry));
  }

  private static JsonObject key() {
    JsonObject schema = new JsonObject().put("type", "string");
    schema.put("minLength", 1).put("maxLength", 255).put("pattern", "^[!-~]+$");
    return parameter(schema, IdempotencyKey.NAME, "header", false)
        .put(
            "description",
            "Makes the request safe to repeat: the same request with the same key is done once and"
                + " gets the same answer; another request with it gets 422");
  }

  private static JsonObject parameter(JsonObject schema, String name, String in, boolean required) {
    return new JsonObject()
        .put("name", name)
        .put("in", in)
        .put("required", required)
        .put("schema", schema);
  }

  /** Takes a member that is a path parameter out of the schema of the body. */
  private static JsonObject take(JsonObject body, String name) {
    JsonObject properties = body.getJsonObject("properties", new JsonObject());
    JsonArray required = body.getJsonArray("required", new JsonArray());
    required.remove(name);
    if (required.isEmpty()) {
      body.remove("required");
    }
    Object schema = properties.remove(name);
    return schema instanceof JsonObject json ? json : new JsonObject().put("type", "string");
  }

  private static JsonObject responses(ContractDocument.Entry entry) {
    String success = entry.operation().location() == null ? "200" : "201";
    JsonObject done = new JsonObject().put("description", "Done");
    if (entry.operation().silent()) {
      success = "204";
    } else {
      done.put("content", content(json(entry.reply())));
    }
    if (entry.operation().location() != null) {
      done.put("headers", header("Location"));
    }
    JsonObject responses = new JsonObject().put(success, done);
    if (entry.operation().maxAge() > 0) {
      done.put("headers", header("ETag"));
      responses.put("304", new JsonObject().put("description", "As If-None-Match says"));
    }
    ErrorCode[] usual = {ErrorCode.MALFORMED, ErrorCode.INVALID, ErrorCode.NOT_STARTED};
    for (ErrorCode code : usual) {
      responses.put(Integer.toString(code.status()), problem(code.title()));
    }
    if (!entry.operation().open()) {
      responses.put("401", problem(ErrorCode.UNAUTHENTICATED.title()));
    }
    if (entry.operation().role() != null) {
      responses.put("403", problem(ErrorCode.FORBIDDEN.title()));
    }
    return responses.put("default", problem("Any other problem"));
  }

  private static JsonObject header(String name) {
    JsonObject schema = new JsonObject().put("type", "string");
    return new JsonObject().put(name, new JsonObject().put("schema", schema));
  }

  private static JsonObject problem(String description) {
    return new JsonObject()
        .put("description", description)
        .put(
            "content",
            new JsonObject()
                .put(
                    "application/problem+json",
                    new JsonObject().put("schema", new JsonObject().put("$ref", PROBLEM))));
  }

  private static JsonObject content(JsonObject schema) {
    return new JsonObject().put("application/json", new JsonObject().put("schema", schema));
  }

  private static JsonObject json(Schema schema) {
    return new JsonObject(schema.json().toString());
  }
}
