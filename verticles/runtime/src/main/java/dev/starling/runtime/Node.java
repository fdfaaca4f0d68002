package dev.starling.runtime;

import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.internal.CloseFuture;
import io.vertx.core.internal.VertxInternal;
import io.vertx.core.json.JsonObject;
import io.vertx.core.shareddata.Shareable;
import java.time.Clock;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * This JVM as a member of the system: what services, gateway and console share.
 *
 * <p>There is one for each Vertx; {@link #of} finds it from anywhere in it.
 */
public final class Node implements Shareable {
  /** Reply header: the path of what an operation created. */
  public static final String LOCATION = "location";

  private static final Logger log = LoggerFactory.getLogger(Node.class);
  private static final String KEY = "dev.starling.node";

  /** Milliseconds without a reading of the registry, six times what is usual. */
  private static final long STALE = 30_000;

  /** Milliseconds from one look at the copies of cluster maps to the next. */
  private static final long LOOK_EVERY = 2_000;

  /** Milliseconds, for two attempts: a node that has just started may need more than one. */
  private static final long TOKENS_BUDGET = 2_000;

  /**
   * How a node behaves.
   *
   * @param name for people
   * @param issuer of access tokens
   * @param audience of access tokens
   * @param keys operation that gives the JWK set, as {@code service.operation}
   * @param revocations operation that gives the sessions which have ended; empty for none
   * @param leastNodes nodes below which this one takes itself for cut off; 1 for never
   * @param limits as configured and as they are now
   * @param faults whether operators may make calls fail or wait, to see what comes of it
   * @param traces gives the id of the trace that a request from outside belongs to, on its context:
   *     {@link Call#newTrace()}, or what a tracer says
   */
  public record Options(
      String name,
      String issuer,
      String audience,
      String keys,
      String revocations,
      int leastNodes,
      Limits limits,
      boolean faults,
      Supplier<String> traces) {}

  private final Vertx vertx;

  /** What belongs to the node itself; Vert.x would close it while services still finish. */
  private final CloseFuture owned = new CloseFuture();

  private final Context home;
  private final Map<Class<?>, Future<?>> shared = new ConcurrentHashMap<>();
  private final Map<String, Bulkhead> bulkheads = new ConcurrentHashMap<>();
  private final Set<String> leaders = ConcurrentHashMap.newKeySet();
  private final Transit transit = new Transit();
  private final Options options;
  private final Membership membership;
  private final Secrets secrets;
  private final MeterRegistry meters;
  private final Telemetry telemetry;
  private final EventLoopLag lag;
  private final Flock flock;
  private final CallLog calls;
  private final CallSearch search;
  private final ServiceDirectory directory;
  private final ServiceClient client;
  private final Messages messages;
  private final TokenVerifier tokens;
  private final Health health;
  private final DesiredState desired;
  private final Drain drain;
  private final FaultSwitch faults;
  private volatile boolean safe = true;
  private boolean looking;

  private Node(
      Vertx vertx,
      Options options,
      Membership membership,
      Secrets secrets,
      List<byte[]> clusterSecrets,
      MeterRegistry meters) {
    this.vertx = vertx;
    this.home = ((VertxInternal) vertx).contextBuilder().withCloseFuture(owned).build();
    this.options = options;
    this.membership = membership;
    this.secrets = secrets;
    this.meters = meters;
    this.telemetry = new Telemetry(meters);
    this.lag = new EventLoopLag(meters);
    Journal journal = new Journal(membership.self(), options.name());
    Registry registry = new Registry(vertx, clusterSecrets, meters);
    this.directory =
        new ServiceDirectory(
            vertx, home, membership, registry, options.limits(), journal, telemetry);
    this.calls = new CallLog(options.name(), options.limits());
    this.search =
        new CallSearch(
            vertx,
            membership,
            calls,
            clusterSecrets,
            new Refusals(meters, "starling.call-log.refused"));
    this.client = new ServiceClient(vertx, directory, telemetry, calls, options.limits());
    this.messages = new Messages(vertx);
    this.tokens =
        new TokenVerifier(
            options.issuer(),
            options.audience(),
            Clock.systemUTC(),
            () -> ask(options.keys(), new JsonObject()),
            options.revocations().isEmpty()
                ? null
                : new Revocations(home, since -> ask(options.revocations(), since)));
    this.health = new Health();
    health.register("cluster", this::whole);
    health.register("registry", this::fresh);
    this.desired =
        new DesiredState(
            vertx,
            clusterSecrets,
            meters,
            Clock.systemUTC(),
            directory::isInstance,
            options.faults(),
            journal);
    this.drain = new Drain(health, journal);
    this.faults = new FaultSwitch(vertx);
    this.flock = new Flock(vertx, home, this, clusterSecrets, meters, journal);
  }

  /**
   * Makes a Vertx a node; once for each.
   *
   * @param classes where the contracts are looked for that are known without an instance
   */
  public static Future<Node> join(
      Vertx vertx,
      Options options,
      Membership membership,
      Secrets secrets,
      MeterRegistry meters,
      ClassLoader classes) {
    return vertx
        .executeBlocking(() -> secrets.all(Secrets.CLUSTER), false)
        .map(all -> new Node(vertx, options, membership, secrets, all, meters))
        .compose(node -> node.start(classes));
  }

  private Future<Node> start(ClassLoader classes) {
    vertx.sharedData().<String, Node>getLocalMap(KEY).put(KEY, this);
    follow();
    // First what is on the class path: a contract that is known need not be asked for.
    return vertx
        .executeBlocking(() -> knowContracts(classes), false)
        .compose(v -> Future.all(directory.start(), desired.start(), flock.start(), search.start()))
        .onSuccess(
            v -> home.runOnContext(started -> home.owner().setPeriodic(LOOK_EVERY, t -> look())))
        .map(this);
  }

  /** One look after the other, since each may take long while the cluster is not well. */
  private void look() {
    if (!looking) {
      looking = true;
      home.executeBlocking(membership::isSafe, false)
          .onComplete(found -> safe = found.succeeded() && found.result())
          .onComplete(done -> looking = false);
    }
  }

  /** Does what operators want of this node. */
  private void follow() {
    options.limits().follow(desired);
    directory.follow(desired);
    drain.follow(desired, options.name());
    if (options.faults()) {
      faults.follow(desired, options.name());
    }
  }

  private Void knowContracts(ClassLoader classes) {
    for (Contract contract : ServiceLoader.load(Contract.class, classes)) {
      contract.operations().stream()
          .collect(Collectors.groupingBy(o -> o.spec().service()))
          .forEach(
              (service, operations) -> directory.know(ContractDocument.of(service, operations)));
    }
    return null;
  }

  /**
   * The node of a Vertx.
   *
   * @throws IllegalStateException when it has not joined
   */
  public static Node of(Vertx vertx) {
    Node node = vertx.sharedData().<String, Node>getLocalMap(KEY).get(KEY);
    if (node == null) {
      throw new IllegalStateException("This Vertx is no node; call Node.join first");
    }
    return node;
  }

  /** Of this code; {@code unknown} where it is not in a jar. */
  public static String version() {
    String version = Node.class.getPackage().getImplementationVersion();
    return version == null ? "unknown" : version;
  }

  private Future<?> whole() {
    return isFenced()
        ? Future.failedFuture(
            "this node sees %d of at least %d nodes and refuses to change anything"
                .formatted(membership.nodes().size(), options.leastNodes()))
        : Future.succeededFuture();
  }

  private Future<?> fresh() {
    return directory.age() > STALE
        ? Future.failedFuture(
            "the registry was last read %d s ago; this node may call what has gone"
                .formatted(directory.age() / 1_000))
        : Future.succeededFuture();
  }

  /** Asks for what tokens are verified with. */
  private Future<JsonObject> ask(String operation, JsonObject request) {
    String[] name = operation.split("\\.", 2);
    OperationSpec spec = OperationSpec.named(name[0], name[1], TOKENS_BUDGET);
    return client
        .send(spec, request.toBuffer(), null, Call.begin(null, TOKENS_BUDGET))
        .map(reply -> new JsonObject(reply.body()));
  }

  /**
   * What the verticles of one service on this node share, made by the first to ask.
   *
   * <p>It is made on a context of the node itself: what belongs to the context of a verticle, such
   * as a pool, would be closed with that verticle, while others still use it. It is closed when the
   * node leaves. Making it may block.
   */
  public <T extends AutoCloseable> Future<T> shared(Class<T> type, Supplier<T> make) {
    return shared
        .computeIfAbsent(type, t -> home.executeBlocking(make::get, false))
        .map(type::cast);
  }

  /** Ends what the node itself runs; its services are undeployed before. */
  public void leave() {
    shared.values().forEach(made -> made.onSuccess(Node::close));
    flock.close();
    search.close();
    owned.close();
    desired.close();
    directory.close();
    vertx.sharedData().<String, Node>getLocalMap(KEY).remove(KEY);
  }

  private static void close(Object made) {
    try {
      ((AutoCloseable) made).close();
    } catch (Exception e) {
      log.warn("{} could not be closed", made.getClass().getSimpleName(), e);
    }
  }

  public Options options() {
    return options;
  }

  public Membership membership() {
    return membership;
  }

  public Secrets secrets() {
    return secrets;
  }

  public MeterRegistry meters() {
    return meters;
  }

  /** Shows how far the event loop of the current context is behind, until its verticle ends. */
  public void watchEventLoop() {
    lag.watch(vertx);
  }

  EventLoopLag lag() {
    return lag;
  }

  CallLog calls() {
    return calls;
  }

  /** Looks for calls that nodes remember. */
  public CallSearch search() {
    return search;
  }

  /** All nodes, as they tell of themselves. */
  public Flock flock() {
    return flock;
  }

  Telemetry telemetry() {
    return telemetry;
  }

  Transit transit() {
    return transit;
  }

  /** The bound on an operation's calls, shared by the verticles that work on them. */
  Bulkhead bulkhead(OperationSpec operation) {
    return bulkheads.computeIfAbsent(
        operation.address(), address -> new Bulkhead(address, options.limits()));
  }

  /** Makes the first verticle of a service on this node the one that speaks for the instance. */
  boolean lead(String service) {
    return leaders.add(service);
  }

  void resign(String service) {
    leaders.remove(service);
  }

  /**
   * Whether this node may be on the smaller side of a split cluster: it then refuses what changes
   * anything.
   */
  public boolean isFenced() {
    return membership.nodes().size() < options.leastNodes();
  }

  /** {@link Membership#isSafe} as it was a moment ago. */
  public boolean isSafe() {
    return safe;
  }

  public ServiceDirectory directory() {
    return directory;
  }

  public ServiceClient client() {
    return client;
  }

  /** Messages by hand, past all services. */
  public Messages messages() {
    return messages;
  }

  public TokenVerifier tokens() {
    return tokens;
  }

  public Health health() {
    return health;
  }

  /** What operators want of all nodes. */
  public DesiredState desired() {
    return desired;
  }

  /** Whether this node is to take no new work. */
  public Drain drain() {
    return drain;
  }

  FaultSwitch faults() {
    return faults;
  }
}
