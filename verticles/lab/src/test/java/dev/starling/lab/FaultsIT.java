package dev.starling.lab;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.lab.Report.Verdict;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The faults that any change may bring back, on one cluster as long as it stays whole. */
@Tag("machine")
class FaultsIT {
  private static final long SEED = 1;

  /** Two noisy cores decide how fast a recovery is: the gate judges whether there is one. */
  private static final int TOLERANCE = 3;

  /**
   * Nor does it judge capacity: two cores that others use too must bear the load with a node less.
   */
  private static final double SHARE = 0.5;

  private static final Series SERIES =
      new Series(Project.at(Path.of("../..")), SEED, TOLERANCE, SHARE);

  static List<Named<Fault>> selection() {
    return List.of(
            new RegistrationRace(),
            new KilledNode(),
            new FrozenNode(),
            new FailingInstance(),
            new KilledDatabase(),
            new RollingRestart())
        .stream()
        .map(fault -> Named.of(fault.name(), fault))
        .toList();
  }

  @AfterAll
  static void end() throws Exception {
    SERIES.end();
  }

  @ParameterizedTest
  @MethodSource("selection")
  void keepsWhatIsPromised(Fault fault) throws Exception {
    Report report = SERIES.run(fault);
    System.out.println(report.text());
    assertThat(report.verdict()).as(report.text()).isEqualTo(Verdict.PASSED);
  }
}
