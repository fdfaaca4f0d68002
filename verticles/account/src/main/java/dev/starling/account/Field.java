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
 */
record Field(String name, String label, String type, String autocomplete, String hint, int length) {
  private static final int PASSWORD = 1_024;

  static Field username() {
    return new Field("username", "Username", "text", "username", null, 256);
  }

  static Field newUsername() {
    return new Field(
        "username",
        "Username",
        "text",
        "username",
        "3 to 64 letters from a to z, digits, dots, dashes and underscores, the first of them a letter or digit.",
        64);
  }

  /** One that is to be typed as it is now. */
  static Field password(String name, String label) {
    return new Field(name, label, "password", "current-password", null, PASSWORD);
  }

  /** A 128 characters of two units each is the most that the contract lets through. */
  static Field newPassword(String name, String label) {
    return new Field(
        name,
        label,
        "password",
        "new-password",
        "A phrase of several words that nobody would guess. Spaces count.",
        256);
  }

  static Field agreement(String label) {
    return new Field("agreed", label, "checkbox", "off", null, 0);
  }

  boolean isCheckbox() {
    return type.equals("checkbox");
  }

  /** Whether what was typed is shown again after an error. */
  boolean isShownAgain() {
    return type.equals("text") || type.equals("email");
  }
}
