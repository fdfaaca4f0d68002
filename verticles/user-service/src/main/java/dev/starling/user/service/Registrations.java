package dev.starling.user.service;

import dev.starling.runtime.Call;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract.Register;
import dev.starling.user.api.UserContract.User;
import dev.starling.user.service.Accounts.Kept;
import dev.starling.user.service.Names.Name;
import dev.starling.user.service.Throttle.Outcome;
import io.vertx.core.Future;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;
import java.util.function.Supplier;

/**
 * Makes accounts: each name once, and each key once.
 *
 * <p>A key is looked up before the password is hashed, and written with the user, in one statement.
 * Nothing marks a registration as begun: two with the same key at the same time both hash, then one
 * of them adds the user and the other finds it, and a node that freezes or dies leaves no mark that
 * would refuse the next try.
 */
final class Registrations {
  private final Accounts accounts;
  private final HashPool hashes;
  private final PasswordHasher hasher;
  private final RequestSeal seals;
  private final PasswordRules rules;
  private final Names names;
  private final Emails emails;
  private final Throttle throttle;
  private final Buckets buckets;

  Registrations(
      Accounts accounts,
      HashPool hashes,
      PasswordHasher hasher,
      RequestSeal seals,
      PasswordRules rules,
      Names names,
      Emails emails,
      Throttle throttle,
      Buckets buckets) {
    this.accounts = accounts;
    this.hashes = hashes;
    this.hasher = hasher;
    this.seals = seals;
    this.rules = rules;
    this.names = names;
    this.emails = emails;
    this.throttle = throttle;
    this.buckets = buckets;
  }

  /**
   * One request on its way.
   *
   * @param email null for none
   * @param seal null without a key
   */
  private record Attempt(Register request, Call call, Name name, Email email, byte[] seal) {}

  /** Fails with {@link HashPool.Full} before anything else when too many hash already. */
  Future<User> register(Register request, Call call) {
    Name name = names.of(request.username());
    check(request, name.key());
    Email email = request.email() == null ? null : emails.typed("/email", request.email());
    byte[] seal = call.key() == null ? null : seals.of(call.key(), request);
    Attempt attempt = new Attempt(request, call, name, email, seal);
    return hashes.admit(
        call,
        place ->
            rules
                .checkGuesses("/password", request.password(), guesses(name, email))
                .compose(v -> settled(attempt, taken -> counted(attempt, place, taken))));
  }

  private static List<String> guesses(Name name, Email email) {
    return email == null ? List.of(name.key()) : List.of(name.key(), Email.local(email.key()));
  }

  private void check(Register request, String name) {
    Username.check(name);
    rules.check("/password", request.password());
  }

  /**
   * The answer that stands already, or else what is given.
   *
   * @param otherwise is told whether the name is taken
   */
  private Future<User> settled(Attempt attempt, Function<Boolean, Future<User>> otherwise) {
    return accounts
        .standing(attempt.call(), attempt.name())
        .compose(
            standing ->
                standing.kept() == null
                    ? otherwise.apply(standing.taken())
                    : replay(attempt, standing.kept()));
  }

  private Future<User> counted(Attempt attempt, HashPool.Place place, boolean taken) {
    return counted(
        attempt.call(),
        () -> taken ? Future.failedFuture(Accounts.taken()) : createWithMail(attempt, place));
  }

  /**
   * Does what gives somebody a name, unless that was done too often. What finds the name taken
   * counts too, since it tells that there is such a user.
   */
  <T> Future<T> counted(Call call, Supplier<Future<T>> work) {
    return throttle.around(
        call,
        buckets.registration(call.source()),
        List.of(),
        failure ->
            failure == null || failure.code() == ErrorCode.CONFLICT
                ? Outcome.WRONG
                : Outcome.UNDONE,
        work);
  }

  /**
   * As it was answered then, whatever has become of the user since. Another request with the key
   * may be a guess of what it came with first, and counts.
   */
  private Future<User> replay(Attempt attempt, Kept kept) {
    if (seals.fits(kept.seal(), attempt.call().key(), attempt.request())) {
      return Future.succeededFuture(
          new User(kept.user(), attempt.request().username(), kept.created()));
    }
    return throttle.around(
        attempt.call(),
        buckets.registration(attempt.call().source()),
        List.of(),
        failure -> Outcome.WRONG,
        () ->
            Future.failedFuture(
                ServiceException.ofField(
                    ErrorCode.INVALID,
                    "",
                    "idempotency-key-reused",
                    "This Idempotency-Key came with another request before")));
  }

  private Future<User> createWithMail(Attempt attempt, HashPool.Place place) {
    return attempt.email() == null
        ? create(attempt, place)
        : emails.counted(attempt.call(), attempt.email(), () -> create(attempt, place));
  }

  private Future<User> create(Attempt attempt, HashPool.Place place) {
    UUID id = UUID.randomUUID();
    Register request = attempt.request();
    return hasher
        .hash(place, id, request.password())
        .compose(
            hash ->
                accounts.add(
                    attempt.call(), id, attempt.name(), hash, attempt.seal(), attempt.email()))
        .compose(
            added ->
                added
                    .map(Future::succeededFuture)
                    .orElseGet(
                        () -> settled(attempt, taken -> Future.failedFuture(Accounts.taken()))));
  }
}
