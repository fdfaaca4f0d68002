package dev.starling.lab;

/** What clients ask for; it decides what a failure means and what may be repeated. */
enum Kind {
  /** A user reads the own account. */
  READ(true),
  /** A registration with an Idempotency-Key. */
  KEYED_REGISTRATION(true),
  /** A registration without one. */
  REGISTRATION(false),
  /** A login of the load. */
  LOGIN(false),
  /** A login beyond what the system can do. */
  FLOOD(false),
  /** A registration of a name that somebody else registers at the same moment. */
  RACE(false),
  /** A registration asked again after the fault, under its old key. */
  REPLAY(true);

  private final boolean repeatable;

  Kind(boolean repeatable) {
    this.repeatable = repeatable;
  }

  /** Whether a client may send it again when it does not know what came of it. */
  boolean repeatable() {
    return repeatable;
  }
}
