package dev.starling.harness;

import dev.starling.runtime.Call;
import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.runtime.Membership;
import dev.starling.runtime.Node;
import dev.starling.runtime.Operation;
import dev.starling.runtime.Secrets;
import dev.starling.runtime.ServiceVerticle;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Deployable;
import io.vertx.core.DeploymentOptions;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;

/**
 * A node in a test's own JVM, for the tests of services: real bus, real codecs, real discovery, no
 * cluster and no HTTP.
 *
 * <pre>{@code
 * try (Harness harness = Harness.start(new GreetingVerticle())) {
 *   Greeted reply = harness.call(Greeting.GREET, new Greet("Ada"));
 * }
 * }</pre>
 */
public final class Harness implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private final Vertx vertx;
  private final Path secrets;
  private final Node node;

  private Harness(Vertx vertx, Path secrets, Node node) {
    this.vertx = vertx;
    this.secrets = secrets;
    this.node = node;
  }

  /**
   * Starts a node with these services and waits until they can be called, 30 s at most; throws why
   * one of them cannot start.
   */
  public static Harness start(ServiceVerticle... services) {
    try {
      Vertx vertx = Vertx.vertx();
      Path directory = Files.createTempDirectory("starling-harness");
      Node node =
          await(
              Node.join(
                  vertx,
                  new Node.Options(
                      "test",
                      "starling",
                      "starling",
                      "user.keys",
                      "",
                      1,
                      Limits.of(Map.of(Limit.DRAIN, 5_000L)),
                      false,
                      Call::newTrace),
                  Membership.alone(UUID.randomUUID().toString()),
                  Secrets.in(directory, true),
                  new SimpleMeterRegistry(),
                  Harness.class.getClassLoader()));
      Harness harness = new Harness(vertx, directory, node);
      try {
        for (ServiceVerticle service : services) {
          harness.deploy(service, new JsonObject());
        }
      } catch (Throwable e) {
        harness.close();
        throw e;
      }
      return harness;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Runs a further verticle with a configuration, and gives its deployment's id. */
  public String deploy(Deployable verticle, JsonObject config) {
    return await(vertx.deployVerticle(verticle, new DeploymentOptions().setConfig(config)));
  }

  /**
   * Calls an operation and waits for its reply.
   *
   * @throws dev.starling.runtime.ServiceException when it is refused or fails
   */
  public <I, O> O call(Operation<I, O> operation, I request) {
    return await(node.client().call(operation, request));
  }

  /** As {@link #call(Operation, Object)}, with an access token. */
  public <I, O> O call(Operation<I, O> operation, I request, String token) {
    Call call = Call.begin(token, operation.spec().budget());
    return await(node.client().call(operation, request, call));
  }

  public Vertx vertx() {
    return vertx;
  }

  public Node node() {
    return node;
  }

  /** Waits for a future, 30 s at most, and throws what it fails with. */
  public static <T> T await(Future<T> future) {
    try {
      return future.await(PATIENCE.toMillis(), TimeUnit.MILLISECONDS);
    } catch (TimeoutException e) {
      throw new IllegalStateException("Nothing came within " + PATIENCE.toSeconds() + " s", e);
    }
  }

  @Override
  public void close() {
    await(vertx.close());
    try (Stream<Path> files = Files.walk(secrets)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.delete(file);
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
