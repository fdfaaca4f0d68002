package dev.starling.console;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Health.Check;
import dev.starling.runtime.Node;
import dev.starling.runtime.ServiceException;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Route;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The operator port: is this node alive, can it work, what does it count.
 *
 * <p>It starts before everything else and needs neither database nor services. Configuration:
 * {@code host}, {@code port}.
 */
public final class OperatorVerticle extends VerticleBase {
  private static final String PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8";

  private Node node;
  private HttpServer server;

  @Override
  public Future<?> start() {
    node = Node.of(vertx);
    Router router = Router.router(vertx);
    router.route().handler(OperatorVerticle::common);
    show(router, "/health/live").handler(context -> answer(context, 200, status(true)));
    show(router, "/health/ready").handler(this::ready);
    show(router, "/metrics").handler(this::metrics);
    for (int status : new int[] {400, 404, 405, 500}) {
      router.errorHandler(status, context -> fail(context, ErrorCode.ofStatus(status)));
    }
    server =
        vertx
            .createHttpServer(
                new HttpServerOptions()
                    .setHost(config().getString("host", "127.0.0.1"))
                    .setPort(config().getInteger("port", 9090))
                    .setHttp2ClearTextEnabled(false)
                    .setIdleTimeoutUnit(TimeUnit.SECONDS)
                    .setIdleTimeout(60))
            .requestHandler(router);
    return server.listen();
  }

  private static Route show(Router router, String path) {
    return router.route(path).method(HttpMethod.GET).method(HttpMethod.HEAD);
  }

  private static void common(RoutingContext context) {
    context
        .response()
        .putHeader(HttpHeaders.CACHE_CONTROL, "no-store")
        .putHeader("x-content-type-options", "nosniff");
    context.next();
  }

  private void ready(RoutingContext context) {
    node.health()
        .readiness()
        .onSuccess(
            checks -> {
              boolean up = checks.stream().allMatch(Check::up);
              answer(context, up ? 200 : 503, status(up).put("checks", list(checks)));
            })
        .onFailure(context::fail);
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

  private JsonObject status(boolean up) {
    return new JsonObject().put("status", up ? "up" : "down").put("node", node.options().name());
  }

  private static void answer(RoutingContext context, int status, JsonObject body) {
    context.response().setStatusCode(status);
    end(context, "application/json", body.toBuffer());
  }

  private void metrics(RoutingContext context) {
    vertx
        .executeBlocking(() -> ((PrometheusMeterRegistry) node.meters()).scrape(), false)
        .onSuccess(text -> end(context, PROMETHEUS, Buffer.buffer(text)))
        .onFailure(context::fail);
  }

  private static void fail(RoutingContext context, ErrorCode code) {
    if (code == ErrorCode.METHOD_NOT_ALLOWED) {
      context.response().putHeader(HttpHeaders.ALLOW, "GET, HEAD");
    }
    context.response().setStatusCode(code.status());
    JsonObject problem = new ServiceException(code, code.title()).problem(Call.newTrace());
    end(context, "application/problem+json", problem.toBuffer());
  }

  private static void end(RoutingContext context, String type, Buffer body) {
    context
        .response()
        .putHeader(HttpHeaders.CONTENT_TYPE, type)
        .putHeader(HttpHeaders.CONTENT_LENGTH, Integer.toString(body.length()))
        .end(body);
  }

  /** The port it really listens on. */
  public int port() {
    return server.actualPort();
  }
}
