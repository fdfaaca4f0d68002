package dev.starling.console;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.RoutingContext;

/** Writes what goes out: the headers that every answer has, JSON, and problems (RFC 9457). */
final class Answers {
  private Answers() {}

  /** The headers of every answer; ASVS 5.0 chapter 3.4. */
  static void common(HttpServerRequest request) {
    request
        .response()
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .putHeader("x-content-type-options", "nosniff")
        .putHeader(
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'; base-uri 'none'")
        .putHeader("referrer-policy", "no-referrer")
        .putHeader("cross-origin-resource-policy", "same-origin");
  }

  static void json(RoutingContext context, int status, JsonObject body) {
    write(context.response(), status, "application/json", body.toBuffer());
  }

  static void text(RoutingContext context, String type, String body) {
    write(context.response(), 200, type, Buffer.buffer(body));
  }

  static void problem(HttpServerRequest request, ServiceException failure, String trace) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed() || response.headWritten()) {
      return;
    }
    if (failure.code() == ErrorCode.UNAUTHENTICATED) {
      response.putHeader("www-authenticate", "Bearer");
    }
    if (failure.code() == ErrorCode.TOO_LARGE) {
      response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    Buffer problem = failure.problem(trace).toBuffer();
    write(response, failure.code().status(), "application/problem+json", problem);
  }

  /** Answers bytes that are no HTTP request, or one beyond the limits, and closes. */
  static void invalid(HttpServerRequest request) {
    common(request);
    request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    problem(
        request,
        new ServiceException(ErrorCode.MALFORMED, "This is no HTTP request, or too long a one"),
        Call.newTrace());
    request.connection().close();
  }

  static void write(HttpServerResponse response, int status, String type, Buffer body) {
    response
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, type)
        .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length())) // for HEAD
        .end(body);
  }
}
