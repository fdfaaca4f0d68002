package dev.starling.runtime;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** A Vertx of its own that is a node, with the real bus and the real registry. */
final class OneNode implements AutoCloseable {
  static final String SELF = "node-5";

  final Vertx vertx = Vertx.vertx();
  final Node node;

  OneNode(Path secrets) {
    this(secrets, Membership.alone(SELF));
  }

  OneNode(Path secrets, Membership membership) {
    this(secrets, membership, 1);
  }

  OneNode(Path secrets, Membership membership, int leastNodes) {
    this(secrets, membership, leastNodes, false);
  }

  OneNode(Path secrets, Membership membership, boolean faults) {
    this(secrets, membership, 1, faults);
  }

  private OneNode(Path secrets, Membership membership, int leastNodes, boolean faults) {
    node =
        await(
            Node.join(
                vertx,
                new Node.Options(
                    "test",
                    "issuer",
                    "audience",
                    "keys.get",
                    "",
                    leastNodes,
                    Limits.of(Map.of(Limit.HTTP_BODY, 1_024L, Limit.DRAIN, 5_000L)),
                    faults,
                    Call::newTrace),
                membership,
                Secrets.in(secrets, true),
                new SimpleMeterRegistry(),
                OneNode.class.getClassLoader()));
  }

  /** The registry of a companion, which knows the secret of this one's cluster. */
  Registry registry() {
    return new Registry(vertx, node.secrets().all(Secrets.CLUSTER), new SimpleMeterRegistry());
  }

  String deploy(ServiceVerticle service) {
    return await(vertx.deployVerticle(service));
  }

  <I, O> O call(Operation<I, O> operation, I request) {
    return await(node.client().call(operation, request));
  }

  /** The JSON Web Key Set of no key, for a node on which no token is valid. */
  static JsonObject noKeys() {
    return new JsonObject("{\"keys\":[]}");
  }

  static <T> T await(Future<T> future) {
    try {
      return future.await(20, TimeUnit.SECONDS);
    } catch (TimeoutException e) {
      throw new AssertionError(e);
    }
  }

  @Override
  public void close() {
    await(vertx.close());
  }
}
