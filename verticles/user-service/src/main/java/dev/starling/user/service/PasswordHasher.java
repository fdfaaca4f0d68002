package dev.starling.user.service;

import dev.starling.user.service.Accounts.Credentials;
import io.vertx.core.Future;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;

/**
 * Hashes and verifies passwords without blocking the caller.
 *
 * <p>A hash is Argon2id of HMAC-SHA-256(pepper, user id, password in normal form): of no use
 * without the pepper, and in another user's row. Each verification costs exactly one computation,
 * whatever is stored and even for a user who does not exist, so that neither time nor load tells
 * them apart. Each needs a place in the {@link HashPool}.
 */
final class PasswordHasher {

  private static final int SALT_BYTES = 16;
  private static final int TAG_BYTES = 32;
  private static final UUID NOBODY = new UUID(0, 0);

  private final Argon2 argon2;
  private final Argon2.Cost cost;
  private final Pepper writing;
  private final Map<String, Pepper> peppers;
  private final SecureRandom random = new SecureRandom();

  /**
   * @param cost of new hashes
   * @param writing the pepper of new hashes
   * @param reading further peppers, of hashes stored earlier
   * @throws IllegalArgumentException if the cost is below what OWASP ASVS 5.0 asks for
   */
  PasswordHasher(Argon2 argon2, Argon2.Cost cost, Pepper writing, List<Pepper> reading) {
    if (!cost.suffices()) {
      throw new IllegalArgumentException(
          cost + " is too cheap; take at least " + Argon2.Cost.DEFAULT + " (KiB)");
    }
    this.argon2 = argon2;
    this.cost = cost;
    this.writing = writing;
    this.peppers = byId(writing, reading);
  }

  /**
   * The string to store for this user. Fails with IllegalArgumentException, and computes nothing,
   * if {@link OpaqueString} refuses the password.
   */
  Future<String> hash(HashPool.Place place, UUID user, String password) {
    String normal;
    try {
      normal = OpaqueString.of(password);
    } catch (IllegalArgumentException refused) {
      return Future.failedFuture(refused);
    }
    return place.compute(() -> compute(user, normal, writing, salt(), cost, TAG_BYTES).encoded());
  }

  /**
   * Whether the string was stored for this user and this password; false for a string that is of no
   * use.
   */
  Future<Boolean> verify(HashPool.Place place, UUID user, String password, String stored) {
    Optional<String> normal = normal(password);
    Optional<PhcString> hash =
        PhcString.parse(stored).filter(it -> peppers.containsKey(it.keyId()));
    if (normal.isEmpty() || hash.isEmpty()) {
      return verifyAbsent(place, password);
    }
    return place.compute(() -> matches(user, normal.get(), hash.get()));
  }

  /**
   * Those of the user if the password is theirs and they may log in. It costs what {@link #verify}
   * does, also for nobody.
   */
  Future<Optional<Credentials>> verify(
      HashPool.Place place, Optional<Credentials> found, String password) {
    return found
        .map(c -> verify(place, c.id(), password, c.hash()))
        .orElseGet(() -> verifyAbsent(place, password))
        .map(right -> found.filter(c -> right && c.enabled()));
  }

  /** What {@link #verify} costs, for a user who does not exist: always false. */
  Future<Boolean> verifyAbsent(HashPool.Place place, String password) {
    return place.compute(
        () -> {
          compute(NOBODY, normal(password).orElse(""), writing, salt(), cost, TAG_BYTES);
          return false;
        });
  }

  /**
   * Whether a string that has just verified should be replaced, since new ones would differ in cost
   * or pepper.
   */
  boolean needsRehash(String stored) {
    return PhcString.parse(stored)
        .filter(hash -> hash.cost().equals(cost))
        .filter(hash -> hash.keyId().equals(writing.id()))
        .filter(hash -> hash.salt().length == SALT_BYTES && hash.tag().length == TAG_BYTES)
        .isEmpty();
  }

  /** The ids of the peppers at hand; a stored string with another keyid verifies nobody. */
  Set<String> pepperIds() {
    return peppers.keySet();
  }

  private static Map<String, Pepper> byId(Pepper writing, List<Pepper> reading) {
    Map<String, Pepper> peppers = new HashMap<>();
    reading.forEach(pepper -> peppers.put(pepper.id(), pepper));
    peppers.put(writing.id(), writing);
    return Map.copyOf(peppers);
  }

  private static Optional<String> normal(String password) {
    try {
      return Optional.of(OpaqueString.of(password));
    } catch (IllegalArgumentException refused) {
      return Optional.empty();
    }
  }

  private boolean matches(UUID user, String normal, PhcString hash) {
    Pepper pepper = peppers.get(hash.keyId());
    PhcString computed = compute(user, normal, pepper, hash.salt(), hash.cost(), hash.tag().length);
    return MessageDigest.isEqual(computed.tag(), hash.tag());
  }

  private PhcString compute(
      UUID user, String normal, Pepper pepper, byte[] salt, Argon2.Cost cost, int length) {
    byte[] password = normal.getBytes(StandardCharsets.UTF_8);
    byte[] input = pepper.bind(user, password);
    try {
      return new PhcString(cost, pepper.id(), salt, argon2.tag(input, salt, cost, length));
    } finally {
      Arrays.fill(password, (byte) 0);
      Arrays.fill(input, (byte) 0);
    }
  }

  private byte[] salt() {
    byte[] salt = new byte[SALT_BYTES];
    random.nextBytes(salt);
    return salt;
  }
}
