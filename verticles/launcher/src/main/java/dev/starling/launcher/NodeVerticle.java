package dev.starling.launcher;

import dev.starling.console.OperatorVerticle;
import dev.starling.gateway.GatewayVerticle;
import dev.starling.runtime.Call;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Membership;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceVerticle;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.VerticleBase;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Map;
import java.util.concurrent.CompletionStage;
import java.util.function.IntFunction;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs all parts of a node: the operator port first, then the services, the gateway last; it stops
 * them the other way round, so that the gateway finishes its requests while the services still
 * answer.
 */
final class NodeVerticle extends VerticleBase {
  private static final Logger log = LoggerFactory.getLogger(NodeVerticle.class);
  private static final int PORTS_TO_TRY = 100;

  /** Any free port, one for all cores; for 0 Vert.x would give each of them its own. */
  private static final int ANY = -1;

  /** Another such; what shares a negative port shares the real one. */
  private static final int ANY_OTHER = -2;

  private final Configuration configuration;
  private final Limits limits;
  private final Services services;
  private final Membership membership;
  private final Secrets secrets;
  private final MeterRegistry meters;
  private final String name;
  private final CompletionStage<JsonObject> database;
  private final Deque<String> running = new ArrayDeque<>();
  private volatile boolean stopping;
  private Future<Void> drained;
  private Node node;
  private int httpPort;
  private int adminPort;
  private int operatorPort;

  /**
   * Makes what {@link #start()} will start.
   *
   * @param database what services are told of it, or null
   */
  NodeVerticle(
      Configuration configuration,
      Services services,
      Membership membership,
      Secrets secrets,
      MeterRegistry meters,
      String name,
      CompletionStage<JsonObject> database) {
    this.configuration = configuration;
    this.limits = configuration.limits();
    this.services = services;
    this.membership = membership;
    this.secrets = secrets;
    this.meters = meters;
    this.name = name;
    this.database = database;
  }

  @Override
  public Future<?> start() {
    return Node.join(vertx, options(), membership, secrets, meters, services.classes())
        .onSuccess(joined -> node = joined)
        .onSuccess(joined -> new LogLevels().follow(joined.desired()))
        .onSuccess(joined -> joined.health().register("start", this::starting))
        .compose(joined -> unlessStopping(this::operator))
        .compose(v -> Future.fromCompletionStage(database, context))
        .compose(this::services)
        .compose(
            v -> services.gateway() ? unlessStopping(this::gateways) : Future.succeededFuture())
        .onSuccess(v -> node.health().remove("start"));
  }

  /** While Vert.x closes, deploying would wait for that, and that waits for this start. */
  private <T> Future<T> unlessStopping(Supplier<Future<T>> step) {
    return stopping ? Future.failedFuture("The node is stopping") : step.get();
  }

  private Node.Options options() {
    return new Node.Options(
        name,
        configuration.text("auth.issuer"),
        configuration.text("auth.audience"),
        configuration.text("auth.keys"),
        configuration.text("auth.revocations"),
        configuration.integer("cluster.minimum-size"),
        limits,
        configuration.flag("faults.enabled"),
        configuration.isConfigured("traces.otlp") ? Traces::current : Call::newTrace);
  }

  private Future<?> starting() {
    return Future.failedFuture("the node is starting");
  }

  private Future<?> operator() {
    return onFreePort(
            "operator",
            port -> {
              OperatorVerticle verticle = new OperatorVerticle();
              JsonObject config =
                  configuration
                      .below("operator")
                      .put("port", port)
                      .put("settings", configuration.shown());
              return vertx
                  .deployVerticle(verticle, once(config))
                  .onSuccess(id -> operatorPort = verticle.port());
            })
        .onSuccess(running::push);
  }

  private Future<?> services(JsonObject database) {
    Future<?> chain = Future.succeededFuture();
    for (Map.Entry<String, Supplier<ServiceVerticle>> service : services.chosen().entrySet()) {
      chain =
          chain.compose(
              v -> unlessStopping(() -> service(service.getKey(), service.getValue(), database)));
    }
    return chain;
  }

  private Future<?> service(String service, Supplier<ServiceVerticle> make, JsonObject database) {
    JsonObject config = configuration.below(service).mergeIn(configuration.section(service));
    if (database != null) {
      config.put("database", database);
    }
    return vertx.deployVerticle(make, onEachCore(config)).onSuccess(running::push);
  }

  private Future<?> gateways() {
    return gateway("http", false)
        .onSuccess(port -> httpPort = port)
        .compose(v -> unlessStopping(() -> gateway("http.admin", true)))
        .onSuccess(port -> adminPort = port);
  }

  private Future<Integer> gateway(String part, boolean administrative) {
    Deque<GatewayVerticle> made = new ArrayDeque<>();
    int any = administrative ? ANY_OTHER : ANY;
    return onFreePort(
            part,
            port -> {
              JsonObject config =
                  configuration
                      .below("http")
                      .mergeIn(configuration.below("gateway"))
                      .mergeIn(configuration.below(part))
                      .put("port", port == 0 ? any : port)
                      .put("administrative", administrative);
              return vertx.deployVerticle(
                  () -> {
                    GatewayVerticle verticle = new GatewayVerticle();
                    synchronized (made) {
                      made.push(verticle);
                    }
                    return verticle;
                  },
                  administrative ? once(config) : onEachCore(config));
            })
        .onSuccess(running::push)
        .map(id -> made.peek().port());
  }

  private static DeploymentOptions once(JsonObject config) {
    return new DeploymentOptions().setConfig(config);
  }

  private static DeploymentOptions onEachCore(JsonObject config) {
    return once(config).setInstances(Runtime.getRuntime().availableProcessors());
  }

  /** A default port that is taken moves on to the next free one; a configured one does not. */
  private Future<String> onFreePort(String part, IntFunction<Future<String>> deploy) {
    int port = configuration.integer(part + ".port");
    int last = configuration.isConfigured(part + ".port") ? port : port + PORTS_TO_TRY;
    return onFreePort(part, deploy, port, last);
  }

  private Future<String> onFreePort(
      String part, IntFunction<Future<String>> deploy, int port, int last) {
    return deploy
        .apply(port)
        .recover(
            failure -> {
              if (!(failure instanceof IOException)) { // BindException, or the native transport's
                return Future.failedFuture(failure);
              }
              if (port >= last) {
                return Future.failedFuture(
                    new StartException(
                        "%s.port %d on %s cannot be used: %s"
                            .formatted(
                                part,
                                port,
                                configuration.text(part + ".host"),
                                failure.getMessage())));
              }
              log.info("{}.port {} is taken; trying {}", part, port, port + 1);
              return onFreePort(part, deploy, port + 1, last);
            });
  }

  /** Lets a start that is under way go no further than the step it is at; it fails then. */
  void stopStarting() {
    stopping = true;
  }

  /** Stops all parts, each after it has finished what is in flight. */
  synchronized Future<Void> drain() {
    if (drained == null) {
      drained = stopParts();
    }
    return drained;
  }

  private Future<Void> stopParts() {
    if (node != null) {
      node.health().register("stop", () -> Future.failedFuture("the node is stopping"));
    }
    Future<Void> chain = Future.succeededFuture();
    for (String id : running) {
      chain =
          chain
              .compose(v -> undeploy(id))
              .recover(
                  e -> {
                    log.warn("A part did not stop as it should", e);
                    return Future.succeededFuture();
                  });
    }
    return chain.onComplete(
        v -> {
          running.clear();
          if (node != null) {
            node.leave();
          }
        });
  }

  /** After a start that failed, Vert.x has undeployed the parts already. */
  private Future<Void> undeploy(String id) {
    return vertx.deploymentIDs().contains(id) ? vertx.undeploy(id) : Future.succeededFuture();
  }

  /** The longest that {@link #drain()} may take: the services and the gateways, in turn. */
  Duration patience() {
    return Duration.ofMillis((services.chosen().size() + 2) * (limits.get(Limit.DRAIN) + 1_000));
  }

  /** Port of the gateway, 0 without one. */
  int httpPort() {
    return httpPort;
  }

  /** Port for administration, 0 without a gateway. */
  int adminPort() {
    return adminPort;
  }

  int operatorPort() {
    return operatorPort;
  }
}
