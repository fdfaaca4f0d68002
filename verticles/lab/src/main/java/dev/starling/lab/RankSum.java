package dev.starling.lab;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Whether two samples are of one distribution (Mann and Whitney, 1947), by the normal distribution.
 */
final class RankSum {
  private RankSum() {}

  private record Value(double value, boolean ofFirst) {}

  /** How probable a difference at least as large is, two-sided; of 20 values each or more. */
  static double p(List<Double> first, List<Double> second) {
    List<Value> all = new ArrayList<>();
    first.forEach(value -> all.add(new Value(value, true)));
    second.forEach(value -> all.add(new Value(value, false)));
    all.sort(Comparator.comparingDouble(Value::value));
    double ranks = 0;
    for (int i = 0; i < all.size(); ) {
      int end = i;
      while (end < all.size() && all.get(end).value() == all.get(i).value()) {
        end++;
      }
      double rank = (i + 1 + end) / 2.0;
      for (; i < end; i++) {
        ranks += all.get(i).ofFirst() ? rank : 0;
      }
    }
    double m = first.size();
    double n = second.size();
    double u = ranks - m * (m + 1) / 2;
    double z = (u - m * n / 2) / Math.sqrt(m * n * (m + n + 1) / 12);
    return 2 * above(Math.abs(z));
  }

  /** Upper tail of the normal distribution (Abramowitz and Stegun 26.2.17), to 1e-7. */
  private static double above(double z) {
    double t = 1 / (1 + 0.2316419 * z);
    double series =
        t
            * (0.319381530
                + t * (-0.356563782 + t * (1.781477937 + t * (-1.821255978 + t * 1.330274429))));
    return Math.exp(-z * z / 2) / Math.sqrt(2 * Math.PI) * series;
  }
}
