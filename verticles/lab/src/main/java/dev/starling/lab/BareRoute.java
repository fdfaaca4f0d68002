package dev.starling.lab;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Handler;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.util.UUID;

/**
 * The HTTP side of the bare programs: one route of plain Vert.x on each core, whose answers carry
 * as many header fields as a gateway's, so that clients and kernel have the same work.
 */
final class BareRoute {
  private static final CharSequence JSON = HttpHeaders.createOptimized("application/json");
  private static final CharSequence NO_STORE = HttpHeaders.createOptimized("no-store");
  private static final CharSequence REQUEST_ID = HttpHeaders.createOptimized("x-request-id");
  private static final CharSequence[] FIXED = {
    "x-content-type-options", "nosniff",
    "content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy", "no-referrer",
    "cross-origin-resource-policy", "same-origin"
  };

  static {
    for (int i = 0; i < FIXED.length; i++) {
      FIXED[i] = HttpHeaders.createOptimized(FIXED[i].toString());
    }
  }

  private BareRoute() {}

  static VertxOptions options() {
    return new VertxOptions().setPreferNativeTransport(true);
  }

  static DeploymentOptions onEachCore() {
    return new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors());
  }

  /** Serves GET of a path on a free port of 127.0.0.1, and prints where. */
  static void serve(Vertx vertx, String path, Handler<RoutingContext> handler) {
    Listener[] last = new Listener[1];
    vertx.deployVerticle(() -> last[0] = new Listener(path, handler), onEachCore()).await();
    System.out.println("  API       http://127.0.0.1:" + last[0].server.actualPort());
  }

  private static final class Listener extends VerticleBase {
    private final String path;
    private final Handler<RoutingContext> handler;
    private HttpServer server;

    Listener(String path, Handler<RoutingContext> handler) {
      this.path = path;
      this.handler = handler;
    }

    @Override
    public Future<?> start() {
      Router router = Router.router(vertx);
      router.get(path).handler(handler);
      server = vertx.createHttpServer().requestHandler(router);
      return server.listen(-1, "127.0.0.1"); // any port, the same for all instances
    }
  }

  static void answer(RoutingContext context, Buffer json) {
    HttpServerResponse response = context.response();
    for (int i = 0; i < FIXED.length; i += 2) {
      response.putHeader(FIXED[i], FIXED[i + 1]);
    }
    response
        .putHeader(REQUEST_ID, UUID.randomUUID().toString())
        .putHeader(HttpHeaders.CACHE_CONTROL, NO_STORE)
        .putHeader(HttpHeaders.CONTENT_TYPE, JSON)
        .end(json);
  }
}
