package dev.starling.console;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Health.Check;
import dev.starling.runtime.Membership.Place;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The operator port: is this node alive, can it work, what does it count, and what is it to do.
 *
 * <p>It starts before everything else and needs neither database nor services. Configuration:
 * {@code host}, {@code port}, and {@code settings}, what the node was configured with, as it may be
 * shown.
 */
public final class OperatorVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(OperatorVerticle.class);
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  /** The form in which buckets can name a trace (exemplars); Prometheus asks for it by itself. */
  private static final String OPEN_METRICS =
      "application/openmetrics-text; version=1.0.0; charset=utf-8";

  /** Probes, a Prometheus and some people. */
  static final int MOST_CONNECTIONS = 256;

  /** Milliseconds that a connection has for its first request. */
  static final long FIRST_REQUEST = 10_000;

  /** Milliseconds from one request to the next; whoever asks seldom connects again. */
  private static final long NEXT_REQUEST = 60_000;

  private static final long NO_TIMER = -1;

  private final Statistics statistics = new Statistics();
  private final ConsolePage page = new ConsolePage();
  private final long nextRequest;
  private Node node;
  private HttpServer server;

  /** Of the open connections; each ends when its timer does. */
  private final Map<HttpConnection, Long> timers = new HashMap<>();

  /** What is being read now, and in which form. */
  private final Map<String, Future<String>> metrics = new HashMap<>();

  /** The operator port of a node. */
  public OperatorVerticle() {
    this(NEXT_REQUEST);
  }

  OperatorVerticle(long nextRequest) {
    this.nextRequest = nextRequest;
  }

  @Override
  public Future<?> start() {
    node = Node.of(vertx);
    node.flock().onReport(statistics::hear);
    return vertx
        .executeBlocking(this::ops, false)
        .onSuccess(ops -> vertx.setPeriodic(1_000, t -> tick(ops)))
        .map(this::router)
        .compose(this::listen);
  }

  private void tick(Ops ops) {
    statistics.tick();
    ops.tick();
  }

  private Ops ops() throws UnknownHostException {
    byte[] operator = node.secrets().bytes(Secrets.OPERATOR);
    boolean loopback = InetAddress.getByName(host()).isLoopbackAddress();
    JsonArray settings = config().getJsonArray("settings", new JsonArray());
    return new Ops(node, statistics, operator, viewer(), loopback, settings, this::stays);
  }

  /** A node that may not make it, and was not given it, has none. */
  private Optional<byte[]> viewer() {
    try {
      return Optional.of(node.secrets().bytes(Secrets.VIEWER));
    } catch (Secrets.SecretsException e) {
      log.info("There is no token for those who only look: {}", e.getMessage());
      return Optional.empty();
    }
  }

  private String host() {
    return config().getString("host", "127.0.0.1");
  }

  private Router router(Ops ops) {
    Router router = Router.router(vertx);
    router.route().handler(this::common);
    show(router, "/health/live").handler(context -> Answers.json(context, 200, live()));
    show(router, "/health/ready").handler(this::ready);
    show(router, "/metrics").handler(this::metrics);
    show(router, "/metrics/cluster").handler(this::clusterMetrics);
    show(router, "/").handler(page::answer);
    show(router, "/console/:version/:file").handler(page::file);
    ops.mount(router);
    router.route().failureHandler(OperatorVerticle::fail);
    for (int status : new int[] {400, 404, 405, 413, 500}) {
      router.errorHandler(status, OperatorVerticle::fail);
    }
    return router;
  }

  private Future<?> listen(Router router) {
    server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(host())
                    .setPort(config().getInteger("port", 9090))
                    .setHttp2ClearTextEnabled(false))
            .connectionHandler(this::connected)
            .invalidRequestHandler(Answers::invalid)
            .requestHandler(router);
    return server
        .listen()
        .onSuccess(v -> node.flock().operatorAt(Place.hostAndPort(host(), server.actualPort())))
        .onSuccess(
            v -> log.info("The operator's token is in {}", node.secrets().file(Secrets.OPERATOR)));
  }

  /** The server's own idle time would begin anew with each byte of a header that does not end. */
  private void connected(HttpConnection connection) {
    if (timers.size() == MOST_CONNECTIONS) {
      connection.close();
      return;
    }
    timers.put(connection, endAfter(FIRST_REQUEST, connection));
    connection.closeHandler(v -> vertx.cancelTimer(timers.remove(connection)));
    connection.exceptionHandler(e -> log.debug("A connection broke: {}", e.getMessage()));
  }

  private long endAfter(long millis, HttpConnection connection) {
    return vertx.setTimer(millis, t -> connection.close());
  }

  private void asked(HttpConnection connection) {
    timers.computeIfPresent(
        connection,
        (same, timer) -> {
          vertx.cancelTimer(timer);
          return endAfter(nextRequest, connection);
        });
  }

  /** Its reader may go on as long as it likes. */
  private void stays(HttpConnection connection) {
    timers.computeIfPresent(
        connection,
        (same, timer) -> {
          vertx.cancelTimer(timer);
          return NO_TIMER;
        });
  }

  private static Route show(Router router, String path) {
    return router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD);
  }

  private void common(RoutingContext context) {
    asked(context.request().connection());
    Answers.common(context.request());
    context.next();
  }

  private void ready(RoutingContext context) {
    node.health()
        .readiness()
        .onSuccess(
            checks -> {
              boolean up = checks.stream().allMatch(Check::up);
              JsonObject body = status(up).put("checks", list(checks)).put("notes", notes());
              Answers.json(context, up ? 200 : 503, body);
            })
        .onFailure(context::fail);
  }

  /** What is told, and no reason to send this node no work. */
  private JsonArray notes() {
    JsonArray notes = new JsonArray();
    if (!node.isSafe()) {
      notes.add(
          new JsonObject()
              .put("name", "partitions")
              .put("reason", "part of the cluster's maps has no copy on another node now"));
    }
    return notes;
  }

  private static JsonArray list(List<Check> checks) {
    JsonArray list = new JsonArray();
    for (Check check : checks) {
      JsonObject entry = new JsonObject().put("name", check.name());
      entry.put("status", check.up() ? "up" : "down");
      list.add(check.up() ? entry : entry.put("reason", check.reason()));
    }
    return list;
  }

  /** So much anybody may know who can ask: which node of which cluster this is. */
  private JsonObject live() {
    Place place = node.membership().place();
    return status(true)
        .put("id", node.membership().self())
        .put("cluster", place == null ? null : place.cluster());
  }

  private JsonObject status(boolean up) {
    return new JsonObject().put("status", up ? "up" : "down").put("node", node.options().name());
  }

  private void metrics(RoutingContext context) {
    PrometheusMeterRegistry meters = (PrometheusMeterRegistry) node.meters();
    read(context, "node", meters::scrape);
  }

  private void clusterMetrics(RoutingContext context) {
    read(context, "cluster", type -> ClusterMetrics.of(node, statistics, type));
  }

  /** What is read in one form of Prometheus. */
  private interface Reading {
    String as(String type) throws IOException;
  }

  /** By one thread at a time, for all who ask meanwhile. */
  private void read(RoutingContext context, String what, Reading reading) {
    String type = type(context);
    String key = what + " " + type;
    Future<String> asked = metrics.get(key);
    if (asked == null) {
      asked = vertx.executeBlocking(() -> reading.as(type), false);
      metrics.put(key, asked); // It may be complete already; what follows would be undone by this.
      asked.onComplete(done -> metrics.remove(key));
    }
    asked.onSuccess(text -> Answers.text(context, type, text)).onFailure(context::fail);
  }

  private static String type(RoutingContext context) {
    String accept = context.request().getHeader(HttpHeaders.ACCEPT);
    return accept != null && accept.contains("application/openmetrics-text")
        ? OPEN_METRICS
        : PROMETHEUS;
  }

  private static void fail(RoutingContext context) {
    String trace = Call.newTrace();
    ServiceException problem = problem(context, trace);
    if (problem.code() == ErrorCode.METHOD_NOT_ALLOWED) {
      context.response().putHeader(HttpHeaders.ALLOW, Ops.allowed(context.request().path()));
    }
    Answers.common(context.request());
    Answers.problem(context.request(), problem, trace);
  }

  private static ServiceException problem(RoutingContext context, String trace) {
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
    return new ServiceException(code, code.title());
  }

  /** The port it really listens on. */
  public int port() {
    return server.actualPort();
  }
}
