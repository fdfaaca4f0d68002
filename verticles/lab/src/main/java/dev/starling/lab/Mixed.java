package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.READ;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/** One random fault after the other, for minutes, as in a bad week. */
final class Mixed implements Fault {
  private static final List<Supplier<Fault>> FAULTS =
      List.of(
          KilledNode::new,
          FrozenNode::new,
          KilledGateway::new,
          RollingRestart::new,
          RegistrationRace::new,
          FailingInstance::new,
          SlowInstance::new,
          RequestFlood::new,
          Slowloris::new,
          BadRequests::new,
          MemberGarbage::new,
          HugeMessages::new,
          ForgedRecord::new,
          ForgedCommand::new);

  /** Of these, errors are what is promised, while they last and shortly after. */
  private static final List<Supplier<Fault>> SHARED_BY_ALL =
      List.of(
          KilledDatabase::new, FrozenDatabase::new, TerminatedConnections::new, AllFailing::new);

  private static final long SHORTLY = 6_000;

  /** Of ten faults. */
  private static final int SHARED = 3;

  private static final double MORE_HEAP = 1.5;
  private static final int MORE_THREADS = 20;

  private final Duration duration;
  private final List<Pause> pauses = new ArrayList<>();
  private final Map<String, Integer> tried = new HashMap<>();

  /**
   * A time in which requests may fail.
   *
   * @param from ms of the history
   * @param until ms of the history
   */
  private record Pause(long from, long until) {
    boolean excuses(Entry entry) {
      return entry.end() >= from && entry.start() <= until;
    }
  }

  /** What a node holds. */
  private record Size(double heap, double threads) {}

  Mixed(Duration duration) {
    this.duration = duration;
  }

  @Override
  public String name() {
    return "mixed";
  }

  @Override
  public String promise() {
    return "all of the above, one after the other: nothing lost, nothing doubled, no read and no"
        + " registration with a key fails while the database is there; heap and threads flat";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    Map<String, Size> before = sizes(scene.cluster());
    Random random = scene.random();
    long end = System.nanoTime() + duration.toNanos();
    while (System.nanoTime() < end) {
      boolean shared = random.nextInt(10) < SHARED;
      List<Supplier<Fault>> kind = shared ? SHARED_BY_ALL : FAULTS;
      Fault fault = kind.get(random.nextInt(kind.size())).get();
      tried.merge(fault.name(), 1, Integer::sum);
      long from = scene.load().now();
      Scene next = scene.next();
      fault.inject(next);
      Thread.sleep(1_000 + random.nextInt(12_000));
      fault.heal(next);
      scene.cluster().awaitWhole(Duration.ofSeconds(60));
      if (shared) {
        pauses.add(new Pause(from, scene.load().now() + SHORTLY));
      }
      Thread.sleep(6_000);
    }
    scene.notes().figure("tried", tried);
    compare(before, sizes(scene.cluster()), scene.notes());
  }

  private static Map<String, Size> sizes(Cluster cluster) throws IOException, InterruptedException {
    Map<String, Size> sizes = new HashMap<>();
    for (NodeProcess node : cluster.nodes()) {
      Command.run(Project.tool("jcmd"), Long.toString(node.pid()), "GC.run");
      Metrics metrics = Operator.of(node).metrics();
      sizes.put(node.name(), new Size(metrics.heap(), metrics.threads()));
    }
    return sizes;
  }

  private static void compare(Map<String, Size> before, Map<String, Size> after, Notes notes) {
    for (String node : Cluster.NAMES) {
      Size then = before.get(node);
      Size now = after.get(node);
      String change =
          "%.0f to %.0f MiB, %.0f to %.0f threads"
              .formatted(
                  then.heap() / (1 << 20), now.heap() / (1 << 20), then.threads(), now.threads());
      notes.figure(node, change);
      if (now.heap() > MORE_HEAP * then.heap() || now.threads() > then.threads() + MORE_THREADS) {
        notes.complain(node + " grew: " + change);
      }
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void judge(Evidence seen) {
    seen.complainOf(
        seen.history()
            .where(
                e ->
                    e.failed()
                        && (e.kind() == READ || e.kind() == KEYED_REGISTRATION)
                        && pauses.stream().noneMatch(pause -> pause.excuses(e))),
        "failed");
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(2));
  }
}
