package dev.starling.lab;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
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

  /** How long no request fails before the next fault, and how long that is waited for. */
  private static final Duration CALM = Duration.ofSeconds(5);

  private static final Duration PATIENCE = Duration.ofSeconds(30);

  /** Milliseconds by which a fault may come later. */
  private static final int ANY_MOMENT = 4_000;

  /** A process that has grown by so much while it lived keeps something. */
  private static final double MORE_HEAP = 1.5;

  private static final int MORE_THREADS = 20;

  /** Faults that a process must have seen for its size to be worth telling. */
  private static final int LONG_LIFE = 4;

  private final Duration duration;

  /** Those that prepare nodes before these start. */
  private final List<Fault> staged = List.of(new BlockedLoops(), new ClockJump());

  private final Map<String, Score> scores = new TreeMap<>();

  /** What each process held after each fault that it saw. */
  private final Map<Long, List<Size>> sizes = new LinkedHashMap<>();

  /** Until when requests have been judged, in ms of the history. */
  private long judged;

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

  /**
   * What a process holds.
   *
   * @param heap bytes in use after a collection
   */
  private record Size(String node, double heap, double threads) {}

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
    long end = System.nanoTime() + duration.toNanos();
    Queue<Fault> round = new ArrayDeque<>();
    while (System.nanoTime() < end) {
      if (round.isEmpty()) {
        round = round(scene.random());
      }
      strike(round.remove(), scene);
      measure(scene);
    }
    scene.notes().figure("kept", scores);
    sizes.values().forEach(life -> compare(life, scene.notes()));
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
    Thread.sleep(BEFORE.toMillis() + scene.random().nextInt(ANY_MOMENT));
    long injected = load.now();
    long healed = injected;
    try {
      fault.inject(its);
      Thread.sleep(fault.lasts().toMillis());
      fault.heal(its);
      healed = load.now();
      scene.cluster().awaitWhole(WHOLE);
      its.awaitBack(healed);
    } catch (LabException e) {
      its.notes().complain(e.getMessage());
    }
    Thread.sleep(AFTER.toMillis());
    awaitCalm(load);
    long ended = load.now();
    History history = load.history().slice(judged, ended);
    judged = ended;
    fault.judge(new Evidence(history, its, injected, healed, ended, List.of(), 1));
    List<String> complaints = its.notes().complaints();
    scores.merge(fault.name(), Score.of(complaints.isEmpty()), Score::plus);
    complaints.forEach(
        complaint ->
            scene
                .notes()
                .complain("%s at %d s: %s".formatted(fault.name(), injected / 1_000, complaint)));
  }

  /** What a fault does to requests later is its own doing, not the next one's. */
  private static void awaitCalm(Load load) throws InterruptedException {
    long end = load.now() + PATIENCE.toMillis();
    while (load.now() < end) {
      long since = load.now() - CALM.toMillis();
      if (load.history().where(e -> e.failed() && e.end() > since).isEmpty()) {
        return;
      }
      Thread.sleep(1_000);
    }
  }

  private void measure(Scene scene) throws IOException, InterruptedException {
    for (NodeProcess node : scene.cluster().nodes()) {
      Command.run(Project.tool("jcmd"), Long.toString(node.pid()), "GC.run");
      Metrics metrics = Operator.of(node).metrics();
      if (metrics.threads() == 0) {
        scene.notes().complain(node.name() + " did not tell what it holds");
      } else {
        sizes
            .computeIfAbsent(node.pid(), pid -> new ArrayList<>())
            .add(new Size(node.name(), metrics.heap(), metrics.threads()));
      }
    }
  }

  private static void compare(List<Size> life, Notes notes) {
    Size first = life.get(0);
    Size last = life.get(life.size() - 1);
    String change =
        "%.0f to %.0f MiB, %.0f to %.0f threads in %d faults"
            .formatted(
                first.heap() / (1 << 20),
                last.heap() / (1 << 20),
                first.threads(),
                last.threads(),
                life.size());
    if (life.size() >= LONG_LIFE) {
      notes.figure(first.node(), change);
    }
    if (last.heap() > MORE_HEAP * first.heap() || last.threads() > first.threads() + MORE_THREADS) {
      notes.complain(first.node() + " grew: " + change);
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
