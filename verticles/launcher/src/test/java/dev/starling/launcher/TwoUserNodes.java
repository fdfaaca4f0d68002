package dev.starling.launcher;

import dev.starling.harness.Harness;
import org.junit.jupiter.api.BeforeEach;

/** Two nodes that run the user service, and ada, who is known to it. */
abstract class TwoUserNodes extends UserNodes {
  Harness one;
  Harness two;

  @BeforeEach
  void startsTwo() {
    one = start();
    two = start();
    registerAda(one);
  }
}
