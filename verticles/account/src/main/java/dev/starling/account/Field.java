package dev.starling.account;

/**
 * One field of a form, named as the member of the request that it becomes.
 *
 * @param name a member of the request
 * @param label above it
 * @param type of the input: text, password, email, checkbox
 * @param autocomplete what browsers and password managers may fill in (HTML, 4.10.18.7)
 * @param hint below the label, null for none
 * @param length UTF-16 units at most
 * @param needed whether it must be filled in
 */
record Field(
    String name,
    String label,
    String type,
    String autocomplete,
    String hint,
    int length,
    boolean needed) {
  private static final int PASSWORD = 1_024;

  static Field username() {
    return new Field("username", "Username", "text", "username", null, 256, true);
  }

  static Field newUsername() {
    return new Field(
        "username",
        "Username",
        "text",
        "username",
        "3 to 64 letters from a to z, digits, dots, dashes and underscores, the first of them a letter or digit.",
        64,
        true);
  }

  /** One that is to be typed as it is now. */
  static Field password(String name, String label) {
    return new Field(name, label, "password", "current-password", null, PASSWORD, true);
  }

  /** A browser would cut off what is longer, and say nothing: the service refuses it. */
  static Field newPassword(String name, String label) {
    return new Field(
        name,
        label,
        "password",
        "new-password",
        "A phrase of several words that nobody would guess. Spaces count.",
        PASSWORD,
        true);
  }

  /** Not asked for where there is none. */
  static Field email(String label, String hint, boolean needed) {
    return new Field("email", label, "email", "email", hint, 254, needed);
  }

  /** What an authenticator app shows. */
  static Field code(String name, String label) {
    return new Field(name, label, "text", "one-time-code", null, 32, true);
  }

  /** What a mail has brought; a script fills it in from the mail's link. */
  static Field mailed() {
    return new Field("code", "Code of the mail", "text", "off", null, 256, true);
  }

  static Field agreement(String label) {
    return new Field("agreed", label, "checkbox", "off", null, 0, true);
  }

  boolean isCheckbox() {
    return type.equals("checkbox");
  }

  /** Whether it is of use only where mails are sent. */
  boolean isAddress() {
    return type.equals("email");
  }

  /** Whether what was typed is shown again after an error. */
  boolean isShownAgain() {
    return autocomplete.equals("username") || autocomplete.equals("email");
  }
}
