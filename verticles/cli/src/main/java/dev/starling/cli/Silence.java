package dev.starling.cli;

import java.io.OutputStream;
import java.io.PrintStream;

/** Where to print what nobody is to see. */
final class Silence {
  static final PrintStream OUT = new PrintStream(OutputStream.nullOutputStream());

  private Silence() {}
}
