package dev.starling.gateway;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.netty.handler.codec.http.TooLongHttpHeaderException;
import io.netty.handler.codec.http.TooLongHttpLineException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;

/** Writes what goes out: the headers that every answer has, and problems as RFC 9457 wants them. */
final class Answers {
  private static final CharSequence NO_SNIFF_NAME =
      HttpHeaders.createOptimized("x-content-type-options");
  private static final CharSequence NO_SNIFF = HttpHeaders.createOptimized("nosniff");
  private static final CharSequence POLICY_NAME =
      HttpHeaders.createOptimized("content-security-policy");
  private static final CharSequence POLICY =
      HttpHeaders.createOptimized("default-src 'none'; frame-ancestors 'none'; base-uri 'none'");
  private static final CharSequence REFERRER_NAME = HttpHeaders.createOptimized("referrer-policy");
  private static final CharSequence REFERRER = HttpHeaders.createOptimized("no-referrer");
  private static final CharSequence RESOURCE_NAME =
      HttpHeaders.createOptimized("cross-origin-resource-policy");
  private static final CharSequence RESOURCE = HttpHeaders.createOptimized("same-origin");
  private static final CharSequence STRICT_NAME =
      HttpHeaders.createOptimized("strict-transport-security");
  private static final CharSequence STRICT =
      HttpHeaders.createOptimized("max-age=31536000; includeSubDomains");
  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");
  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final CharSequence PROBLEM =
      HttpHeaders.createOptimized("application/problem+json");

  private Answers() {}

  /** The headers of every answer; ASVS 5.0 chapter 3.4. */
  static void common(HttpServerRequest request, String trace) {
    HttpServerResponse response = request.response();
    response
        .putHeader(NO_SNIFF_NAME, NO_SNIFF)
        .putHeader(POLICY_NAME, POLICY)
        .putHeader(REFERRER_NAME, REFERRER)
        .putHeader(RESOURCE_NAME, RESOURCE)
        .putHeader(HttpHeaders.CACHE_CONTROL, NO_STORE)
        .putHeader(REQUEST_ID, trace);
    if (request.isSSL()) {
      response.putHeader(STRICT_NAME, STRICT);
    }
  }

  /** Answers with a problem, unless the answer has begun or nobody is there. */
  static void problem(HttpServerRequest request, ServiceException failure, String trace) {
    HttpServerResponse response = request.response();
    if (response.ended() || response.closed() || response.headWritten()) {
      return;
    }
    int status = failure.code().status();
    if (status == ErrorCode.UNAUTHENTICATED.status()) {
      boolean given = request.headers().contains(HttpHeaders.AUTHORIZATION);
      response.putHeader("www-authenticate", given ? "Bearer error=\"invalid_token\"" : "Bearer");
    }
    if (status == 503 || status == 429) {
      response.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(failure.retryAfter()));
    }
    if (status == 408 || status == 413) {
      response.putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    response
        .setStatusCode(status)
        .putHeader(HttpHeaders.CONTENT_TYPE, PROBLEM)
        .end(failure.problem(trace).toBuffer());
  }

  /** Answers bytes that are no HTTP request, or one beyond the limits, and closes. */
  static void invalid(HttpServerRequest request, String trace) {
    Throwable cause = request.decoderResult().cause();
    ErrorCode code = ErrorCode.MALFORMED;
    String detail = "This is not a valid HTTP request";
    if (cause instanceof TooLongHttpLineException) {
      code = ErrorCode.URI_TOO_LONG;
      detail = "The request line is longer than " + GatewayVerticle.MAX_LINE + " bytes";
    } else if (cause instanceof TooLongHttpHeaderException) {
      code = ErrorCode.HEADERS_TOO_LARGE;
      detail = "The header fields are larger than " + GatewayVerticle.MAX_HEADERS + " bytes";
    }
    common(request, trace);
    request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    problem(request, new ServiceException(code, detail), trace);
    request.connection().close();
  }
}
