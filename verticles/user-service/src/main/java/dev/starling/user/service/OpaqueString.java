package dev.starling.user.service;

import java.text.Normalizer;

/**
 * Brings a password into the one form that is hashed, the OpaqueString profile of PRECIS (RFC 8265,
 * 4.2), so that what another keyboard composes differently still logs in.
 *
 * <p>Neither case nor width is folded, and spaces count wherever they are: every folding shrinks
 * the key space. Ignorable code points, which the profile forbids, are let through, since emoji are
 * joined with them. What is assigned is what this JDK knows.
 */
final class OpaqueString {

  private OpaqueString() {}

  /**
   * Applied twice, it gives what it gives once.
   *
   * @throws IllegalArgumentException with a message fit for the user, if there is a code point that
   *     is not allowed
   */
  static String of(String password) {
    StringBuilder mapped = new StringBuilder(password.length());
    password.codePoints().map(OpaqueString::map).forEach(mapped::appendCodePoint);
    return Normalizer.normalize(mapped, Normalizer.Form.NFC);
  }

  private static int map(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.SPACE_SEPARATOR -> ' ';
      case Character.CONTROL -> throw refusal("control characters");
      case Character.SURROGATE -> throw refusal("halves of characters (lone surrogates)");
      case Character.UNASSIGNED -> throw refusal("code points that Unicode has not assigned");
      default -> codePoint;
    };
  }

  private static IllegalArgumentException refusal(String what) {
    return new IllegalArgumentException("A password may not contain " + what + "; leave them out");
  }
}
