package dev.starling.lab;

/** Something that is measured beside others. */
interface Subject {
  String name();

  /** Measures once, after it has run warm. */
  Sample round(Pace pace) throws Exception;

  /** Runs for a while, and nobody looks. */
  void warm(Pace pace) throws Exception;

  /** MiB of all its processes but the database's; 0 when that says nothing. */
  long resident() throws Exception;

  /** Milliseconds until its first answer; 0 when that says nothing. */
  long started();
}
