package dev.starling.gateway;

import dev.starling.runtime.Call;
import dev.starling.runtime.CallTrace;
import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Node;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Handler;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.CorsHandler;
import io.vertx.ext.web.handler.HttpException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What each request passes on the way to its route, and where each of its failures ends: trace and
 * headers of every answer, CORS, what no route takes, the body within its size and time.
 */
final class Pipeline {
  private static final Logger log = LoggerFactory.getLogger(Pipeline.class);
  private static final Pattern FORM =
      Pattern.compile("\\s*(multipart/|application/x-www-form)", Pattern.CASE_INSENSITIVE);
  private static final Pattern ENCODED_FORM =
      Pattern.compile(
          "\\s*application/x-www-form-urlencoded\\s*(;\\s*charset=\"?utf-8\"?\\s*)?",
          Pattern.CASE_INSENSITIVE);
  private static final long MAX_FORM = 16_384;
  private static final String BODY = "body";
  private static final String LIMIT = "limit";
  private static final long LINGER = 1_000;

  private final Vertx vertx;
  private final Node node;
  private final Map<HttpConnection, Arrival> arrivals;
  private final ClientAddress addresses;
  private final List<String> origins;
  private final Map<String, Handler<RoutingContext>> pages;
  private final BodyHandler body = BodyHandler.create(false);
  private final BodyHandler form = BodyHandler.create(false).setMergeFormAttributes(false);

  /**
   * Makes what all routers of a gateway share.
   *
   * @param arrivals of the open connections, kept by the gateway
   * @param addresses says whose requests they are
   * @param origins whose pages may call
   * @param pages that are served besides
   */
  Pipeline(
      Vertx vertx,
      Map<HttpConnection, Arrival> arrivals,
      ClientAddress addresses,
      List<String> origins,
      List<Pages> pages) {
    this.vertx = vertx;
    this.addresses = addresses;
    this.node = Node.of(vertx);
    this.arrivals = arrivals;
    this.origins = origins;
    this.pages =
        pages.stream()
            .collect(Collectors.toMap(Pages::path, each -> each.handler(vertx, this::call)));
  }

  /** A router of these routes and of their description. */
  Router router(List<ContractDocument.Entry> routes, Handler<RoutingContext> description) {
    Router fresh = Router.router(vertx);
    fresh.route().handler(this::begin);
    pages.forEach((path, handler) -> serve(fresh.route(path + "/*"), handler));
    if (!origins.isEmpty()) {
      fresh.route().handler(Pipeline::vary);
      fresh.route().handler(cors(origins));
    }
    fresh.route().handler(Pipeline::refuseForms);
    fresh.route().handler(context -> read(context, body, bodyLimit()));
    fresh.route().handler(this::arrived);
    fresh
        .route(RouteTable.OPENAPI)
        .method(HttpMethod.GET)
        .method(HttpMethod.HEAD)
        .handler(description);
    for (ContractDocument.Entry entry : routes) {
      String path = entry.operation().path().replaceAll("\\{([^}]+)}", ":$1");
      HttpMethod method = HttpMethod.valueOf(entry.operation().method());
      OperationRoute handler = new OperationRoute(node, this, entry.operation());
      fresh.route(method, path).handler(handler);
      if (method.equals(HttpMethod.GET)) {
        fresh.route(HttpMethod.HEAD, path).handler(handler);
      }
    }
    for (int status : new int[] {400, 404, 408, 413, 414, 415, 500}) {
      fresh.errorHandler(status, this::fail);
    }
    fresh.errorHandler(
        405,
        context -> {
          context.response().putHeader(HttpHeaders.ALLOW, allowed(routes, context.request()));
          fail(context);
        });
    fresh.route().failureHandler(this::fail);
    return fresh;
  }

  private static String allowed(List<ContractDocument.Entry> routes, HttpServerRequest request) {
    if (RouteTable.OPENAPI.equals(request.path())) {
      return "GET, HEAD";
    }
    return routes.stream()
        .map(ContractDocument.Entry::operation)
        .filter(o -> request.path().matches(o.path().replaceAll("\\{[^}]+}", "[^/]+")))
        .map(o -> o.method().equals("GET") ? "GET, HEAD" : o.method())
        .distinct()
        .collect(Collectors.joining(", "));
  }

  /** Vert.x leaves it out when there is one origin, and caches mix up who may read. */
  private static void vary(RoutingContext context) {
    context.response().putHeader(HttpHeaders.VARY, HttpHeaders.ORIGIN);
    context.next();
  }

  private static CorsHandler cors(List<String> origins) {
    return CorsHandler.create()
        .addOrigins(origins)
        .allowedMethods(
            Set.of(
                HttpMethod.GET,
                HttpMethod.POST,
                HttpMethod.PUT,
                HttpMethod.PATCH,
                HttpMethod.DELETE))
        .allowedHeaders(
            Set.of(
                HttpHeaders.AUTHORIZATION.toString(),
                HttpHeaders.CONTENT_TYPE.toString(),
                HttpHeaders.IF_NONE_MATCH.toString(),
                IdempotencyKey.NAME,
                Patience.NAME))
        .exposedHeaders(
            Set.of("allow", "etag", "location", "retry-after", "www-authenticate", "x-request-id"))
        .maxAgeSeconds(600);
  }

  private void begin(RoutingContext context) {
    HttpServerRequest request = context.request();
    Arrival arrival = arrivals.get(request.connection());
    if (arrival != null) {
      arrival.begun();
      context.addEndHandler(v -> answered(arrival));
    }
    String trace = node.options().traces().get();
    context.put(Call.TRACE, trace);
    CallTrace.put(trace);
    Answers.common(request, trace);
    if (node.drain().isOn() && request.version() != HttpVersion.HTTP_2) {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    if (mayBring(request)) {
      long wait = node.options().limits().get(Limit.HTTP_BODY_TIMEOUT);
      context.put(BODY, vertx.setTimer(wait, t -> late(context, wait)));
    }
    context.next();
  }

  /** While the node is drained a client's next request goes where a balancer sends it. */
  private void answered(Arrival arrival) {
    arrival.answered();
    if (node.drain().isOn()) {
      arrival.endWhenAnswered();
    }
  }

  private static boolean mayBring(HttpServerRequest request) {
    return request.version() == HttpVersion.HTTP_2
        || request.headers().contains(HttpHeaders.CONTENT_LENGTH)
        || request.headers().contains(HttpHeaders.TRANSFER_ENCODING);
  }

  private static void late(RoutingContext context, long waited) {
    context.fail(
        new ServiceException(
            ErrorCode.REQUEST_TIMED_OUT, "The body did not arrive within " + waited + " ms"));
  }

  private void serve(Route route, Handler<RoutingContext> pages) {
    route
        .handler(Pipeline::refuseAllButForms)
        .handler(context -> read(context, form, Math.min(MAX_FORM, bodyLimit())))
        .handler(this::arrived)
        .handler(pages);
  }

  private static void refuseAllButForms(RoutingContext context) {
    List<String> types = context.request().headers().getAll(HttpHeaders.CONTENT_TYPE);
    if (types.stream().allMatch(type -> ENCODED_FORM.matcher(type).matches())) {
      context.next();
    } else {
      context.fail(ErrorCode.UNSUPPORTED_MEDIA_TYPE.status());
    }
  }

  /** The body handler would parse them, for nobody. */
  private static void refuseForms(RoutingContext context) {
    String type = context.request().getHeader(HttpHeaders.CONTENT_TYPE);
    if (type != null && FORM.matcher(type).lookingAt()) {
      context.fail(ErrorCode.UNSUPPORTED_MEDIA_TYPE.status());
    } else {
      context.next();
    }
  }

  private static void read(RoutingContext context, BodyHandler handler, long limit) {
    context.put(LIMIT, limit);
    handler.setBodyLimit(limit).handle(context);
  }

  private void arrived(RoutingContext context) {
    cancel(context);
    context.next();
  }

  private void cancel(RoutingContext context) {
    Long timer = context.remove(BODY);
    if (timer != null) {
      vertx.cancelTimer(timer);
    }
  }

  /** The call of a request that has arrived whole: its operation's time begins now. */
  Call call(RoutingContext context, String token, long budget) {
    return Call.begin(context.<String>get(Call.TRACE), token, budget)
        .from(addresses.of(context.request()), context.request().getHeader(HttpHeaders.USER_AGENT));
  }

  private void fail(RoutingContext context) {
    cancel(context);
    String trace = context.get(Call.TRACE);
    if (trace == null) { // Refused before any route.
      trace = node.options().traces().get();
      Answers.common(context.request(), trace);
    }
    ServiceException problem = problem(context, trace);
    Answers.problem(context.request(), problem, trace);
    if (problem.code() == ErrorCode.REQUEST_TIMED_OUT || problem.code() == ErrorCode.TOO_LARGE) {
      vertx.setTimer(LINGER, t -> hangUp(context.request()));
    }
  }

  /** Listens no longer to a body that is refused; the client has had time to read so. */
  private static void hangUp(HttpServerRequest request) {
    if (request.version() != HttpVersion.HTTP_2) {
      request.connection().close();
    } else if (!request.isEnded()) {
      request.response().reset(0);
    }
  }

  private ServiceException problem(RoutingContext context, String trace) {
    Throwable failure = context.failure();
    if (failure instanceof ServiceException known) {
      return known;
    }
    int status =
        failure instanceof HttpException http ? http.getStatusCode() : context.statusCode();
    ErrorCode code = ErrorCode.ofStatus(status);
    if (code.isFault()) {
      log.atError()
          .addKeyValue(Call.TRACE, trace)
          .setCause(failure)
          .log("{} failed", context.request().path());
    }
    return new ServiceException(code, detail(code, context));
  }

  private long bodyLimit() {
    return node.options().limits().get(Limit.HTTP_BODY);
  }

  private String detail(ErrorCode code, RoutingContext context) {
    return switch (code) {
      case NOT_FOUND -> "Nothing answers at this address; /openapi.json lists what does";
      case METHOD_NOT_ALLOWED -> context.request().method() + " is not known at this address";
      case TOO_LARGE -> "The body is larger than " + context.get(LIMIT) + " bytes";
      default -> code.title();
    };
  }
}
