package dev.starling.lab;

import org.HdrHistogram.Histogram;

/**
 * One round of one subject; what was not measured is {@link Double#NaN}.
 *
 * @param perSecond requests answered, in a closed loop
 * @param cpu microseconds of a request, of all processes but the database's
 * @param database microseconds of a request, of the database's processes
 * @param p50 microseconds, in an open loop, as the two that follow
 */
record Sample(double perSecond, double cpu, double database, double p50, double p99, double p999) {
  static Sample closed(long requests, double seconds, long cpu, long database) {
    return new Sample(
        requests / seconds,
        (double) cpu / requests,
        (double) database / requests,
        Double.NaN,
        Double.NaN,
        Double.NaN);
  }

  Sample with(Histogram micros) {
    return new Sample(
        perSecond,
        cpu,
        database,
        micros.getValueAtPercentile(50),
        micros.getValueAtPercentile(99),
        micros.getValueAtPercentile(99.9));
  }
}
