package dev.starling.lab;

import java.util.EnumSet;
import java.util.Set;

/** What clients ask for; it decides what a failure means and what may be repeated. */
enum Kind {
  /** A user reads the own account. */
  READ,
  /** A registration with an Idempotency-Key. */
  KEYED_REGISTRATION,
  /** A registration without one. */
  REGISTRATION,
  /** A login of a user. */
  LOGIN,
  /** A login beyond what the system can do. */
  FLOOD,
  /** A read of an account by somebody without a token. */
  STRANGER,
  /** A registration of a name that others register at the same moment. */
  RACE,
  /** A registration asked again after the fault, under its old key. */
  REPLAY,
  /** What a fault sends to do its work. */
  TOOL;

  private static final Set<Kind> REPEATABLE = EnumSet.of(READ, KEYED_REGISTRATION, REPLAY);
  private static final Set<Kind> EXPECTED =
      EnumSet.of(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
  private static final Set<Kind> REGISTERS =
      EnumSet.of(KEYED_REGISTRATION, REGISTRATION, RACE, REPLAY);

  /** Whether a client may send it again when it does not know what came of it. */
  boolean repeatable() {
    return REPEATABLE.contains(this);
  }

  /** Whether it succeeds on a system that is well. */
  boolean expected() {
    return EXPECTED.contains(this);
  }

  /** Whether it makes a user. */
  boolean registers() {
    return REGISTERS.contains(this);
  }
}
