package dev.starling.console;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.http.HttpServerRequest;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Who gives an order, for the journal. All operators have one token, so the name is what a request
 * claims; the address is what is known.
 */
final class OperatorName {
  /** Percent-encoded UTF-8, since browsers send no other character than those of Latin 1. */
  static final String HEADER = "starling-operator";

  /** Letters with their marks, digits, punctuation, symbols; single spaces within. */
  private static final Pattern NAME =
      Pattern.compile(
          "(?=.{1,64}$)[\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}]+( [\\p{L}\\p{M}\\p{N}\\p{P}\\p{S}]+)*");

  private OperatorName() {}

  /**
   * As {@code operator from 127.0.0.1 (ada)}, or without a name {@code operator from 127.0.0.1}.
   * What is known comes first, so that no name can look like it.
   *
   * @throws ServiceException {@link ErrorCode#MALFORMED} for a name that is none
   */
  static String of(HttpServerRequest request) {
    String known = "operator from " + request.remoteAddress().hostAddress();
    List<String> given = request.headers().getAll(HEADER);
    if (given.isEmpty()) {
      return known;
    }
    String name = given.size() == 1 ? decoded(given.get(0)) : "";
    if (!NAME.matcher(name).matches()) {
      throw new ServiceException(
          ErrorCode.MALFORMED,
          "Starling-Operator must be one name of 1 to 64 characters that can be seen, as"
              + " percent-encoded UTF-8");
    }
    return known + " (" + name + ")";
  }

  /** Empty for what cannot be decoded. */
  private static String decoded(String header) {
    try {
      return URLDecoder.decode(header.replace("+", "%2B"), StandardCharsets.UTF_8);
    } catch (IllegalArgumentException e) {
      return "";
    }
  }
}
