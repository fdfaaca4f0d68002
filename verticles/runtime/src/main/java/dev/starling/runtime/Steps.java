package dev.starling.runtime;

import java.util.ArrayList;
import java.util.List;

/** What one call was busy with on one node, and for how long. */
final class Steps {
  private static final int MOST = 50;

  private final long begin;
  private final List<KeptCall.Step> steps = new ArrayList<>(4);

  /** Times count from now. */
  Steps() {
    this(System.nanoTime());
  }

  private Steps(long begin) {
    this.begin = begin;
  }

  /**
   * Adds a step that has just ended, unless there are many.
   *
   * @param since when it began, by {@link System#nanoTime}
   * @param outcome {@code ok} or the kind of a problem
   */
  synchronized void add(String name, long since, String outcome) {
    if (steps.size() < MOST) {
      long now = System.nanoTime();
      steps.add(new KeptCall.Step(name, (since - begin) / 1_000, (now - since) / 1_000, outcome));
    }
  }

  synchronized List<KeptCall.Step> all() {
    return List.copyOf(steps);
  }
}
