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

  static final String NAME = "name";
  static final String MAIL_SENT = "mail-sent";
  static final String VERIFIED = "verified";
  static final String RESET_SENT = "reset-sent";
  static final String RESET = "reset";
  static final String SECOND_FACTOR_ENDED = "second-factor-ended";

  private static final Map<String, String> TEXTS =
      Map.ofEntries(
          Map.entry(SIGNED_OUT, "You are signed out."),
          Map.entry(REGISTERED, "Your account has been made."),
          Map.entry(
              PASSWORD, "Your password has been changed. You are signed out everywhere else."),
          Map.entry(DELETED, "Your account has been deleted."),
          Map.entry(ENDED, "The session has ended."),
          Map.entry(OTHERS_ENDED, "You are signed out everywhere else."),
          Map.entry(NAME, "Your username has been changed."),
          Map.entry(
              MAIL_SENT, "A mail with a code is on its way to the address. Type the code here."),
          Map.entry(VERIFIED, "Your e-mail address is confirmed."),
          Map.entry(
              RESET_SENT, "If an account has this address, a mail with a code is on its way."),
          Map.entry(RESET, "Your password has been changed. Sign in with the new one."),
          Map.entry(SECOND_FACTOR_ENDED, "You are asked for no code any more."));

  private Notices() {}

  /** Null for what has no text, and for what is unknown. */
  static String text(String name) {
    return name == null ? null : TEXTS.get(name);
  }
}
