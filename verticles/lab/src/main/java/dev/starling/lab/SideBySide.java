package dev.starling.lab;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * Measures subjects in turn, round by round, so that whatever else the machine does meanwhile hits
 * all of them.
 */
final class SideBySide {
  private static final int WARMINGS = 2;

  private final String part;
  private final Map<Subject, List<Sample>> samples = new LinkedHashMap<>();

  private SideBySide(String part) {
    this.part = part;
  }

  static SideBySide measure(String part, Pace pace, Findings findings, List<Subject> subjects)
      throws Exception {
    SideBySide all = new SideBySide(part);
    subjects.forEach(subject -> all.samples.put(subject, new ArrayList<>()));
    for (int i = 0; i < WARMINGS; i++) {
      for (Subject subject : subjects) {
        subject.warm(pace);
      }
    }
    for (int i = 0; i < pace.rounds(); i++) {
      for (Subject subject : subjects) {
        all.samples.get(subject).add(subject.round(pace));
      }
      System.err.printf("%s: round %d of %d%n", part, i + 1, pace.rounds());
    }
    for (Subject s : subjects) {
      findings
          .figures()
          .add(new Findings.Figure(part, s.name(), all.samples.get(s), s.resident(), s.started()));
    }
    return all;
  }

  /** The CPU time of one over that of another; at most so much was promised, NaN for nothing. */
  Findings.Ratio cpu(String name, Subject of, Subject over, double most) {
    return ratio(name, Sample::cpu, of, over, most);
  }

  /** One over another, in each round. */
  Findings.Ratio ratio(
      String name, ToDoubleFunction<Sample> value, Subject of, Subject over, double most) {
    List<Double> ratios = new ArrayList<>();
    for (int i = 0; i < samples.get(of).size(); i++) {
      ratios.add(
          value.applyAsDouble(samples.get(of).get(i))
              / value.applyAsDouble(samples.get(over).get(i)));
    }
    return new Findings.Ratio(part + ": " + name, Spread.of(ratios), most);
  }
}
