package dev.starling.account;

import dev.starling.gateway.Pages;
import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Node;
import dev.starling.runtime.Operation;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.AskOffers;
import dev.starling.user.api.UserContract.Offers;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.Future;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.Cookie;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request of a browser: who it is, what its form says, and what it is answered. */
final class Visit {
  private static final Logger log = LoggerFactory.getLogger(Visit.class);
  private static final String POLICY =
      "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; form-action 'self';"
          + " frame-ancestors 'none'; base-uri 'none'";

  private final RoutingContext context;
  private final HttpServerRequest request;
  private final HttpServerResponse response;
  private final Node node;
  private final Pages.Calls calls;
  private final Templates templates;
  private final Assets assets;
  private String access;
  private String secret;
  private Future<Boolean> sendsMail;
  private String policy = POLICY;

  Visit(RoutingContext context, Node node, Pages.Calls calls, Templates templates, Assets assets) {
    this.context = context;
    this.request = context.request();
    this.response = context.response();
    this.node = node;
    this.calls = calls;
    this.templates = templates;
    this.assets = assets;
  }

  /** What follows {@link AccountPages#PATH}, without a slash at its end. */
  String path() {
    String path = context.normalizedPath().substring(AccountPages.PATH.length());
    return path.endsWith("/") ? path.substring(0, path.length() - 1) : path;
  }

  boolean isReading() {
    return request.method() == HttpMethod.GET || request.method() == HttpMethod.HEAD;
  }

  boolean isSubmission() {
    return request.method() == HttpMethod.POST;
  }

  /** A header field that comes once; null for none, and for one that comes twice. */
  String header(String name) {
    List<String> values = request.headers().getAll(name);
    return values.size() == 1 ? values.get(0) : null;
  }

  /** Host and port that were asked for, as a browser writes them. */
  String host() {
    return request.authority() == null ? null : request.authority().toString();
  }

  /** What the form says, empty where it says nothing. */
  String field(String name) {
    String value = request.formAttributes().get(name);
    return value == null ? "" : value;
  }

  /** A code without the spaces and line ends that come along when it is copied. */
  String code(String name) {
    return field(name).strip().replace(" ", "");
  }

  /** What was typed besides the password; null where nothing was asked for. */
  String secondFactor() {
    return has(Form.CODE.name()) ? code(Form.CODE.name()) : null;
  }

  /** Whether the form has such a field at all. */
  boolean has(String name) {
    return request.formAttributes().contains(name);
  }

  /** What was asked for behind the address's question mark; null for nothing. */
  String asked(String name) {
    return request.getParam(name);
  }

  String cookie(String name) {
    Cookie cookie = request.getCookie(name);
    return cookie == null || cookie.getValue().isEmpty() ? null : cookie.getValue();
  }

  /** Whether there is a session; an access token that has ended is renewed on the way. */
  Future<Boolean> isSignedIn() {
    String token = cookie(Cookies.ACCESS);
    if (token == null) {
      return renew();
    }
    return node.tokens()
        .verify(token)
        .onSuccess(caller -> access = token)
        .map(true)
        .recover(e -> isRefusal(e) ? renew() : Future.failedFuture(e));
  }

  private Future<Boolean> renew() {
    String token = cookie(Cookies.REFRESH);
    if (token == null) {
      return Future.succeededFuture(false);
    }
    return call(UserContract.REFRESH, new Refresh(token))
        .onSuccess(this::keep)
        .map(true)
        .recover(
            e -> {
              if (!isRefusal(e)) {
                return Future.failedFuture(e);
              }
              forget();
              return Future.succeededFuture(false);
            });
  }

  /** Whether there is something wrong with what was sent, rather than with us. */
  private static boolean isRefusal(Throwable failure) {
    return switch (ServiceException.of(failure).code()) {
      case UNAUTHENTICATED, INVALID, MALFORMED -> true;
      default -> false;
    };
  }

  /** Calls an operation, in the name of who is signed in unless it is open. */
  <I, O> Future<O> call(Operation<I, O> operation, I request) {
    String token = operation.spec().open() ? null : access;
    return node.client()
        .call(operation, request, calls.begin(context, token, operation.spec().budget()));
  }

  /**
   * Whether mails are sent; a user service that does not say so, being older or away, may do it.
   */
  Future<Boolean> sendsMail() {
    if (sendsMail == null) {
      sendsMail =
          call(UserContract.OFFERS, new AskOffers())
              .map(Offers::mail)
              .recover(e -> Future.succeededFuture(true));
    }
    return sendsMail;
  }

  /** A session has begun, or goes on. */
  void keep(Tokens tokens) {
    access = tokens.accessToken();
    response.addCookie(Cookies.of(Cookies.ACCESS, tokens.accessToken()));
    response.addCookie(Cookies.of(Cookies.REFRESH, tokens.refreshToken()));
    if (tokens.deviceToken() != null) {
      response.addCookie(Cookies.of(Cookies.DEVICE, tokens.deviceToken()));
    }
  }

  /** The session has ended. */
  void forget() {
    access = null;
    response.addCookie(Cookies.end(Cookies.ACCESS));
    response.addCookie(Cookies.end(Cookies.REFRESH));
  }

  /** The account has gone. */
  void forgetDevice() {
    response.addCookie(Cookies.end(Cookies.DEVICE));
  }

  /** Lets the script of the page that is shown ask us, as it does when one signs in. */
  void mayAsk() {
    policy = POLICY + "; connect-src 'self'";
  }

  /** Answers with a page. */
  Future<Void> show(int status, String template, Map<String, ?> model) {
    Map<String, Object> whole = new HashMap<>(model);
    whole.put("style", assets.path("css"));
    whole.put("script", assets.path("js"));
    whole.put("icon", assets.path("svg"));
    whole.put("root", AccountPages.PATH);
    whole.put("token", FormGuard.token(secret()));
    Buffer page = Buffer.buffer(templates.render(template, whole));
    response
        .setStatusCode(status)
        .putHeader("content-security-policy", policy)
        .putHeader("referrer-policy", "same-origin");
    return send("text/html; charset=utf-8", page);
  }

  /** Answers with these bytes; with their length alone when only that was asked for. */
  Future<Void> send(String type, Buffer body) {
    response.putHeader(HttpHeaders.CONTENT_TYPE, type);
    if (request.method() == HttpMethod.HEAD) {
      response.putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()));
      return response.end();
    }
    return response.end(body);
  }

  HttpServerResponse response() {
    return response;
  }

  private String secret() {
    if (secret == null) {
      secret = cookie(Cookies.FORM);
    }
    if (secret == null) {
      secret = FormGuard.newSecret();
      response.addCookie(Cookies.of(Cookies.FORM, secret));
    }
    return secret;
  }

  /** Sends the browser to another of our pages, to read it. */
  Future<Void> go(String path) {
    return response
        .setStatusCode(303)
        .putHeader(HttpHeaders.LOCATION, AccountPages.PATH + path)
        .end();
  }

  /**
   * Sends the browser to the account.
   *
   * @param what has been done, as {@link Notices} know it
   */
  Future<Void> done(String what) {
    return go("?done=" + what);
  }

  /** Answers with a page that says why there is nothing else. */
  Future<Void> refuse(int status, String allowed) {
    if (allowed != null) {
      response.putHeader(HttpHeaders.ALLOW, allowed);
    }
    return show(status, "message", Message.of(status, null));
  }

  /** Answers to whom a page cannot be shown. */
  void fail(Throwable failure) {
    ServiceException refusal = ServiceException.of(failure);
    if (response.ended() || response.closed() || response.headWritten()) {
      return;
    }
    if (refusal.code() == ErrorCode.UNAUTHENTICATED) {
      forget();
      go("");
      return;
    }
    if (refusal.code() == ErrorCode.INTERNAL) {
      log.atError()
          .addKeyValue(Call.TRACE, trace())
          .setCause(failure)
          .log("{} failed", request.path());
    }
    sayWhen(refusal);
    show(refusal.code().status(), "message", Message.of(refusal.code().status(), trace()));
  }

  /** Tells when it makes sense to try again, as programs understand it. */
  void sayWhen(ServiceException refusal) {
    int status = refusal.code().status();
    if (status == 429 || status == 503) {
      response.putHeader(HttpHeaders.RETRY_AFTER, Long.toString(refusal.retryAfter()));
    }
  }

  private String trace() {
    return response.headers().get("x-request-id");
  }
}
