package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import java.net.IDN;
import java.util.Locale;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * An address to which mail can be sent: a local part of the characters that RFC 5322 allows without
 * quotes, and the name of a domain.
 *
 * @param address as it is written to, its domain in ASCII and lower case
 * @param key by which it is unique: case does not count, dots and what follows a plus do
 */
record Email(String address, String key) {
  private static final int MOST_BYTES = 254; // RFC 5321, 4.5.3.1.3, without the brackets
  private static final int MOST_LOCAL = 64;
  private static final String ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+";
  private static final Pattern LOCAL = Pattern.compile(ATOM + "(\\." + ATOM + ")*");
  private static final Pattern DOMAIN =
      Pattern.compile("([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?");

  /** Empty for what is no such address. */
  static Optional<Email> of(String text) {
    int at = text.lastIndexOf('@');
    if (text.length() > MOST_BYTES || at < 1 || at > MOST_LOCAL) {
      return Optional.empty();
    }
    String local = text.substring(0, at);
    Optional<String> domain = domain(text.substring(at + 1));
    if (domain.isEmpty() || !LOCAL.matcher(local).matches()) {
      return Optional.empty();
    }
    String address = local + "@" + domain.get();
    return address.length() > MOST_BYTES
        ? Optional.empty()
        : Optional.of(new Email(address, address.toLowerCase(Locale.ROOT)));
  }

  /**
   * @throws ServiceException {@link ErrorCode#INVALID} for what is no such address
   */
  static Email at(String pointer, String text) {
    return of(text)
        .orElseThrow(
            () ->
                ServiceException.ofField(
                    ErrorCode.INVALID,
                    pointer,
                    "email",
                    "is no address to which mail can be sent"));
  }

  /** What stands before the at. */
  static String local(String address) {
    return address.substring(0, address.lastIndexOf('@'));
  }

  private static Optional<String> domain(String text) {
    try {
      String ascii = IDN.toASCII(text, IDN.USE_STD3_ASCII_RULES).toLowerCase(Locale.ROOT);
      return Optional.of(ascii).filter(d -> DOMAIN.matcher(d).matches());
    } catch (IllegalArgumentException | IndexOutOfBoundsException e) { // the latter is a bug of it
      return Optional.empty();
    }
  }

  @Override
  public String toString() {
    return "Email[]";
  }
}
