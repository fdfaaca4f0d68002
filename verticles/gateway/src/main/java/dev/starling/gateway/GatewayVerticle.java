package dev.starling.gateway;

import dev.starling.runtime.Call;
import dev.starling.runtime.Certificate;
import dev.starling.runtime.CertificateWatch;
import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Node;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.http.HttpVersion;
import io.vertx.core.json.JsonArray;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import io.vertx.ext.web.handler.CorsHandler;
import io.vertx.ext.web.handler.HttpException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP in, operations out; it knows no service by name.
 *
 * <p>Configuration: {@code host}, {@code port}, {@code tls} (a directory with tls.crt and tls.key,
 * or empty), {@code insecure}, {@code body-limit} in bytes, {@code header-timeout} and {@code
 * idle-timeout} in milliseconds, {@code max-connections}, {@code cors} (origins), {@code routes}
 * (pins).
 */
public final class GatewayVerticle extends VerticleBase {
  /** Under this name {@code services} lists the gateway. */
  public static final String NAME = "gateway";

  static final int MAX_LINE = 4096;
  static final int MAX_HEADERS = 8192;

  private static final Logger log = LoggerFactory.getLogger(GatewayVerticle.class);
  private static final Pattern FORM =
      Pattern.compile("\\s*(multipart/|application/x-www-form)", Pattern.CASE_INSENSITIVE);
  private static final String TRACE = "trace";
  private static final String BODY = "body";
  private static final long BODY_WAIT = 10_000;
  private static final long LINGER = 1_000;

  private Node node;
  private RouteTable table;
  private HttpServer server;
  private Certificate certificate;
  private List<ContractDocument> contracts = List.of();
  private Router router;
  private Future<Buffer> description;
  private final Map<HttpConnection, Arrival> arrivals = new HashMap<>();

  @Override
  public Future<?> start() {
    node = Node.of(vertx);
    table = new RouteTable(strings("routes"));
    route();
    node.directory().onChange(() -> context.runOnContext(v -> changed()));
    return certificate().compose(this::listen);
  }

  private Future<HttpServerOptions> certificate() {
    HttpServerOptions options =
        new HttpServerOptions()
            .setHost(config().getString("host", "127.0.0.1"))
            .setPort(config().getInteger("port", 8080))
            .setMaxInitialLineLength(MAX_LINE)
            .setMaxHeaderSize(MAX_HEADERS)
            .setHttp2ClearTextEnabled(false)
            .setTcpUserTimeout(10_000)
            .setAcceptBacklog(1024);
    String directory = config().getString("tls", "");
    if (directory.isEmpty()) {
      return Future.succeededFuture(options);
    }
    return vertx
        .executeBlocking(() -> Certificate.ofServer("http.tls", Path.of(directory)))
        .onSuccess(read -> certificate = read)
        .map(read -> options.setSsl(true).setUseAlpn(true).setKeyCertOptions(read.key()));
  }

  private Future<?> listen(HttpServerOptions options) {
    server =
        vertx
            .createHttpServer(options)
            .connectionHandler(this::connected)
            .invalidRequestHandler(r -> Answers.invalid(r, Call.newTrace()))
            .requestHandler(request -> router.handle(request));
    return server
        .listen()
        .compose(v -> certificate == null ? Future.succeededFuture() : watchCertificate());
  }

  /** Once for each node, since all its gateways share one server. */
  private Future<?> watchCertificate() {
    return node.shared(
        CertificateWatch.class,
        () ->
            new CertificateWatch(
                vertx,
                certificate,
                changed ->
                    server.updateSSLOptions(
                        new ServerSSLOptions().setKeyCertOptions(changed.key()))));
  }

  /** A connection must bring a request in time, and there are not more than the limit. */
  private void connected(HttpConnection connection) {
    if (arrivals.size() * context.getInstanceCount()
        >= config().getInteger("max-connections", 10_000)) {
      connection.close();
      return;
    }
    long first = config().getLong("header-timeout", 10_000L);
    long further = config().getLong("idle-timeout", 30_000L);
    arrivals.put(connection, new Arrival(vertx, connection, first, further));
    connection.closeHandler(v -> arrivals.remove(connection).end());
  }

  private void changed() {
    description = null;
    route();
  }

  private void route() {
    List<ContractDocument> now = node.directory().contracts();
    if (router != null && now.equals(contracts)) {
      return;
    }
    contracts = now;
    router = router(table.of(now));
  }

  private Router router(List<ContractDocument.Entry> routes) {
    Router fresh = Router.router(vertx);
    fresh.route().handler(this::begin);
    List<String> origins = strings("cors");
    if (!origins.isEmpty()) {
      fresh.route().handler(GatewayVerticle::vary);
      fresh.route().handler(cors(origins));
    }
    fresh.route().handler(GatewayVerticle::refuseForms);
    fresh
        .route()
        .handler(BodyHandler.create(false).setBodyLimit(config().getInteger("body-limit", 16_384)));
    fresh.route().handler(this::arrived);
    fresh
        .route(RouteTable.OPENAPI)
        .method(HttpMethod.GET)
        .method(HttpMethod.HEAD)
        .handler(context -> describe(context, routes));
    for (ContractDocument.Entry entry : routes) {
      String path = entry.operation().path().replaceAll("\\{([^}]+)}", ":$1");
      HttpMethod method = HttpMethod.valueOf(entry.operation().method());
      OperationRoute handler = new OperationRoute(node, entry.operation());
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
                IdempotencyKey.NAME,
                Patience.NAME))
        .exposedHeaders(Set.of("location", "retry-after", "www-authenticate", "x-request-id"))
        .maxAgeSeconds(600);
  }

  private void begin(RoutingContext context) {
    HttpServerRequest request = context.request();
    Arrival arrival = arrivals.get(request.connection());
    if (arrival != null) {
      arrival.begun();
      context.addEndHandler(v -> answered(arrival));
    }
    String trace = Call.newTrace();
    context.put(TRACE, trace);
    Answers.common(request, trace);
    if (node.drain().isOn() && request.version() != HttpVersion.HTTP_2) {
      request.response().putHeader(HttpHeaders.CONNECTION, HttpHeaders.CLOSE);
    }
    if (mayBring(request)) {
      context.put(BODY, vertx.setTimer(BODY_WAIT, t -> late(context)));
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

  private static void late(RoutingContext context) {
    context.fail(
        new ServiceException(
            ErrorCode.REQUEST_TIMED_OUT,
            "The body did not arrive within " + BODY_WAIT / 1000 + " s"));
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
  static Call call(RoutingContext context, String token, long budget) {
    return Call.begin(context.<String>get(TRACE), token, budget);
  }

  private void describe(RoutingContext context, List<ContractDocument.Entry> routes) {
    if (description == null) {
      description = description(routes);
    }
    description
        .onSuccess(
            document ->
                context
                    .response()
                    .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                    .end(document))
        .onFailure(context::fail);
  }

  /** Made once for each change, however often it is asked for, and not on an event loop. */
  private Future<Buffer> description(List<ContractDocument.Entry> routes) {
    Set<String> live =
        node.directory().announcements().stream().map(a -> a.service()).collect(Collectors.toSet());
    List<ContractDocument.Entry> now =
        routes.stream().filter(e -> live.contains(e.operation().service())).toList();
    return vertx.executeBlocking(() -> OpenApi.document(now).toBuffer(), false);
  }

  private void fail(RoutingContext context) {
    cancel(context);
    String trace = context.get(TRACE);
    if (trace == null) { // Refused before any route.
      trace = Call.newTrace();
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
      log.error("{} failed, trace {}", context.request().path(), trace, failure);
    }
    return new ServiceException(code, detail(code, context));
  }

  private String detail(ErrorCode code, RoutingContext context) {
    return switch (code) {
      case NOT_FOUND -> "Nothing answers at this address; /openapi.json lists what does";
      case METHOD_NOT_ALLOWED -> context.request().method() + " is not known at this address";
      case TOO_LARGE ->
          "The body is larger than " + config().getInteger("body-limit", 16_384) + " bytes";
      default -> code.title();
    };
  }

  private List<String> strings(String key) {
    return config().getJsonArray(key, new JsonArray()).stream().map(String::valueOf).toList();
  }

  /** The port it really listens on. */
  public int port() {
    return server.actualPort();
  }

  /** Takes no more connections and finishes what is in flight, within the node's drain time. */
  @Override
  public Future<?> stop() {
    return server.shutdown(node.options().drain().toMillis(), TimeUnit.MILLISECONDS);
  }
}
