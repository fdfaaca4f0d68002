package dev.starling.user.service;

import io.vertx.ext.mail.MailMessage;
import java.util.UUID;

/**
 * What mails say. The name of an account is in none that goes to an address nobody has shown to be
 * theirs: whoever registers could write to strangers by it.
 */
final class Letters {
  private final MailServer server;
  private final SealedIds codes;
  private final String system;

  /**
   * @param system how it calls itself
   */
  Letters(MailServer server, SealedIds codes, String system) {
    this.server = server;
    this.codes = codes;
    this.system = system;
  }

  /**
   * The mail of an id.
   *
   * @param kind as the database has it
   */
  MailMessage of(UUID id, String kind, String address) {
    return switch (kind) {
      case "verify-email" ->
          letter(
              address,
              "Confirm your address",
              "This address was given for an account at "
                  + system
                  + ". If that was you, confirm it:",
              code(id, "/verify"),
              "The code works for one day. If it was not you, there is nothing to do.");
      case "address-taken" ->
          letter(
              address,
              "You have an account already",
              "Somebody, you perhaps, gave this address for another account at "
                  + system
                  + ". It belongs to yours already, and stays with it.",
              "If you have forgotten your password, ask for another one.");
      case "reset-password" ->
          letter(
              address,
              "Choose another password",
              "Somebody asked for another password of your account at "
                  + system
                  + ". If that was you, choose it:",
              code(id, "/reset"),
              "The code works for 30 minutes, and once. If it was not you, your password stays.");
      case "password-changed" -> notice(address, "Your password was changed");
      case "password-reset" -> notice(address, "Your password was replaced");
      case "username-changed" -> notice(address, "Your user name was changed");
      case "email-changed" -> notice(address, "Your account has another address now");
      case "second-factor-on" -> notice(address, "One-time passwords are asked for from now on");
      case "second-factor-off" -> notice(address, "No one-time passwords are asked for any more");
      case "login-failed" ->
          notice(address, "Somebody gave your password, and a wrong one-time password");
      case "recovery-code-used" -> notice(address, "A recovery code was used to log in");
      default -> throw new IllegalArgumentException("There is no mail of the kind " + kind);
    };
  }

  private MailMessage notice(String address, String what) {
    return letter(
        address,
        what,
        what + ", at " + system + ".",
        "If it was not you, choose another password at once, and end all sessions.");
  }

  private String code(UUID id, String page) {
    String code = codes.of(id);
    return server.link().isEmpty() ? code : server.link() + page + "#" + code + "\n\n" + code;
  }

  private MailMessage letter(String to, String subject, String... paragraphs) {
    MailMessage letter = new MailMessage();
    letter.setFrom(server.from().address());
    letter.setTo(to);
    letter.setSubject(subject);
    letter.setText(String.join("\n\n", paragraphs) + "\n");
    letter.addHeader("Auto-Submitted", "auto-generated"); // RFC 3834
    return letter;
  }
}
