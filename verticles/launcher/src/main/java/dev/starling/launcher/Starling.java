package dev.starling.launcher;

import com.hazelcast.config.Config;
import dev.starling.console.Meters;
import dev.starling.runtime.Certificate;
import dev.starling.runtime.Membership;
import dev.starling.runtime.Secrets;
import dev.starling.user.service.Calibration;
import io.micrometer.core.instrument.MeterRegistry;
import io.vertx.core.Deployable;
import io.vertx.core.Vertx;
import io.vertx.core.VertxBuilder;
import io.vertx.core.VertxOptions;
import io.vertx.core.json.JsonObject;
import io.vertx.launcher.application.HookContext;
import io.vertx.launcher.application.VertxApplication;
import io.vertx.launcher.application.VertxApplicationHooks;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * {@code java -jar starling.jar [-cluster]}: reads the configuration, opens secrets and database,
 * starts Vert.x alone or as a member of a cluster, and one {@link NodeVerticle} in it.
 */
public final class Starling extends VertxApplication implements VertxApplicationHooks {
  private static final Logger log = LoggerFactory.getLogger(Starling.class);
  private static final Executor BESIDE = task -> new Thread(task, "start").start();
  private static final Duration LAST_STEP = Duration.ofSeconds(15);
  private static final Duration DATABASE_STOP = Duration.ofSeconds(20);

  private final Arguments arguments;
  private final Thread onSignal = new Thread(this::stopStarting, "stop");

  /** Whether Vert.x stops this node on a signal; not known before it runs. */
  private final CompletableFuture<Boolean> handedOver = new CompletableFuture<>();

  /** Whether the node's start has come to an end, good or bad. */
  private final CompletableFuture<Void> deployed = new CompletableFuture<>();

  private Configuration configuration;
  private String name;
  private Config hazelcast;
  private Optional<Certificate> certificate = Optional.empty();
  private Services services;
  private Secrets secrets;
  private Membership membership;
  private CompletableFuture<MeterRegistry> meters;
  private volatile CompletableFuture<EmbeddedDatabase> embedded;
  private volatile Thread opening;
  private volatile Vertx vertx;
  private volatile NodeVerticle node;

  /** Why Vert.x or the node did not start. */
  private Throwable cause = new StartException("Vert.x cannot be started");

  /** Why another thread is ending the JVM with 1; null if none is. */
  private volatile Throwable failure;

  private Starling(Arguments arguments) {
    super(arguments.cluster() ? new String[] {"-cluster"} : new String[0], null, false, false);
    this.arguments = arguments;
  }

  public static void main(String[] args) {
    // Netty would load the flight recorder's classes for its buffers: 0.15 s of each start.
    System.getProperties().putIfAbsent("io.netty.jfr.enabled", "false");
    try {
      Arguments arguments = Arguments.parse(args);
      if (arguments.help()) {
        System.out.println(Arguments.USAGE);
      } else if (arguments.calibrate().isPresent()) {
        Calibration.print(System.out, arguments.calibrate().get());
      } else if (arguments.printConfig()) {
        System.out.print(configuration(arguments).print());
      } else {
        Logging.keepMailsSecret();
        new Starling(arguments).run();
      }
    } catch (Exception e) {
      exit(e);
    }
  }

  private static Configuration configuration(Arguments arguments) throws ConfigurationException {
    return Configuration.load(arguments.conf(), System.getenv(), System.getProperties());
  }

  private void run() {
    Runtime.getRuntime().addShutdownHook(onSignal);
    try {
      start();
    } catch (Exception e) {
      fail(e);
    }
  }

  /** Ends the node with 1, unless a signal ends it already. */
  private void fail(Throwable reason) {
    try {
      Runtime.getRuntime().removeShutdownHook(onSignal);
    } catch (IllegalStateException e) { // The JVM is shutting down.
      handedOver.complete(false);
      return;
    }
    failure = reason;
    if (!handedOver.getNow(false)) {
      closeDatabase();
    }
    exit(reason);
  }

  /** One line for a person, more in the log at level debug; and an end, whatever still runs. */
  private static void exit(Throwable failure) {
    log.debug("The node cannot start", failure);
    System.err.println("starling: " + Terminal.reason(failure));
    System.exit(1);
  }

  private void start() throws ConfigurationException {
    configuration = configuration(arguments);
    name =
        configuration.isConfigured("node.name")
            ? configuration.text("node.name")
            : host() + "-" + ProcessHandle.current().pid();
    Logging.setLevel(configuration.text("log.level"));
    if (configuration.text("log.format").equals("json")) {
      Logging.writeJson(name);
    }
    boolean alone = Exposure.isLoopbackOnly(configuration, arguments.cluster());
    if (arguments.cluster()) {
      hazelcast = ClusterConfig.of(configuration);
      certificate = ClusterTls.of(configuration);
    }
    services = Services.load(arguments.services(), configuration.list("services"));
    if (configuration.isConfigured("database.migration-url")
        && !configuration.isConfigured("database.url")) {
      throw new StartException("database.migration-url is of use with database.url only");
    }
    Path data = configuration.path("data.directory");
    createData(data);
    secrets = Secrets.in(configuration.secretsDirectory(), alone);
    // What takes long and needs no Vert.x is done while this node joins the cluster.
    if (services.usesDatabase() && !configuration.isConfigured("database.url")) {
      embedded =
          CompletableFuture.supplyAsync(
              () -> open(data.resolve("postgresql")),
              task -> {
                opening = new Thread(task, "database");
                opening.start();
              });
    }
    CompletableFuture.runAsync(services::prepare, BESIDE);
    meters = CompletableFuture.supplyAsync(Meters::create, BESIDE);
    if (launch() != 0) {
      fail(cause);
    }
  }

  /** In a container, where the numbers of processes are alike; else a word. */
  private static String host() {
    String host = System.getenv("HOSTNAME");
    return host != null && host.matches("[A-Za-z0-9][A-Za-z0-9.-]{0,40}") ? host : "node";
  }

  private EmbeddedDatabase open(Path directory) {
    try {
      return EmbeddedDatabase.open(directory, secrets.file(Secrets.DATABASE));
    } catch (IOException e) {
      throw new CompletionException(e);
    }
  }

  private static void createData(Path data) {
    try {
      Files.createDirectories(data);
    } catch (IOException e) {
      throw new StartException("data.directory " + data + " cannot be used: " + e);
    }
  }

  @Override
  public VertxBuilder createVertxBuilder(VertxOptions options) {
    options.setPreferNativeTransport(true);
    VertxBuilder builder = VertxApplicationHooks.super.createVertxBuilder(options);
    if (configuration.isConfigured("traces.otlp")) {
      String collector = configuration.text("traces.otlp");
      builder.withTracer(Traces.to(collector, configuration.share("traces.sample"), name));
    }
    if (!arguments.cluster()) {
      membership = Membership.alone(UUID.randomUUID().toString());
      return builder;
    }
    Cluster cluster = new Cluster(hazelcast, name, secrets.fingerprint(), certificate);
    cluster.onRefused(reason -> BESIDE.execute(() -> fail(reason)));
    membership = cluster;
    options.setEventBusOptions(
        cluster.eventBus(
            configuration.text("cluster.host"), configuration.integer("cluster.port")));
    return builder.withClusterManager(cluster);
  }

  @Override
  public Supplier<? extends Deployable> verticleSupplier() {
    return () -> {
      node =
          new NodeVerticle(
              configuration, services, membership, secrets, meters.join(), name, database());
      return node;
    };
  }

  /** What the services are told of the database, once it is there. */
  private CompletionStage<JsonObject> database() {
    JsonObject database = configuration.below("database");
    return embedded == null
        ? CompletableFuture.completedFuture(
            configuration.isConfigured("database.url") ? database : null)
        : embedded.thenApply(
            open -> database.put("url", open.url()).put("password", databasePassword()));
  }

  private String databasePassword() {
    try {
      return Files.readString(secrets.file(Secrets.DATABASE)).strip();
    } catch (IOException e) {
      throw new StartException("The password of the database cannot be read: " + e);
    }
  }

  @Override
  public void afterVerticleDeployed(HookContext context) {
    deployed.complete(null);
    long millis = System.currentTimeMillis() - ManagementFactory.getRuntimeMXBean().getStartTime();
    System.out.println(Terminal.greeting(name, millis, configuration, services, node));
  }

  @Override
  public void afterVertxStarted(HookContext context) {
    vertx = context.vertx();
    if (arguments.cluster() && !vertx.isNativeTransportEnabled()) {
      log.warn(
          "Without the native transport a node that is cut off is noticed by its silence only: {}",
          String.valueOf(vertx.unavailableNativeTransportCause()));
    }
    certificate.ifPresent(read -> ClusterTls.watch(vertx, read, meters.join()));
  }

  @Override
  public void beforeDeployingVerticle(HookContext context) {
    handedOver.complete(true);
  }

  @Override
  public void afterFailureToStartVertx(HookContext context, Throwable t) {
    cause = t;
  }

  @Override
  public void afterFailureToDeployVerticle(HookContext context, Throwable t) {
    cause = t;
    deployed.complete(null);
    stop();
    context.vertx().close();
  }

  @Override
  public void beforeStoppingVertx(HookContext context) {
    stop();
    Logging.hush();
  }

  private void stop() {
    if (opening != null) {
      opening.interrupt(); // Nobody waits for it any more.
    }
    NodeVerticle stopping = node;
    if (stopping != null) {
      stopping.stopStarting();
      await(deployed, LAST_STEP);
      await(stopping.drain().toCompletionStage().toCompletableFuture(), stopping.patience());
    }
  }

  private static void await(CompletableFuture<?> stopped, Duration patience) {
    try {
      stopped.get(patience.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException | TimeoutException e) {
      log.warn("The node stops before all of its parts have", e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** Stops what a signal finds started before Vert.x listens to signals itself. */
  private void stopStarting() {
    try {
      if (handedOver.get(LAST_STEP.toMillis(), TimeUnit.MILLISECONDS)) {
        return;
      }
    } catch (ExecutionException | TimeoutException e) {
      log.warn("The node stops in the midst of its start");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    if (vertx != null) {
      await(vertx.close().toCompletionStage().toCompletableFuture(), LAST_STEP);
    }
    end(0);
  }

  @Override
  public void afterVertxStopped(HookContext context) {
    end(0);
  }

  @Override
  public void afterFailureToStopVertx(HookContext context, Throwable t) {
    end(1);
  }

  /** Halts, since an orderly stop on a signal would otherwise end with 143. */
  private void end(int code) {
    closeDatabase();
    if (failure == null) {
      Runtime.getRuntime().halt(code);
    }
  }

  /** Also when it is only being opened, which ends at once then. */
  private void closeDatabase() {
    if (embedded == null) {
      return;
    }
    opening.interrupt();
    try {
      embedded
          .thenAccept(EmbeddedDatabase::close)
          .get(DATABASE_STOP.toMillis(), TimeUnit.MILLISECONDS);
    } catch (ExecutionException e) {
      // It was never open; whoever started the node has been told.
    } catch (TimeoutException e) {
      log.warn("PostgreSQL may still run, the next start adopts it");
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
