package dev.starling.user.service;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.starling.runtime.Limit;
import dev.starling.runtime.Limits;
import dev.starling.user.service.Argon2.Cost;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

class PasswordHasherTest {

  /** Notes what was asked for and computes it cheaply. */
  private static final class NotingArgon2 implements Argon2 {
    private final Argon2 cheap = new BouncyCastleArgon2();
    final List<Cost> costs = new CopyOnWriteArrayList<>();
    final List<byte[]> inputs = new CopyOnWriteArrayList<>();

    @Override
    public String name() {
      return "noting";
    }

    @Override
    public byte[] tag(byte[] input, byte[] salt, Cost cost, int length) {
      costs.add(cost);
      inputs.add(input);
      return cheap.tag(input, salt, new Cost(8, 1, 1), length);
    }
  }

  private static final UUID ADA = new UUID(1, 1);
  private static final UUID EVE = new UUID(1, 2);
  private static final String PASSWORD = "correct horse battery";
  private static final Pepper PEPPER = pepper(1);
  private static final Pepper NEXT_PEPPER = pepper(2);

  private final Vertx vertx = Vertx.vertx();
  private final HashPool pool = new HashPool(vertx, Limits.of(Map.of(Limit.HASH_PERMITS, 2L)));
  private final NotingArgon2 argon2 = new NotingArgon2();
  private final PasswordHasher hasher = hasher(argon2, PEPPER);
  private HashPool.Place place;

  @BeforeEach
  void takeAPlace() {
    pool.admit(
        Duration.ofMinutes(1),
        given -> {
          place = given;
          return Promise.<Void>promise().future();
        });
  }

  @AfterEach
  void close() throws Exception {
    vertx.close().await(10, SECONDS);
  }

  @Test
  void verifiesWhatItHasHashed() throws Exception {
    PasswordHasher real = hasher(Argon2.fastest(), PEPPER);
    String stored = get(real.hash(place, ADA, PASSWORD));

    assertThat(stored)
        .startsWith("$argon2id$v=19$m=19456,t=2,p=1,keyid=" + PEPPER.id() + "$")
        .hasSizeLessThan(140);
    assertThat(get(real.verify(place, ADA, PASSWORD, stored))).isTrue();
    assertThat(get(real.verify(place, ADA, PASSWORD + " ", stored))).isFalse();
    assertThat(get(hasher(new BouncyCastleArgon2(), PEPPER).verify(place, ADA, PASSWORD, stored)))
        .isTrue();
    assertThat(real.needsRehash(stored)).isFalse();
  }

  @Test
  void saltsEveryHash() throws Exception {
    assertThat(get(hasher.hash(place, ADA, PASSWORD)))
        .isNotEqualTo(get(hasher.hash(place, ADA, PASSWORD)));
  }

  @Test
  @DisplayName("H7 a hash copied to another user verifies nobody")
  void aHashCopiedToAnotherUserVerifiesNobody() throws Exception {
    String ofEve = get(hasher.hash(place, EVE, PASSWORD));

    assertThat(get(hasher.verify(place, EVE, PASSWORD, ofEve))).isTrue();
    assertThat(get(hasher.verify(place, ADA, PASSWORD, ofEve))).isFalse();
  }

  @Test
  @DisplayName("H6 nothing verifies without the pepper")
  void nothingVerifiesWithoutThePepper() throws Exception {
    String stored = get(hasher.hash(place, ADA, PASSWORD));
    String relabelled = stored.replace(PEPPER.id(), NEXT_PEPPER.id());
    PasswordHasher other = hasher(argon2, NEXT_PEPPER);

    assertThat(get(other.verify(place, ADA, PASSWORD, stored))).isFalse();
    assertThat(get(other.verify(place, ADA, PASSWORD, relabelled))).isFalse();
    assertThat(other.pepperIds()).containsExactly(NEXT_PEPPER.id());
  }

  @Test
  @DisplayName("H6 an old pepper still verifies and asks for a new hash")
  void anOldPepperStillVerifiesAndAsksForANewHash() throws Exception {
    String stored = get(hasher.hash(place, ADA, PASSWORD));
    PasswordHasher rotated = hasher(argon2, NEXT_PEPPER, PEPPER);

    assertThat(get(rotated.verify(place, ADA, PASSWORD, stored))).isTrue();
    assertThat(rotated.needsRehash(stored)).isTrue();
    assertThat(rotated.needsRehash(get(rotated.hash(place, ADA, PASSWORD)))).isFalse();
  }

  @ParameterizedTest
  @ValueSource(strings = {"m=19457,t=2,p=1", "m=19456,t=3,p=1", "m=19456,t=2,p=2"})
  void verifiesOtherCostsAndAsksForANewHash(String cost) throws Exception {
    // The noting engine computes alike whatever the cost, so that only its label differs here.
    String stored = get(hasher.hash(place, ADA, PASSWORD)).replace("m=19456,t=2,p=1", cost);

    assertThat(hasher.needsRehash(stored)).isTrue();
    assertThat(get(hasher.verify(place, ADA, PASSWORD, stored))).isTrue();
  }

  @ParameterizedTest
  @MethodSource("dev.starling.user.service.PhcStringTest#hostile")
  @DisplayName("H2 EN2 a hostile row costs one ordinary computation")
  void aHostileRowCostsOneOrdinaryComputation(String stored) throws Exception {
    assertThat(get(hasher.verify(place, ADA, PASSWORD, stored))).isFalse();

    assertThat(argon2.costs).containsExactly(Cost.DEFAULT);
    assertThat(pool.computed()).isEqualTo(1);
    assertThat(hasher.needsRehash(stored)).isTrue();
  }

  @Test
  @DisplayName("EN2 an absent user and a refused password cost what a wrong password does")
  void anAbsentUserAndARefusedPasswordCostWhatAWrongPasswordDoes() throws Exception {
    String stored = get(hasher.hash(place, ADA, PASSWORD));
    argon2.costs.clear();

    assertThat(get(hasher.verify(place, ADA, "wrong", stored))).isFalse();
    assertThat(get(hasher.verifyAbsent(place, PASSWORD))).isFalse();
    assertThat(get(hasher.verify(place, ADA, "\0", stored))).isFalse();
    assertThat(get(hasher.verifyAbsent(place, "\ud800"))).isFalse();
    assertThat(argon2.costs)
        .containsExactly(Cost.DEFAULT, Cost.DEFAULT, Cost.DEFAULT, Cost.DEFAULT);
  }

  @ParameterizedTest
  @CsvSource(
      ignoreLeadingAndTrailingWhitespace = false,
      value = {
        "caf\u00e9,cafe\u0301,true",
        "a b,a\u00a0b,true",
        "\uff21\uff22\uff23,ABC,false",
        " abc,abc,false",
        "abc ,abc,false",
        "ABC,abc,false"
      })
  @DisplayName("PW4 compares passwords in normal form")
  void comparesPasswordsInNormalForm(String set, String given, boolean same) throws Exception {
    assertThat(get(hasher.verify(place, ADA, given, get(hasher.hash(place, ADA, set)))))
        .isEqualTo(same);
  }

  @ParameterizedTest
  @ValueSource(strings = {"nul\0", "half\ud800"})
  void computesNothingForAPasswordThatCannotBeSet(String password) {
    assertThat(hasher.hash(place, ADA, password).cause())
        .isInstanceOf(IllegalArgumentException.class);
    assertThat(pool.computed()).isZero();
  }

  @Test
  @DisplayName("H8 zeroes what it has hashed")
  void zeroesWhatItHasHashed() throws Exception {
    hasher.verify(place, ADA, PASSWORD, get(hasher.hash(place, ADA, PASSWORD))).await(10, SECONDS);

    assertThat(argon2.inputs).hasSize(2).allSatisfy(it -> assertThat(it).containsOnly(0));
  }

  @Test
  @DisplayName("H1 TL4 refuses costs and peppers that are too small")
  void refusesCostsAndPeppersThatAreTooSmall() {
    Cost cheap = new Cost(19_455, 2, 1);
    assertThatThrownBy(() -> new PasswordHasher(argon2, cheap, PEPPER, List.of()))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("19456");
    assertThatThrownBy(() -> new Pepper(new byte[31]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("32");
  }

  private PasswordHasher hasher(Argon2 engine, Pepper writing, Pepper... reading) {
    return new PasswordHasher(engine, Cost.DEFAULT, writing, List.of(reading));
  }

  private static Pepper pepper(int filling) {
    byte[] secret = new byte[32];
    Arrays.fill(secret, (byte) filling);
    return new Pepper(secret);
  }

  private static <T> T get(Future<T> future) throws Exception {
    return future.await(10, SECONDS);
  }
}
