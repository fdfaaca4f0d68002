package dev.starling.lab;

import java.time.Duration;

/**
 * How long is measured, and how hard.
 *
 * @param rounds how often each subject has its turn
 * @param time of one closed loop, and of one open loop
 * @param rate of the open loop, requests a second
 */
record Pace(int rounds, Duration time, int rate) {
  /** Connections of the closed loop. */
  static final int CONNECTIONS = 32;

  /** The compilers have done most of their work after this. */
  Duration warming() {
    return time.multipliedBy(4);
  }
}
