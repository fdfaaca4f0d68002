package dev.starling.console;

import dev.starling.runtime.Announcement;
import dev.starling.runtime.DesiredState;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Event;
import dev.starling.runtime.InstanceStatus;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Node;
import dev.starling.runtime.ServiceException;
import dev.starling.runtime.StaleRecord;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpConnection;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.HttpServerRequest;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * What an operator sees and orders under {@code /ops}: the instances and limits as this node knows
 * them, and the desired state of all nodes.
 *
 * <p>Each request needs the operator's token, or to look a viewer's. A page of another origin is
 * refused even with it.
 */
final class Ops {
  private static final String ROLE = "role";
  private static final String BEARER = "bearer ";
  private static final byte[] NONE = {};
  private static final int BODY_LIMIT = 16_384;
  private static final Set<String> LOOPBACK = Set.of("localhost", "127.0.0.1", "[::1]");

  /** Milliseconds that a call or a reply may take for which no time is said. */
  private static final long CALL_BUDGET = 5_000;

  private final Node node;
  private final FlockViews views;
  private final Statistics statistics;
  private final OpsStream stream;
  private final byte[] operator;
  private final Optional<byte[]> viewer;
  private final boolean loopback;
  private final JsonArray settings;
  private final Consumer<HttpConnection> stays;

  /**
   * The operator's resources of one node.
   *
   * @param operator token that may do all
   * @param viewer token that may look
   * @param loopback whether the port is reached from this machine only
   * @param settings what this node was configured with, as it may be shown
   * @param stays is told of connections whose answer does not end
   */
  Ops(
      Node node,
      Statistics statistics,
      byte[] operator,
      Optional<byte[]> viewer,
      boolean loopback,
      JsonArray settings,
      Consumer<HttpConnection> stays) {
    this.node = node;
    this.statistics = statistics;
    this.views = new FlockViews(node, statistics);
    this.stream = new OpsStream(node, views);
    this.operator = operator;
    this.viewer = viewer;
    this.loopback = loopback;
    this.settings = settings;
    this.stays = stays;
  }

  void mount(Router router) {
    router.route("/ops/*").handler(this::admit);
    router.route("/ops/*").handler(BodyHandler.create(false).setBodyLimit(BODY_LIMIT));
    JsonObject document = document();
    show(router, "openapi.json", context -> document);
    show(router, "status", context -> views.status());
    show(router, "role", this::role);
    show(router, "nodes", context -> views.nodes());
    show(router, "services", context -> views.services());
    show(router, "breakers", context -> views.breakers());
    show(router, "events", context -> views.events());
    show(router, "contracts", context -> views.contracts());
    show(router, "series", context -> statistics.all(OperationSeries.SECONDS));
    show(router, "load", context -> new JsonObject().put("load", statistics.load()));
    show(router, "configuration", context -> configuration());
    router
        .get("/ops/stream")
        .handler(
            context -> {
              stream.open(context);
              stays.accept(context.request().connection());
            });
    router.get("/ops/calls").handler(this::calls);
    router.post("/ops/calls").handler(this::call);
    router.post("/ops/messages").handler(this::message);
    router.get("/ops/instances").handler(this::instances);
    router.get("/ops/limits").handler(this::limits);
    router.get("/ops/desired").handler(this::desired);
    for (String path : List.of("/ops/desired/:kind", "/ops/desired/:kind/:name")) {
      router.put(path).handler(this::want);
      router.delete(path).handler(this::wantNoLonger);
    }
  }

  /** A second is over. */
  void tick() {
    stream.tick();
  }

  private static void show(Router router, String what, Function<RoutingContext, JsonObject> view) {
    router.get("/ops/" + what).handler(context -> Answers.json(context, 200, view.apply(context)));
  }

  /** The methods of a path for {@code Allow}. */
  static String allowed(String path) {
    if (path.equals("/ops/calls")) {
      return "GET, POST";
    }
    if (path.equals("/ops/messages")) {
      return "POST";
    }
    return path.startsWith("/ops/desired/")
        ? "PUT, DELETE"
        : path.startsWith("/ops/") ? "GET" : "GET, HEAD";
  }

  private void admit(RoutingContext context) {
    HttpServerRequest request = context.request();
    List<String> origins = request.headers().getAll(HttpHeaders.ORIGIN);
    if (!origins.stream().allMatch(origin -> isOwn(origin, request))) {
      throw new ServiceException(ErrorCode.FORBIDDEN, "Pages of other origins may not call");
    }
    byte[] token = token(request.headers().getAll(HttpHeaders.AUTHORIZATION));
    boolean mayLook = viewer.isPresent() && MessageDigest.isEqual(token, viewer.get());
    if (!MessageDigest.isEqual(token, operator) && !mayLook) {
      throw new ServiceException(ErrorCode.UNAUTHENTICATED, "The operator's token is needed");
    }
    if (mayLook && request.method() != HttpMethod.GET) {
      throw new ServiceException(ErrorCode.FORBIDDEN, "This token may look, and change nothing");
    }
    context.put(ROLE, mayLook ? "viewer" : "operator");
    context.next();
  }

  /** What the bearer of this token may do, and what nobody may on this node. */
  private JsonObject role(RoutingContext context) {
    return new JsonObject()
        .put("role", context.<String>get(ROLE))
        .put("faults", node.options().faults());
  }

  private JsonObject configuration() {
    return new JsonObject().put("node", node.options().name()).put("settings", settings);
  }

  /** A name that leads here from outside does not make an outer page our own (DNS rebinding). */
  private boolean isOwn(String origin, HttpServerRequest request) {
    return request.authority() != null
        && origin.equals("http://" + request.authority())
        && (!loopback || LOOPBACK.contains(request.authority().host()));
  }

  /** No bytes where there is no token, or more than one. */
  private static byte[] token(List<String> given) {
    if (given.size() != 1 || !given.get(0).toLowerCase(Locale.ROOT).startsWith(BEARER)) {
      return NONE;
    }
    try {
      return HexFormat.of().parseHex(given.get(0).substring(BEARER.length()).strip());
    } catch (IllegalArgumentException e) {
      return NONE;
    }
  }

  private static JsonObject document() {
    try (InputStream in = Ops.class.getResourceAsStream("ops-openapi.json")) {
      return new JsonObject(Buffer.buffer(in.readAllBytes()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private void instances(RoutingContext context) {
    JsonArray instances = new JsonArray();
    node.directory().instances().forEach(instance -> instances.add(json(instance)));
    JsonArray stale = new JsonArray();
    node.directory().stale().forEach(found -> stale.add(json(found)));
    Answers.json(context, 200, new JsonObject().put("instances", instances).put("stale", stale));
  }

  private static JsonObject json(StaleRecord found) {
    return new JsonObject()
        .put("registration", found.registration())
        .put("instance", found.instance())
        .put("why", found.why())
        .put("age", found.age());
  }

  private static JsonObject json(InstanceStatus instance) {
    Announcement a = instance.announcement();
    return new JsonObject()
        .put("service", a.service())
        .put("node", a.node())
        .put("nodeName", a.nodeName())
        .put("address", a.address())
        .put("version", a.version())
        .put("local", instance.local())
        .put("reached", instance.reached())
        .put("inFlight", instance.inFlight())
        .put(
            "breaker",
            new JsonObject()
                .put("state", instance.breaker())
                .put("wish", instance.wish())
                .put("calls", instance.calls())
                .put("failed", instance.failed())
                .put("slow", instance.slow())
                .put("reason", instance.reason())
                .put("probeIn", instance.probeIn())
                .put("trail", instance.trail()));
  }

  private void limits(RoutingContext context) {
    JsonArray limits = new JsonArray();
    node.options().limits().all().forEach((limit, value) -> limits.add(json(limit, value)));
    Answers.json(context, 200, new JsonObject().put("limits", limits));
  }

  private static JsonObject json(Limit limit, long value) {
    return new JsonObject()
        .put("key", limit.key())
        .put("value", value)
        .put("unit", limit.unit().name().toLowerCase(Locale.ROOT))
        .put("least", limit.least())
        .put("most", limit.most())
        .put("default", limit.standard())
        .put("meaning", limit.meaning());
  }

  private void desired(RoutingContext context) {
    JsonArray desired = new JsonArray();
    node.desired().all().values().forEach(entry -> desired.add(json(entry)));
    Answers.json(context, 200, new JsonObject().put("desired", desired));
  }

  private static JsonObject json(DesiredState.Entry entry) {
    JsonObject json =
        new JsonObject()
            .put("key", entry.key())
            .put("value", entry.value())
            .put("by", entry.by())
            .put("at", entry.at().toString());
    return entry.expires() == null ? json : json.put("expires", entry.expires().toString());
  }

  private static Buffer body(RoutingContext context) {
    String type = context.request().getHeader(HttpHeaders.CONTENT_TYPE);
    if (type == null || !type.split(";")[0].strip().equalsIgnoreCase("application/json")) {
      throw new ServiceException(
          ErrorCode.UNSUPPORTED_MEDIA_TYPE, "The body must be application/json");
    }
    Buffer body = context.body().buffer();
    return body == null ? Buffer.buffer() : body;
  }

  /** Asks all nodes for calls that they remember. */
  private void calls(RoutingContext context) {
    node.search()
        .find(CallQuery.of(context.queryParams()))
        .onSuccess(found -> Answers.json(context, 200, FlockViews.calls(found)))
        .onFailure(context::fail);
  }

  /** Calls an operation as any caller would: the operator's token opens none that needs one. */
  private void call(RoutingContext context) {
    OperatorCall wanted = OperatorCall.of(body(context), node, CALL_BUDGET);
    node.flock()
        .journal()
        .note(
            Event.Kind.CALL,
            wanted.operation().address(),
            "was called",
            OperatorName.of(context.request()));
    wanted
        .make(node)
        .onSuccess(answer -> Answers.json(context, 200, answer))
        .onFailure(context::fail);
  }

  /** Sends a message past all services; what is in it is kept nowhere. */
  private void message(RoutingContext context) {
    OperatorMessage wanted = OperatorMessage.of(body(context), CALL_BUDGET);
    node.flock()
        .journal()
        .note(
            Event.Kind.CALL,
            wanted.address(),
            wanted.kind().event(),
            OperatorName.of(context.request()));
    wanted
        .send(node.messages())
        .onSuccess(answer -> Answers.json(context, 200, answer))
        .onFailure(context::fail);
  }

  private void want(RoutingContext context) {
    node.desired()
        .put(key(context), body(context), life(context), OperatorName.of(context.request()))
        .onSuccess(entry -> Answers.json(context, 200, json(entry)))
        .onFailure(context::fail);
  }

  private void wantNoLonger(RoutingContext context) {
    node.desired()
        .remove(key(context), OperatorName.of(context.request()))
        .onSuccess(v -> context.response().setStatusCode(204).end())
        .onFailure(context::fail);
  }

  private static String key(RoutingContext context) {
    String name = context.pathParam("name");
    return context.pathParam("kind") + (name == null ? "" : "/" + name);
  }

  /** From {@code ?for=10m}; null for the default. */
  private static Duration life(RoutingContext context) {
    List<Map.Entry<String, String>> query = context.queryParams().entries();
    if (query.isEmpty()) {
      return null;
    }
    Optional<Duration> life = Durations.read(query.get(0).getValue());
    if (query.size() > 1 || !query.get(0).getKey().equals("for") || life.isEmpty()) {
      throw new ServiceException(
          ErrorCode.MALFORMED, "The query may be for= and a number with a unit (ms, s, m, h or d)");
    }
    return life.get();
  }
}
