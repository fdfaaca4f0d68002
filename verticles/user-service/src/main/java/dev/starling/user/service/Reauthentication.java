package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.service.Accounts.Credentials;
import dev.starling.user.service.Throttle.Outcome;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;

/**
 * Asks for the password again before something is done that a stolen token must not be enough for.
 * Wrong ones are counted, and each costs one Argon2 computation.
 */
final class Reauthentication {
  /** Where requests for another password have the one of now. */
  static final String CURRENT = "/currentPassword";

  private static final String WRONG = "wrong";

  private final Accounts accounts;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final SecondFactors factors;
  private final Throttle throttle;
  private final Buckets buckets;

  Reauthentication(
      Accounts accounts,
      HashPool hashes,
      PasswordHasher hasher,
      SecondFactors factors,
      Throttle throttle,
      Buckets buckets) {
    this.accounts = accounts;
    this.hashes = hashes;
    this.hasher = hasher;
    this.factors = factors;
    this.throttle = throttle;
    this.buckets = buckets;
  }

  /** What is done once the password is known to be right. */
  interface Work<T> {
    Future<T> of(HashPool.Place place, Credentials verified, List<String> amr);
  }

  /**
   * Does the work if the password is the user's, and the code where one is needed.
   *
   * @param pointer to the password in the request
   * @param code null for none
   * @return fails as {@link #wrong}, with what {@link Throttle#around} says, or with {@link
   *     HashPool.Full}
   */
  <T> Future<T> of(
      Call call, UUID user, String pointer, String password, String code, Work<T> work) {
    return hashes.admit(
        call,
        place ->
            throttle.around(
                call,
                buckets.password(user),
                List.of(),
                Reauthentication::outcome,
                () ->
                    accounts
                        .credentials(call, user)
                        .compose(found -> hasher.verify(place, found, password))
                        .compose(
                            verified ->
                                verified
                                    .map(c -> recognise(call, place, c, code, work))
                                    .orElseGet(() -> wrong(pointer)))));
  }

  /** The work has transactions of its own: the code is used up, whatever comes of it. */
  private <T> Future<T> recognise(
      Call call, HashPool.Place place, Credentials verified, String code, Work<T> work) {
    return factors
        .check(call, verified, code, (statements, amr) -> Future.succeededFuture(amr))
        .compose(amr -> work.of(place, verified, amr));
  }

  private static Outcome outcome(ServiceException failure) {
    if (failure == null) {
      return Outcome.RIGHT;
    }
    return failure.errors().stream().anyMatch(e -> e.rule().equals(WRONG))
        ? Outcome.WRONG
        : Outcome.UNDONE;
  }

  /** A failure that counts as a wrong password. */
  static <T> Future<T> wrong(String pointer) {
    return Future.failedFuture(
        ServiceException.ofField(ErrorCode.INVALID, pointer, WRONG, "is not the current password"));
  }
}
