package dev.starling.account;

import java.util.Map;

/** What is said after something was done; addresses name it, so that they hold no text. */
final class Notices {
  static final String SIGNED_OUT = "signed-out";
  static final String REGISTERED = "registered";
  static final String PASSWORD = "password";
  static final String DELETED = "deleted";
  static final String ENDED = "ended";
  static final String OTHERS_ENDED = "others-ended";

  private static final Map<String, String> TEXTS =
      Map.of(
          SIGNED_OUT, "You are signed out.",
          REGISTERED, "Your account has been made.",
          PASSWORD, "Your password has been changed. You are signed out everywhere else.",
          DELETED, "Your account has been deleted.",
          ENDED, "The session has ended.",
          OTHERS_ENDED, "You are signed out everywhere else.");

  private Notices() {}

  /** Null for what has no text, and for what is unknown. */
  static String text(String name) {
    return name == null ? null : TEXTS.get(name);
  }
}
