package dev.starling.cli;

/** What the exit code of every command says; scripts rely on it. */
final class Exit {
  /** Done, or all is well. */
  static final int OK = 0;

  /** Refused, failed, or something was found that is not well. */
  static final int NOT_WELL = 1;

  /** No answer that could be used: nothing listens there, or it refuses the token. */
  static final int UNREACHABLE = 2;

  /** The command line is wrong (EX_USAGE of sysexits.h); 2 was taken. */
  static final int USAGE = 64;

  private Exit() {}
}
