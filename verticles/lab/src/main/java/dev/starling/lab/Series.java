package dev.starling.lab;

import dev.starling.lab.Report.Verdict;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Random;

/**
 * Faults tried one after the other: on the cluster of the one before, when that left it whole and
 * the next needs no other.
 */
final class Series {
  private final Project project;
  private final long seed;
  private final int tolerance;
  private final double share;
  private Experiment experiment;
  private Path directory;

  /**
   * Begins with nothing running.
   *
   * @param seed chooses victims and moments
   * @param tolerance how many times its bound a recovery may take
   * @param share of the load that two idle cores bear
   */
  Series(Project project, long seed, int tolerance, double share) {
    this.project = project;
    this.seed = seed;
    this.tolerance = tolerance;
    this.share = share;
  }

  /** Tries a fault, and says what came of it; throws only when the lab itself is broken. */
  Report run(Fault fault) throws Exception {
    Optional<String> obstacle = fault.obstacle();
    if (obstacle.isPresent()) {
      return Report.notRun(fault, obstacle.get());
    }
    Report report;
    try {
      report = on(fault).run(fault, new Random(seed), tolerance);
    } catch (LabException e) {
      report = Report.failed(fault, e.getMessage(), directory.resolve("logs"));
    }
    if (report.verdict() != Verdict.PASSED || !fault.sharesCluster()) {
      end();
    }
    return report;
  }

  private Experiment on(Fault fault) throws Exception {
    if (!fault.sharesCluster()) {
      end();
    }
    if (experiment == null) {
      directory = Files.createTempDirectory("starling-faults-");
      experiment = Experiment.on(project, directory, fault, share);
    }
    return experiment;
  }

  /** Ends what still runs. The directory stays: it holds the logs. */
  void end() throws Exception {
    if (experiment != null) {
      Experiment ending = experiment;
      experiment = null;
      ending.end();
    }
  }
}
