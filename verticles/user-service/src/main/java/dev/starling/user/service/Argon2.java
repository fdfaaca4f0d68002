package dev.starling.user.service;

/**
 * Computes Argon2id version 0x13 (RFC 9106), so that the fastest engine that loads here can take
 * the place of another: all give the same tags.
 */
interface Argon2 {

  /**
   * What one computation costs.
   *
   * @param memory KiB
   * @param iterations passes over the memory
   * @param lanes degree of parallelism
   */
  record Cost(int memory, int iterations, int lanes) {

    /** The floor of the OWASP Password Storage Cheat Sheet. */
    static final Cost DEFAULT = new Cost(19_456, 2, 1);

    /** Whether OWASP ASVS 5.0, appendix C, finds this cost enough for new hashes. */
    boolean suffices() {
      int floor =
          switch (iterations) {
            case 1 -> 47_104;
            case 2 -> 19_456;
            default -> 12_288;
          };
      return iterations >= 1 && memory >= floor;
    }
  }

  /** The engine's name for logs. */
  String name();

  /**
   * Blocks for the whole computation, tens of milliseconds; safe for use by many threads at once.
   *
   * @param length of the tag, bytes
   * @throws IllegalStateException when the memory cannot be had
   */
  byte[] tag(byte[] input, byte[] salt, Cost cost, int length);

  /**
   * The fastest engine of this machine. Loading native code takes 0.1 to 0.5 s the first time: not
   * for an event loop.
   */
  static Argon2 fastest() {
    BouncyCastleArgon2 portable = new BouncyCastleArgon2();
    return SodiumArgon2.load(portable).<Argon2>map(sodium -> sodium).orElse(portable);
  }
}
