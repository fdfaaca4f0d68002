package dev.starling.lab;

import io.vertx.core.Vertx;

/** One part of the benchmark, which answers one question. */
interface Part {
  String name();

  /** What it measures, in one line. */
  String about();

  /**
   * Measures.
   *
   * @param programs starts what is measured; ended by the caller
   * @param vertx for the clients
   */
  void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception;
}
