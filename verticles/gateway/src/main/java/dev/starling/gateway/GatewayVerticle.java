package dev.starling.gateway;

import dev.starling.runtime.Call;
import dev.starling.runtime.Certificate;
import dev.starling.runtime.CertificateWatch;
import dev.starling.runtime.ContractDocument;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Membership.Place;
import dev.starling.runtime.Node;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.json.JsonArray;
import io.vertx.core.net.ServerSSLOptions;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * HTTP in, operations out; it knows no service by name.
 *
 * <p>Configuration: {@code host}, {@code port}, {@code tls} (a directory with tls.crt and tls.key,
 * or empty), {@code insecure}, {@code cors} (origins), {@code trusted-proxies} (networks), {@code
 * routes} (pins), {@code pages} (whether there are any), {@code administrative} (whether it serves
 * administration, or all else but pages).
 */
public final class GatewayVerticle extends VerticleBase {
  /** Under this name {@code services} lists the gateway. */
  public static final String NAME = "gateway";

  private static final Logger log = LoggerFactory.getLogger(GatewayVerticle.class);

  static final int MAX_LINE = 4096;
  static final int MAX_HEADERS = 8192;

  private Node node;
  private Limits limits;
  private RouteTable table;
  private Pipeline pipeline;
  private HttpServer server;
  private Certificate certificate;
  private List<ContractDocument> contracts = List.of();
  private CertificateWatch watch;
  private Router router;
  private Future<Buffer> description;
  private final Map<HttpConnection, Arrival> arrivals = new HashMap<>();

  @Override
  public Future<?> start() {
    node = Node.of(vertx);
    node.watchEventLoop();
    limits = node.options().limits();
    ClientAddress addresses = new ClientAddress(strings("trusted-proxies"));
    return vertx
        .executeBlocking(this::pages, false)
        .compose(
            pages -> {
              List<String> paths = pages.stream().map(Pages::path).toList();
              table = new RouteTable(strings("routes"), paths, isAdministrative());
              pipeline = new Pipeline(vertx, arrivals, addresses, strings("cors"), pages);
              follow();
              return certificate();
            })
        .compose(this::listen);
  }

  private List<Pages> pages() {
    return hasPages()
        ? ServiceLoader.load(Pages.class, Pages.class.getClassLoader()).stream()
            .map(ServiceLoader.Provider::get)
            .toList()
        : List.of();
  }

  private boolean hasPages() {
    return config().getBoolean("pages", true) && !isAdministrative();
  }

  private void follow() {
    route();
    node.directory().onChange(() -> context.runOnContext(v -> changed()));
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
        .executeBlocking(() -> Certificate.ofServer("http.tls", Path.of(directory)), false)
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
        .onSuccess(v -> tellWhere())
        .compose(v -> certificate == null ? Future.succeededFuture() : watchCertificate());
  }

  private void tellWhere() {
    if (!isAdministrative()) {
      node.flock().gatewayAt(Place.hostAndPort(config().getString("host", "127.0.0.1"), port()));
    }
  }

  /** Once for each server, which those of a node that listen on one port share. */
  private Future<?> watchCertificate() {
    if (!isAdministrative()) {
      return node.shared(CertificateWatch.class, this::newCertificateWatch);
    }
    watch = newCertificateWatch();
    return Future.succeededFuture();
  }

  private CertificateWatch newCertificateWatch() {
    return new CertificateWatch(
        vertx,
        certificate,
        node.meters(),
        changed ->
            server.updateSSLOptions(new ServerSSLOptions().setKeyCertOptions(changed.key())));
  }

  private boolean isAdministrative() {
    return config().getBoolean("administrative", false);
  }

  /** A connection must bring a request in time, and there are not more than the limit. */
  private void connected(HttpConnection connection) {
    if ((long) arrivals.size() * context.getInstanceCount() >= limits.get(Limit.HTTP_CONNECTIONS)) {
      connection.close();
      return;
    }
    arrivals.put(connection, new Arrival(vertx, connection, limits));
    connection.closeHandler(v -> arrivals.remove(connection).end());
    connection.exceptionHandler(GatewayVerticle::broke);
  }

  /** A client that resets its connection is no error of ours. */
  private static void broke(Throwable failure) {
    log.debug("A connection broke: {}", failure.getMessage());
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
    List<ContractDocument.Entry> routes = table.of(now);
    router = pipeline.router(routes, request -> describe(request, routes));
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
    if (watch != null) {
      watch.close();
    }
    if (!isAdministrative()) {
      node.flock().gatewayAt(null);
    }
    return server.shutdown(limits.get(Limit.DRAIN), TimeUnit.MILLISECONDS);
  }
}
