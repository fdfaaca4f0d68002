package dev.starling.runtime;

import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.vertx.core.Context;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/** What the client does before and after the message: look-up, choice, breaker, statistics. */
@State(Scope.Benchmark)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
public class ChoiceBenchmark {
  private static final String SERVICE = "crowd";
  private static final long ALLOWED = 1_000;
  private static final Future<String> ANSWER = Future.succeededFuture("answer");

  /** Instances of the service, each on a node of its own. */
  @Param({"10", "1000", "10000"})
  public int records;

  private final Operation<Nothing, Nothing> operation =
      Operation.query(SERVICE, "idle", Nothing.class, Nothing.class).open();
  private Vertx vertx;
  private Context loop;
  private Node node;
  private ServiceDirectory directory;

  /** Request and reply. */
  public record Nothing() {}

  /** A cluster whose other nodes are all in this JVM. */
  private record Crowd(String self, Set<String> nodes) implements Membership {
    static Crowd of(int size) {
      Set<String> nodes = new HashSet<>(Set.of("self"));
      for (int i = 0; i < size; i++) {
        nodes.add("node-" + i);
      }
      return new Crowd("self", nodes);
    }

    @Override
    public void onLeft(Consumer<String> node) {}

    @Override
    public void onJoined(Consumer<String> node) {}

    @Override
    public void onMerged(Runnable merged) {}
  }

  /** Publishes all records, and waits until every instance has been reached. */
  @Setup
  public void fill() throws IOException, InterruptedException {
    vertx = Vertx.vertx();
    loop = vertx.getOrCreateContext();
    Crowd crowd = Crowd.of(records);
    Path secrets = Files.createTempDirectory("starling-bench-");
    node =
        Node.join(
                vertx,
                new Node.Options(
                    "bench",
                    "issuer",
                    "audience",
                    "keys.get",
                    "",
                    1,
                    Limits.standard(),
                    false,
                    Call::newTrace),
                crowd,
                Secrets.in(secrets, true),
                new SimpleMeterRegistry(),
                getClass().getClassLoader())
            .await();
    directory = node.directory();
    ContractDocument contract = ContractDocument.of(SERVICE, List.of(operation));
    CountDownLatch pinged = new CountDownLatch(records);
    for (int i = 0; i < records; i++) {
      String address = Announcement.address(SERVICE, "node-" + i);
      vertx
          .eventBus()
          .<Buffer>consumer(
              address,
              ping -> {
                ping.reply(Buffer.buffer());
                pinged.countDown();
              });
      Announcement announcement =
          new Announcement(SERVICE, "node-" + i, "node-" + i, address, "1", contract.hash());
      directory.offer(announcement, contract).await();
    }
    pinged.await();
  }

  @TearDown
  public void leave() {
    node.leave();
    vertx.close().await();
  }

  /** An instance out of all, and whether there is another for a second attempt. */
  @Benchmark
  public boolean choice() {
    List<Instance> tried = new ArrayList<>(2);
    Endpoint chosen = directory.choose(operation.spec(), true, tried);
    tried.add(chosen.instance());
    return directory.hasOther(operation.spec(), tried);
  }

  /** The same on an event loop, and the breaker around an answer that is there at once. */
  @Benchmark
  @OperationsPerInvocation(OnLoop.TIMES)
  public void choiceAndBreaker() {
    OnLoop.run(loop, this::call);
  }

  private Future<String> call() {
    List<Instance> tried = new ArrayList<>(2);
    Endpoint chosen = directory.choose(operation.spec(), true, tried);
    tried.add(chosen.instance());
    directory.hasOther(operation.spec(), tried);
    return chosen.call(ALLOWED, () -> ANSWER);
  }
}
