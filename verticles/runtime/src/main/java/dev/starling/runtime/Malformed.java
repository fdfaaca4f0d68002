package dev.starling.runtime;

import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.exc.MismatchedInputException;
import com.fasterxml.jackson.databind.exc.UnrecognizedPropertyException;
import com.fasterxml.jackson.databind.exc.ValueInstantiationException;
import java.io.IOException;
import java.util.List;
import java.util.UUID;

/**
 * Says what is wrong with a body that Jackson refuses: the place and the expected type, never any
 * of the content.
 */
final class Malformed {
  private Malformed() {}

  /** What is wrong with a body that Jackson refuses, without quoting any of it. */
  static ServiceException problem(IOException failure) {
    if (failure instanceof ValueInstantiationException e) {
      String reason =
          e.getCause() instanceof IllegalArgumentException refusal && refusal.getMessage() != null
              ? refusal.getMessage()
              : "is not valid";
      return ServiceException.ofField(ErrorCode.INVALID, pointer(e), "value", reason);
    }
    if (failure instanceof UnrecognizedPropertyException e) {
      FieldError error = new FieldError(pointer(e), "unknown", "is not a member of this request");
      return new ServiceException(ErrorCode.MALFORMED, summary(List.of(error)), List.of(error));
    }
    if (failure instanceof StrictText.BadText e) {
      FieldError error = new FieldError(pointer(e), "text", e.getOriginalMessage());
      return new ServiceException(ErrorCode.MALFORMED, summary(List.of(error)), List.of(error));
    }
    if (failure instanceof JsonMappingException e
        && e.getCause() instanceof InputCoercionException beyond) {
      String problem = "must be " + nameOf(beyond.getTargetType());
      return ServiceException.ofField(ErrorCode.MALFORMED, pointer(e), "type", problem);
    }
    if (failure instanceof MismatchedInputException e) {
      String problem = "must be " + nameOf(e.getTargetType());
      String rule = e instanceof InvalidFormatException ? "format" : "type";
      FieldError error = new FieldError(pointer(e), rule, problem);
      return new ServiceException(ErrorCode.MALFORMED, summary(List.of(error)), List.of(error));
    }
    if (failure instanceof JsonProcessingException e) {
      JsonLocation at = e.getLocation();
      String place =
          at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
      return new ServiceException(ErrorCode.MALFORMED, "Not valid JSON" + place + reason(e));
    }
    return new ServiceException(ErrorCode.MALFORMED, "The body cannot be read");
  }

  private static String reason(JsonProcessingException e) {
    String message = String.valueOf(e.getOriginalMessage());
    if (message.startsWith("Duplicate field")) {
      return ": a member is given twice";
    }
    return message.contains("nesting depth") ? ": nested deeper than " + Codec.MAX_DEPTH : "";
  }

  private static String pointer(JsonMappingException e) {
    StringBuilder pointer = new StringBuilder();
    for (JsonMappingException.Reference step : e.getPath()) {
      pointer
          .append('/')
          .append(step.getFieldName() == null ? step.getIndex() : escape(step.getFieldName()));
    }
    return pointer.toString();
  }

  static String escape(String name) {
    return name.replace("~", "~0").replace("/", "~1");
  }

  static String nameOf(Class<?> type) {
    if (type == null || type.isRecord()) {
      return "a JSON object";
    }
    if (type == String.class) {
      return "a string";
    }
    if (type == boolean.class || type == Boolean.class) {
      return "true or false";
    }
    if (type.isPrimitive() || Number.class.isAssignableFrom(type)) {
      return type == double.class || type == float.class ? "a number" : "a whole number in range";
    }
    if (type == UUID.class) {
      return "a UUID";
    }
    return type.isArray() || Iterable.class.isAssignableFrom(type)
        ? "an array"
        : "a valid " + type.getSimpleName();
  }

  static String summary(List<FieldError> errors) {
    FieldError first = errors.get(0);
    String sentence = first.pointer().isEmpty() ? "The request " : first.pointer() + " ";
    String more = errors.size() > 1 ? " (and " + (errors.size() - 1) + " more)" : "";
    return sentence + first.detail() + more;
  }
}
