package dev.starling.user.service;

import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import java.io.IOException;
import java.util.List;
import java.util.Optional;

/** What a new password must be, besides what the contract says of its length. */
final class PasswordRules implements AutoCloseable {
  private final Vertx vertx;
  private final int minimum;
  private final BlockList blocked;
  private final Optional<BreachedPasswords> breached;

  /**
   * @param minimum characters, as Unicode counts them
   */
  PasswordRules(Vertx vertx, int minimum, Optional<BreachedPasswords> breached) {
    this.vertx = vertx;
    this.minimum = minimum;
    this.blocked = new BlockList(minimum);
    this.breached = breached;
  }

  /**
   * Refuses a password with {@link ErrorCode#INVALID}, and says which rule it breaks.
   *
   * @param pointer the member of the request that it is (RFC 6901)
   */
  void check(String pointer, String password) {
    int length = password.codePointCount(0, password.length());
    if (length < minimum) {
      throw refusal(pointer, "code-point-length", "must have at least " + minimum + " characters");
    }
    try {
      OpaqueString.of(password);
    } catch (IllegalArgumentException e) {
      throw refusal(pointer, "character", e.getMessage());
    }
  }

  /**
   * Fails in the same way for a password that others would guess. It is no work for an event loop,
   * since lists are looked into, and worth a place among those that hash.
   *
   * @param password that has passed {@link #check}
   * @param names of its user, and what stands for the user elsewhere
   */
  Future<Void> checkGuesses(String pointer, String password, List<String> names) {
    return vertx.executeBlocking(
        () -> {
          guess(pointer, password, names);
          return null;
        },
        false);
  }

  private void guess(String pointer, String password, List<String> names) throws IOException {
    for (String name : names) {
      Optional<String> reason = blocked.refusal(password, name);
      if (reason.isPresent()) {
        throw refusal(pointer, "blocked", reason.get());
      }
      if (Likeness.alike(password, name)) {
        throw refusal(pointer, "similar", "is too much like the username or the address");
      }
    }
    if (breached.isPresent() && breached.get().contains(password)) {
      throw refusal(
          pointer, "breached", "was found in a data breach, so that it is among the first guesses");
    }
  }

  private static ServiceException refusal(String pointer, String rule, String detail) {
    return ServiceException.ofField(ErrorCode.INVALID, pointer, rule, detail);
  }

  @Override
  public void close() {
    breached.ifPresent(BreachedPasswords::close);
  }
}
