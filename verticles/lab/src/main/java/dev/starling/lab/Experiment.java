package dev.starling.lab;

import dev.starling.lab.Checker.Breach;
import dev.starling.lab.Checker.Finding;
import dev.starling.lab.Report.Verdict;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * A cluster under load on which faults are tried, one after the other; each begins on a cluster
 * that is whole and has a history of its own.
 */
final class Experiment {
  private static final Duration BEFORE = Duration.ofSeconds(8);
  private static final Duration AFTER = Duration.ofSeconds(10);
  private static final Duration WARM = Duration.ofSeconds(30);
  private static final Duration WHOLE = Duration.ofSeconds(45);
  private static final int ATTEMPTS = 8;
  private static final double LEAST_SHARE = 0.2;
  private static final int REPLAYED = 30;
  private static final int EXAMPLES = 3;
  private static final long CALM = 5_000;

  private final Stage stage;
  private final Cluster cluster;
  private final Database database;
  private final Load load;
  private final Operator.Token token;
  private final Fault host;

  /** Beginning of the names of all users of this experiment. */
  private final String run = "u" + Long.toString(System.nanoTime() / 1_000_000, 36);

  /** Of the rates that two cores bear, what this machine bears now. */
  private double share;

  private Experiment(Stage stage, Cluster cluster, Fault host, double share) throws IOException {
    this.stage = stage;
    this.cluster = cluster;
    this.host = host;
    this.share = share;
    token = Operator.Token.in(cluster.data());
    database = host.database(stage);
    load = new Load(stage.vertx(), new Clients(stage.vertx(), this::gateways, host::client), run);
  }

  /**
   * Starts a cluster as a fault needs it, and lets it run warm.
   *
   * @param directory new; its last name is the cluster's
   * @param share of the rates that two cores bear, to begin with
   */
  static Experiment on(Project project, Path directory, Fault host, double share) throws Exception {
    Stage stage = new Stage(project, Vertx.vertx(), directory);
    Cluster cluster = null;
    try {
      host.stage(stage);
      cluster = Cluster.start(stage, host::dress);
      Experiment experiment = new Experiment(stage, cluster, host, share);
      experiment.load.prepare();
      experiment.load.start(Load.rates(share));
      hold(WARM);
      experiment.load.stop();
      return experiment;
    } catch (Exception e) {
      end(stage, cluster, host);
      throw e;
    }
  }

  private List<URI> gateways() {
    return cluster.gateways().stream().flatMap(node -> node.api().stream()).toList();
  }

  /**
   * Tries one fault; a cluster that it left broken is of no use for another.
   *
   * @param tolerance how many times its bound a recovery may take
   */
  Report run(Fault fault, Random random, int tolerance) throws Exception {
    int alarms = cluster.alarms().size();
    History history = startCalmly();
    try (Watch watch = Watch.begin(history, cluster.gateways(), token)) {
      Scene scene = Scene.of(cluster, database, load, watch, fault.victim(), random, token);
      long injected = history.now();
      fault.inject(scene);
      hold(fault.lasts());
      fault.heal(scene);
      long healed = history.now();
      awaitWhole(scene.notes());
      scene.awaitBack(healed);
      hold(AFTER);
      long ended = history.now();
      load.stop();
      List<Finding> findings = check(history, scene.notes());
      Evidence seen = new Evidence(history, scene, injected, healed, ended, findings, tolerance);
      fault.judge(seen);
      List<String> newAlarms = cluster.alarms();
      newAlarms.subList(alarms, newAlarms.size()).forEach(scene.notes()::complain);
      return report(fault, seen);
    }
  }

  /**
   * Begins a history in which no request fails for a while; on a machine that is busy with other
   * things, with fewer requests.
   */
  private History startCalmly() throws InterruptedException {
    for (int i = 0; i < ATTEMPTS; i++) {
      History history = load.start(Load.rates(share));
      hold(BEFORE);
      if (history.where(Entry::failed).isEmpty()) {
        return history;
      }
      load.stop();
      share = Math.max(LEAST_SHARE, share * 0.7);
    }
    throw new LabException("Requests fail before any fault: is the machine too busy?");
  }

  private void awaitWhole(Notes notes) throws InterruptedException {
    try {
      notes.figure("whole-ms", cluster.awaitWhole(WHOLE));
    } catch (LabException e) {
      notes.complain(e.getMessage());
    }
  }

  /**
   * Asks again under keys whose requests ended as unknown, and under some that were acknowledged.
   */
  private List<Finding> check(History history, Notes notes) throws IOException {
    List<Entry> keyed = history.where(e -> e.kind() == Kind.KEYED_REGISTRATION);
    List<Entry> again = new ArrayList<>();
    keyed.stream().filter(e -> e.outcome() == Outcome.UNKNOWN).limit(REPLAYED).forEach(again::add);
    keyed.stream()
        .filter(e -> e.outcome() == Outcome.ACKNOWLEDGED)
        .skip(Math.max(0, keyed.size() / 3))
        .limit(REPLAYED)
        .forEach(again::add);
    for (Entry entry : again) {
      load.ask(entry.gateway(), Question.register(Kind.REPLAY, entry.name(), entry.key())).await();
    }
    notes.figure("replayed", again.size());
    return Checker.check(history.entries(), database.users(run));
  }

  private Report report(Fault fault, Evidence seen) {
    History history = seen.history();
    Map<String, Object> figures = new LinkedHashMap<>();
    figures.put("reads-per-s", Load.rates(share).get(Kind.READ));
    figures.put("requests", history.entries().size());
    figures.put("p99-before-ms", seen.readsP99(0, seen.injected()));
    figures.put("p99-during-ms", seen.readsP99(seen.injected(), seen.healed()));
    figures.put("p99-after-ms", seen.readsP99(seen.ended() - CALM, seen.ended()));
    figures.put("clean-after-fault-ms", seen.cleanAfterFault());
    figures.put("clean-after-healing-ms", seen.cleanAfterHealing());
    figures.put("missing", seen.count(Breach.LOST));
    figures.put("doubled", seen.count(Breach.DOUBLED));
    figures.putAll(seen.scene().notes().figures());
    List<String> why = new ArrayList<>(breaches(seen));
    why.addAll(seen.scene().notes().complaints());
    boolean passed = why.isEmpty();
    return new Report(
        fault.name(),
        fault.promise(),
        passed ? Verdict.PASSED : Verdict.FAILED,
        why,
        seen.failures(),
        figures,
        passed ? null : cluster.directory().resolve("logs"));
  }

  private static List<String> breaches(Evidence seen) {
    List<String> breaches = new ArrayList<>();
    for (Breach breach : Breach.values()) {
      List<String> details =
          seen.findings().stream().filter(f -> f.breach() == breach).map(Finding::detail).toList();
      if (!details.isEmpty()) {
        breaches.add(
            "%d x %s, such as %s"
                .formatted(
                    details.size(),
                    breach.text(),
                    String.join("; ", details.subList(0, Math.min(EXAMPLES, details.size())))));
      }
    }
    return breaches;
  }

  private static void hold(Duration duration) throws InterruptedException {
    Thread.sleep(duration.toMillis());
  }

  /** Ends the cluster and takes back what was prepared for it. */
  void end() throws Exception {
    end(stage, cluster, host);
  }

  private static void end(Stage stage, Cluster cluster, Fault host) throws Exception {
    try {
      if (cluster != null) {
        cluster.close();
      }
    } finally {
      stage.vertx().close().await();
      host.strike();
    }
  }
}
