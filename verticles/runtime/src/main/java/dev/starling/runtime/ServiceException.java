package dev.starling.runtime;

import io.vertx.core.eventbus.ReplyException;
import io.vertx.core.eventbus.ReplyFailure;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.util.List;

/**
 * The one exception by which a handler refuses a call and by which a caller learns of it.
 *
 * <p>It travels over the bus as the JSON of a problem (RFC 9457), so that field errors survive any
 * number of hops, and the gateway sends that JSON on. It has a stack trace only for faults.
 */
public final class ServiceException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private static final String RETRY_AFTER = "retryAfter";

  private final ErrorCode code;
  private final transient List<FieldError> errors;
  private final long retryAfter;

  public ServiceException(ErrorCode code, String detail) {
    this(code, detail, List.of());
  }

  public ServiceException(ErrorCode code, String detail, List<FieldError> errors) {
    this(code, detail, errors, null);
  }

  public ServiceException(ErrorCode code, String detail, List<FieldError> errors, Throwable cause) {
    this(code, detail, errors, cause, 1);
  }

  private ServiceException(
      ErrorCode code, String detail, List<FieldError> errors, Throwable cause, long retryAfter) {
    super(detail, cause, false, code.isFault());
    this.code = code;
    this.errors = List.copyOf(errors);
    this.retryAfter = Math.max(1, retryAfter);
  }

  /** The same refusal, where it is known when to come again: in so many seconds, 1 at least. */
  public ServiceException retryAfter(long seconds) {
    return new ServiceException(code, getMessage(), errors, getCause(), seconds);
  }

  /** A refusal on account of one field. */
  public static ServiceException ofField(
      ErrorCode code, String pointer, String rule, String detail) {
    return new ServiceException(code, detail, List.of(new FieldError(pointer, rule, detail)));
  }

  /**
   * What a failed call means to its caller: our own exceptions as they are, those of the bus
   * translated, and anything else an internal fault whose text stays here.
   */
  public static ServiceException of(Throwable failure) {
    if (failure instanceof ServiceException known) {
      return known;
    }
    if (failure instanceof ReplyException reply) {
      return ofReply(reply);
    }
    return new ServiceException(
        ErrorCode.INTERNAL, "The request could not be completed", List.of(), failure);
  }

  private static ServiceException ofReply(ReplyException reply) {
    if (reply.failureType() == ReplyFailure.NO_HANDLERS) {
      return new ServiceException(ErrorCode.NOT_STARTED, "The instance has gone");
    }
    if (reply.failureType() == ReplyFailure.TIMEOUT) {
      return new ServiceException(
          ErrorCode.TIMED_OUT, "No answer within the time allowed; it may have happened");
    }
    try {
      JsonObject problem = new JsonObject(reply.getMessage());
      List<FieldError> errors =
          problem.getJsonArray("errors", new JsonArray()).stream()
              .map(JsonObject.class::cast)
              .map(
                  e ->
                      new FieldError(
                          e.getString("pointer"), e.getString("rule"), e.getString("detail")))
              .toList();
      return new ServiceException(
              ErrorCode.ofType(problem.getString("type")), problem.getString("detail"), errors)
          .retryAfter(problem.getLong(RETRY_AFTER, 1L));
    } catch (DecodeException | ClassCastException | NullPointerException e) {
      return new ServiceException(ErrorCode.INTERNAL, "The answer cannot be read", List.of(), e);
    }
  }

  public ErrorCode code() {
    return code;
  }

  public List<FieldError> errors() {
    return errors;
  }

  /** Seconds after which to try again makes sense, 1 where nobody knows better. */
  public long retryAfter() {
    return retryAfter;
  }

  /**
   * The problem details of RFC 9457.
   *
   * @param trace names this one occurrence, as {@code instance}
   */
  public JsonObject problem(String trace) {
    JsonObject problem =
        new JsonObject()
            .put("type", code.type())
            .put("title", code.title())
            .put("status", code.status())
            .put("detail", getMessage())
            .put("instance", "urn:starling:trace:" + trace);
    if (retryAfter > 1) {
      problem.put(RETRY_AFTER, retryAfter);
    }
    if (!errors.isEmpty()) {
      JsonArray list = new JsonArray();
      for (FieldError e : errors) {
        list.add(
            new JsonObject()
                .put("pointer", e.pointer())
                .put("rule", e.rule())
                .put("detail", e.detail()));
      }
      problem.put("errors", list);
    }
    return problem;
  }
}
