package dev.starling.runtime;

import java.util.Locale;

/**
 * Every way in which a call can end other than well, so that the bus and HTTP say the same thing.
 *
 * <p>The numbers are HTTP status codes (RFC 9110); on the bus they are the failure code of the
 * {@code ReplyException}.
 */
public enum ErrorCode {
  /** The body is not one JSON value of the expected types. */
  MALFORMED(400, "The request cannot be read", false),
  UNAUTHENTICATED(401, "Valid credentials are needed", false),
  FORBIDDEN(403, "This caller may not do that", false),
  NOT_FOUND(404, "There is no such thing", false),
  METHOD_NOT_ALLOWED(405, "The resource does not know this method", false),
  NOT_ACCEPTABLE(406, "Only application/json can be answered", false),
  REQUEST_TIMED_OUT(408, "The request did not arrive in time", false),
  CONFLICT(409, "The request contradicts what is there", false),
  TOO_LARGE(413, "The request is too large", false),
  URI_TOO_LONG(414, "The address is too long", false),
  UNSUPPORTED_MEDIA_TYPE(415, "Only application/json is understood", false),
  /** The body was read, and a rule of one of its fields is broken. */
  INVALID(422, "The request breaks a rule", false),
  TOO_MANY_REQUESTS(429, "Too many requests", false),
  HEADERS_TOO_LARGE(431, "The header fields are too large", false),
  INTERNAL(500, "Something went wrong on our side", true),
  /** The callee cannot do its work now, for example since its database is away. */
  UNAVAILABLE(503, "The service cannot answer now", true),
  /** Refused before it was begun: no instance, or one that is stopping. It did not happen. */
  NOT_STARTED(503, "The service takes no calls now", false),
  /** Refused before it was begun, since as much is waiting as may. It did not happen. */
  OVERLOADED(503, "The service has too much to do", false),
  /** No answer in time. The work may have happened all the same. */
  TIMED_OUT(504, "No answer came in time", true);

  private final int status;
  private final String title;
  private final boolean fault;

  ErrorCode(int status, String title, boolean fault) {
    this.status = status;
    this.title = title;
    this.fault = fault;
  }

  public int status() {
    return status;
  }

  public String title() {
    return title;
  }

  /** Whether the callee is to blame: only then does it count against its breaker and get logged. */
  public boolean isFault() {
    return fault;
  }

  /** Whether the callee has not begun, for certain: the call may be made again, elsewhere. */
  public boolean isRefusal() {
    return this == NOT_STARTED || this == OVERLOADED;
  }

  /** Whether it is not the caller's doing: an operator is to look, not the caller. */
  public boolean isOurs() {
    return status >= 500;
  }

  /** The problem type of RFC 9457: a stable name, not an address to visit. */
  public String type() {
    return "urn:starling:problem:" + kind();
  }

  /** The last part of its {@link #type}, as meters name it. */
  public String kind() {
    return name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /** The code for a bare HTTP status, as a web server gives it. */
  public static ErrorCode ofStatus(int status) {
    for (ErrorCode code : values()) {
      if (code.status == status) {
        return code;
      }
    }
    return status < 500 ? MALFORMED : INTERNAL;
  }

  /** The code of a problem type, {@link #INTERNAL} for one that this version does not know. */
  static ErrorCode ofType(String type) {
    for (ErrorCode code : values()) {
      if (code.type().equals(type)) {
        return code;
      }
    }
    return INTERNAL;
  }
}
