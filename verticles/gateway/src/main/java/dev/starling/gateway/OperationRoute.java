package dev.starling.gateway;

import dev.starling.runtime.Call;
import dev.starling.runtime.Caller;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Node;
import dev.starling.runtime.OperationSpec;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.MultiMap;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.eventbus.Message;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * One route: an HTTP request becomes a call of its operation, and the reply's bytes the answer.
 *
 * <p>Members from the path, and from the query where there is no body, go along beside the body,
 * which is neither parsed nor copied here: the service decodes and checks it once.
 */
final class OperationRoute implements Handler<RoutingContext> {
  private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
  private static final String NO_PARAMETERS = "{}";

  /**
   * A range of RFC 9110, 12.5.1 that holds ours and is not ruled out by a weight of nothing. It
   * gives back no parameter it has taken: going back takes a piece of the stack for each.
   */
  private static final Pattern ACCEPTED =
      Pattern.compile(
          "(^|,)\\s*(\\*/\\*|application/\\*|application/json)\\s*"
              + "(;(?!\\s*q=0(\\.0*)?\\s*(,|;|$))[^,;]*)*+(,|$)");

  private static final String BEARER = "bearer ";

  private final Node node;
  private final Pipeline pipeline;
  private final OperationSpec operation;
  private final boolean hasBody;
  private final boolean cacheable;
  private final String cacheControl;

  OperationRoute(Node node, Pipeline pipeline, OperationSpec operation) {
    this.node = node;
    this.pipeline = pipeline;
    this.operation = operation;
    this.hasBody = List.of("POST", "PUT", "PATCH").contains(operation.method());
    this.cacheable = operation.maxAge() > 0 && operation.method().equals("GET");
    this.cacheControl = cacheable ? "public, max-age=" + operation.maxAge() : "no-store";
  }

  @Override
  public void handle(RoutingContext context) {
    HttpServerRequest request = context.request();
    Call call;
    Future<Message<Buffer>> reply;
    try {
      accepts(request.headers().getAll(HttpHeaders.ACCEPT));
      Buffer body = body(context);
      String parameters = parameters(context, body);
      String token = operation.open() ? null : token(request);
      String key = operation.keyed() ? IdempotencyKey.of(request.headers()) : null;
      long budget = Patience.of(request.headers(), operation.budget());
      call = pipeline.call(context, token, budget).keyed(key);
      Call begun = call;
      reply = verify(token).compose(v -> node.client().send(operation, body, parameters, begun));
    } catch (ServiceException e) {
      context.fail(e);
      return;
    }
    reply.onSuccess(message -> answer(context, message)).onFailure(context::fail);
  }

  static void accepts(List<String> accept) {
    if (!accept.isEmpty()
        && !ACCEPTED.matcher(String.join(",", accept).toLowerCase(Locale.ROOT)).find()) {
      throw new ServiceException(ErrorCode.NOT_ACCEPTABLE, "Answers are application/json");
    }
  }

  private Buffer body(RoutingContext context) {
    Buffer body = context.body().buffer();
    if (!hasBody) {
      return Buffer.buffer();
    }
    if (body == null || body.length() == 0) {
      return Buffer.buffer();
    }
    HttpServerRequest request = context.request();
    List<String> types = request.headers().getAll(HttpHeaders.CONTENT_TYPE);
    if (types.size() != 1 || !isJson(types.get(0))) {
      throw new ServiceException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json in UTF-8");
    }
    List<String> encodings = request.headers().getAll(HttpHeaders.CONTENT_ENCODING);
    if (!encodings.stream().allMatch("identity"::equalsIgnoreCase)) {
      throw new ServiceException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The body must not be compressed");
    }
    return body;
  }

  private static boolean isJson(String type) {
    String[] parts = type.split(";", -1);
    if (!parts[0].strip().equalsIgnoreCase("application/json")) {
      return false;
    }
    for (int i = 1; i < parts.length; i++) {
      String parameter = parts[i].strip().replace("\"", "");
      if (parameter.toLowerCase(Locale.ROOT).startsWith("charset=")
          && !parameter.substring(8).equalsIgnoreCase("utf-8")) {
        return false;
      }
    }
    return true;
  }

  private String parameters(RoutingContext context, Buffer body) {
    Map<String, String> path = context.pathParams();
    MultiMap query = hasBody ? null : context.queryParams();
    if (path.isEmpty() && (query == null || query.isEmpty())) {
      return hasBody ? null : NO_PARAMETERS;
    }
    JsonObject parameters = new JsonObject();
    path.forEach((name, value) -> parameters.put(name, utf8(name, value)));
    if (query != null) {
      for (Map.Entry<String, String> entry : query) {
        if (parameters.containsKey(entry.getKey())) {
          throw ServiceException.ofField(
              ErrorCode.MALFORMED, pointer(entry.getKey()), "repeated", "is given more than once");
        }
        parameters.put(entry.getKey(), utf8(entry.getKey(), entry.getValue()));
      }
    }
    return parameters.encode();
  }

  /** Netty puts U+FFFD for whatever is not UTF-8. */
  private static String utf8(String name, String value) {
    if (value.indexOf('\ufffd') >= 0) {
      throw ServiceException.ofField(
          ErrorCode.MALFORMED, pointer(name), "text", "is not text in UTF-8");
    }
    return value;
  }

  private static String pointer(String name) {
    return "/" + name.replace("~", "~0").replace("/", "~1");
  }

  private static String token(HttpServerRequest request) {
    List<String> given = request.headers().getAll(HttpHeaders.AUTHORIZATION);
    if (given.isEmpty()) {
      throw new ServiceException(ErrorCode.UNAUTHENTICATED, "An access token is needed");
    }
    String value = given.get(0);
    if (given.size() > 1 || !value.regionMatches(true, 0, BEARER, 0, BEARER.length())) {
      throw new ServiceException(
          ErrorCode.UNAUTHENTICATED, "Authorization must be one Bearer access token");
    }
    return value.substring(BEARER.length()).strip();
  }

  private Future<Caller> verify(String token) {
    return token == null ? Future.succeededFuture() : node.tokens().verify(token);
  }

  private void answer(RoutingContext context, Message<Buffer> reply) {
    HttpServerResponse response = context.response();
    if (response.closed()) {
      return;
    }
    if (operation.silent()) {
      response.setStatusCode(204).end();
      return;
    }
    String location = reply.headers().get(Node.LOCATION);
    if (location != null) {
      response.setStatusCode(201).putHeader(HttpHeaders.LOCATION, location);
    }
    response.putHeader(HttpHeaders.CACHE_CONTROL, cacheControl);
    if (cacheable && isKnown(context.request(), reply.body())) {
      response.setStatusCode(304).end();
      return;
    }
    if (context.request().method() == HttpMethod.HEAD) {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(reply.body().length()));
    }
    response.putHeader(HttpHeaders.CONTENT_TYPE, JSON).end(reply.body());
  }

  /** Names the answer, and says whether the client says that it has it. */
  private static boolean isKnown(HttpServerRequest request, Buffer body) {
    EntityTag tag = EntityTag.of(body);
    request.response().putHeader(HttpHeaders.ETAG, tag.text());
    return tag.isNamedBy(request.headers().getAll(HttpHeaders.IF_NONE_MATCH));
  }
}
