package dev.starling.lab;

import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpHeaders;
import io.vertx.ext.web.Router;

/**
 * The least that Vert.x can do for a read over HTTP: one route, a fixed answer of the size of a
 * user, no database, no bus, no token. What Starling costs is counted beside it.
 */
public final class BareServer extends VerticleBase {
  private static final Buffer USER =
      Buffer.buffer(
          "{\"id\":\"00000000-0000-4000-8000-000000000000\",\"username\":\"ada\","
              + "\"created\":\"2026-01-01T00:00:00.000Z\"}");

  private final int port;

  private BareServer(int port) {
    this.port = port;
  }

  /**
   * Starts it on one event loop for each core.
   *
   * @param args the port, on 127.0.0.1
   */
  public static void main(String[] args) {
    int port = Integer.parseInt(args[0]);
    Vertx vertx = Vertx.vertx(new VertxOptions().setPreferNativeTransport(true));
    vertx
        .deployVerticle(
            () -> new BareServer(port),
            new DeploymentOptions().setInstances(Runtime.getRuntime().availableProcessors()))
        .await();
    System.out.println("up");
  }

  @Override
  public Future<?> start() {
    Router router = Router.router(vertx);
    router
        .get("/api/users/:id")
        .handler(
            context ->
                context
                    .response()
                    .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                    .end(USER));
    return vertx.createHttpServer().requestHandler(router).listen(port, "127.0.0.1");
  }
}
