package dev.starling.lab;

import io.vertx.core.json.JsonObject;
import java.util.Collection;

/** Several measurements of one thing, of which two cores make none exact. */
record Spread(double median, double least, double most) {
  /** Of at least one value; {@link Double#NaN} stands for none. */
  static Spread of(Collection<Double> values) {
    double[] sorted =
        values.stream().mapToDouble(v -> v).filter(v -> !Double.isNaN(v)).sorted().toArray();
    if (sorted.length == 0) {
      return new Spread(Double.NaN, Double.NaN, Double.NaN);
    }
    int middle = sorted.length / 2;
    double median =
        sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    return new Spread(median, sorted[0], sorted[sorted.length - 1]);
  }

  boolean isKnown() {
    return !Double.isNaN(median);
  }

  JsonObject json() {
    return new JsonObject()
        .put("median", rounded(median))
        .put("min", rounded(least))
        .put("max", rounded(most));
  }

  private static double rounded(double value) {
    return Math.round(value * 1_000) / 1_000.0;
  }
}
