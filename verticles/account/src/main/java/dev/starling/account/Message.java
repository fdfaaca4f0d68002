package dev.starling.account;

import java.util.HashMap;
import java.util.Map;

/** What is said where there is nothing to do but to go elsewhere. */
final class Message {
  private Message() {}

  /**
   * A page for a status.
   *
   * @param trace by which operators find what happened; null where that is plain
   */
  static Map<String, Object> of(int status, String trace) {
    Map<String, Object> model = new HashMap<>();
    model.put("title", title(status));
    model.put("text", text(status));
    model.put("trace", trace);
    return model;
  }

  private static String title(int status) {
    return switch (status) {
      case 403 -> "This form is not valid any more";
      case 404 -> "There is no such page";
      case 405 -> "That cannot be done here";
      case 429 -> "Too many requests";
      case 503, 504 -> "Not available at the moment";
      default -> "Something went wrong";
    };
  }

  private static String text(int status) {
    return switch (status) {
      case 403 ->
          "It was made for another browser or too long ago, or it did not come from here. Nothing"
              + " has been changed. Please open the page again.";
      case 404 -> "The address may be mistyped.";
      case 405 -> "Please begin at your account.";
      case 429 -> "Please wait a moment, then try again.";
      case 503 -> "Accounts cannot be reached. Please try again shortly.";
      case 504 ->
          "No answer came in time. It may have been done all the same: look before you try again.";
      default -> "The fault is on our side. Please try again later.";
    };
  }
}
