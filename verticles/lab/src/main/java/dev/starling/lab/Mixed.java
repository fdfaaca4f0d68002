package dev.starling.lab;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.Random;
import java.util.TreeMap;
import java.util.function.Supplier;

/**
 * One fault after the other for minutes, in random order, as in a bad week; each is judged by its
 * own promise. Those that need another machine (a file system, namespaces), certificates or a
 * common session are not among them.
 */
final class Mixed implements Fault {
  private static final List<Supplier<Fault>> FAULTS =
      List.of(
          KilledNode::new,
          FrozenNode::new,
          KilledGateway::new,
          RollingRestart::new,
          KilledDatabase::new,
          FrozenDatabase::new,
          TerminatedConnections::new,
          RegistrationRace::new,
          FailingInstance::new,
          SlowInstance::new,
          AllFailing::new,
          RequestFlood::new,
          Slowloris::new,
          BadRequests::new,
          MemberGarbage::new,
          HugeMessages::new,
          ForgedRecord::new,
          ForgedCommand::new);

  private static final Duration BEFORE = Duration.ofSeconds(4);
  private static final Duration AFTER = Duration.ofSeconds(8);
  private static final Duration WHOLE = Duration.ofSeconds(60);

  /** Milliseconds by which a fault may come later. */
  private static final int ANY_MOMENT = 4_000;

  private static final double MORE_HEAP = 1.5;
  private static final int MORE_THREADS = 20;

  private final Duration duration;

  /** Those that prepare nodes before these start. */
  private final List<Fault> staged = List.of(new BlockedLoops(), new ClockJump());

  private final Map<String, Score> scores = new TreeMap<>();

  /** How often a fault was tried, and how often its promise was kept. */
  private record Score(int tried, int kept) {
    static Score of(boolean kept) {
      return new Score(1, kept ? 1 : 0);
    }

    Score plus(Score other) {
      return new Score(tried + other.tried, kept + other.kept);
    }

    @Override
    public String toString() {
      return kept + " of " + tried;
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
    return "20 of the above in random order, each as promised; nothing lost, nothing doubled; heap"
        + " and threads flat";
  }

  @Override
  public boolean sharesCluster() {
    return false;
  }

  @Override
  public Optional<String> obstacle() throws IOException, InterruptedException {
    Optional<String> obstacle = Optional.empty();
    for (Fault fault : staged) {
      obstacle = obstacle.isPresent() ? obstacle : fault.obstacle();
    }
    return obstacle;
  }

  @Override
  public void stage(Stage stage) throws Exception {
    for (Fault fault : staged) {
      fault.stage(stage);
    }
  }

  @Override
  public void dress(Launch node) {
    staged.forEach(fault -> fault.dress(node));
  }

  @Override
  public void inject(Scene scene) throws Exception {
    Map<String, Size> before = sizes(scene.cluster());
    long end = System.nanoTime() + duration.toNanos();
    Queue<Fault> round = new ArrayDeque<>();
    while (System.nanoTime() < end) {
      if (round.isEmpty()) {
        round = round(scene.random());
      }
      strike(round.remove(), scene);
    }
    scene.notes().figure("kept", scores);
    compare(before, sizes(scene.cluster()), scene.notes());
  }

  private Queue<Fault> round(Random random) {
    List<Fault> all = new ArrayList<>(staged);
    FAULTS.forEach(fault -> all.add(fault.get()));
    Collections.shuffle(all, random);
    return new ArrayDeque<>(all);
  }

  private void strike(Fault fault, Scene scene) throws Exception {
    Scene its = scene.next(fault);
    Load load = scene.load();
    long from = load.now();
    Thread.sleep(BEFORE.toMillis() + scene.random().nextInt(ANY_MOMENT));
    long injected = load.now();
    fault.inject(its);
    Thread.sleep(fault.lasts().toMillis());
    fault.heal(its);
    long healed = load.now();
    scene.cluster().awaitWhole(WHOLE);
    Thread.sleep(AFTER.toMillis());
    long ended = load.now();
    History history = load.history().slice(from, ended);
    fault.judge(new Evidence(history, its, injected, healed, ended, List.of(), 1));
    List<String> complaints = its.notes().complaints();
    scores.merge(fault.name(), Score.of(complaints.isEmpty()), Score::plus);
    complaints.forEach(
        complaint ->
            scene
                .notes()
                .complain("%s at %d s: %s".formatted(fault.name(), injected / 1_000, complaint)));
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
    seen.cleanOnceHealedWithin(Duration.ofSeconds(2));
  }
}
