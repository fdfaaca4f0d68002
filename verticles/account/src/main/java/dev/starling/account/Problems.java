package dev.starling.account;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.FieldError;
import dev.starling.runtime.ServiceException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What is wrong with a form, in a person's words.
 *
 * @param status of the answer
 * @param texts of what is no single field's fault
 * @param fields what is wrong with each, by its name
 */
record Problems(int status, List<String> texts, Map<String, String> fields) {
  static final Problems NONE = new Problems(200, List.of(), Map.of());

  /** What a refused call says of a form with these fields. */
  static Problems of(ServiceException refusal, List<Field> fields) {
    List<String> texts = new ArrayList<>();
    Map<String, String> wrong = new LinkedHashMap<>();
    if (isAboutTheForm(refusal.code())) {
      for (FieldError error : refusal.errors()) {
        fields.stream()
            .filter(field -> error.pointer().equals("/" + field.name()))
            .findFirst()
            .ifPresentOrElse(
                field -> wrong.putIfAbsent(field.name(), text(error, field)),
                () -> texts.add(sentence(error.detail())));
      }
      if (texts.isEmpty() && wrong.isEmpty()) {
        texts.add(sentence(refusal.getMessage()));
      }
    } else {
      texts.add(text(refusal));
    }
    return new Problems(status(refusal.code()), texts, wrong);
  }

  private static boolean isAboutTheForm(ErrorCode code) {
    return switch (code) {
      case MALFORMED, FORBIDDEN, CONFLICT, INVALID -> true;
      default -> false;
    };
  }

  /** HTTP wants a challenge with 401, and there is none for a form. */
  private static int status(ErrorCode code) {
    return code == ErrorCode.UNAUTHENTICATED ? ErrorCode.FORBIDDEN.status() : code.status();
  }

  private static String text(FieldError error, Field field) {
    return switch (error.rule()) {
      case "wrong" -> "This is not your password.";
      case "second-factor" -> "Your account asks for this besides the password.";
      case "pattern" -> field.label() + " must have " + field.hint();
      default -> text(error.detail(), field);
    };
  }

  /** Details of rules begin where the name of the member would stand. */
  private static String text(String detail, Field field) {
    return Character.isLowerCase(detail.charAt(0))
        ? field.label() + " " + sentence(detail)
        : sentence(detail);
  }

  private static String sentence(String text) {
    return text.endsWith(".") ? text : text + ".";
  }

  private static String text(ServiceException refusal) {
    return switch (refusal.code()) {
      case UNAUTHENTICATED -> "Username or password is wrong.";
      case TOO_MANY_REQUESTS ->
          "Too many attempts. Please try again in " + duration(refusal.retryAfter()) + ".";
      case NOT_STARTED, OVERLOADED, UNAVAILABLE ->
          "This cannot be done at the moment. Please try again shortly.";
      case TIMED_OUT ->
          "No answer came in time. It may have been done all the same: look before you try again.";
      default -> "Something went wrong on our side.";
    };
  }

  /** Seconds as people say them, never less than they are. */
  static String duration(long seconds) {
    if (seconds < 120) {
      return seconds == 1 ? "1 second" : seconds + " seconds";
    }
    long minutes = (seconds + 59) / 60;
    return minutes < 120 ? minutes + " minutes" : (minutes + 59) / 60 + " hours";
  }
}
