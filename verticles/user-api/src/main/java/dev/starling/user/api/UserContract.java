package dev.starling.user.api;

import com.fasterxml.jackson.annotation.JsonProperty;
import dev.starling.runtime.Contract;
import dev.starling.runtime.Operation;
import io.vertx.core.http.HttpMethod;
import jakarta.validation.constraints.NotNull;
import jakarta.validation.constraints.Pattern;
import jakarta.validation.constraints.Size;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import org.hibernate.validator.constraints.CodePointLength;

/** The user service: whom it knows and how one proves to be one of them. */
public final class UserContract implements Contract {
  private static final String SERVICE = "user";

  /**
   * Makes an account. 409 when the name is taken, in whatever spelling. A key is kept for 24 hours
   * at least: the same request with it gets the same answer again, another one 422.
   */
  public static final Operation<Register, User> REGISTER =
      Operation.command(SERVICE, "register", Register.class, User.class)
          .at(HttpMethod.POST, "/api/users")
          .creates("/api/users/{id}")
          .keyed()
          .open();

  /** Begins a session. 401 for an unknown name and for a wrong password alike. */
  public static final Operation<Login, Tokens> LOGIN =
      Operation.command(SERVICE, "login", Login.class, Tokens.class)
          .at(HttpMethod.POST, "/api/login")
          .open();

  /** The caller's own account. */
  public static final Operation<Me, User> ME =
      Operation.query(SERVICE, "me", Me.class, User.class).at(HttpMethod.GET, "/api/users/me");

  /** One account. Another's than the caller's answers 404, as one that does not exist. */
  public static final Operation<ById, User> GET =
      Operation.query(SERVICE, "get", ById.class, User.class).at(HttpMethod.GET, "/api/users/{id}");

  /** The public keys of access tokens (RFC 7517). */
  public static final Operation<Keys, KeySet> KEYS =
      Operation.query(SERVICE, "keys", Keys.class, KeySet.class)
          .at(HttpMethod.GET, "/.well-known/jwks.json")
          .open()
          .cacheable(Duration.ofSeconds(300));

  @Override
  public List<Operation<?, ?>> operations() {
    return List.of(REGISTER, LOGIN, ME, GET, KEYS);
  }

  /**
   * Asks for an account.
   *
   * @param username 3 to 64 of a-z, 0-9, dot, underscore and dash, beginning with a letter or
   *     digit; case does not count
   * @param password 8 to 128 characters as Unicode counts them; a node asks for 15 unless
   *     configured otherwise (NIST SP 800-63B-4)
   */
  public record Register(
      @NotNull
          @Pattern(
              regexp = "[A-Za-z0-9][A-Za-z0-9._-]{2,63}",
              message =
                  "must have 3 to 64 of the characters a-z, 0-9, '.', '_' and '-' and begin with a"
                      + " letter or digit")
          String username,
      @NotNull @CodePointLength(min = 8, max = 128, message = "must have {min} to {max} characters")
          String password) {

    @Override
    public String toString() {
      return "Register[username=" + username + "]";
    }
  }

  /**
   * Asks for a session.
   *
   * @param username as it was registered, in any case
   * @param password as it was registered
   */
  public record Login(
      @NotNull @Size(max = 256) String username, @NotNull @Size(max = 1024) String password) {

    @Override
    public String toString() {
      return "Login[username=" + username + "]";
    }
  }

  /** Asks for the caller's own account. */
  public record Me() {}

  /**
   * Asks for an account.
   *
   * @param id the user's id
   */
  public record ById(@NotNull UUID id) {}

  /** Asks for the public keys. */
  public record Keys() {}

  /**
   * An account, as its owner may see it.
   *
   * @param id never changes and is never given again
   * @param username as typed when it was registered
   * @param created when it was registered
   */
  public record User(UUID id, String username, Instant created) {}

  /**
   * A session has begun (names of RFC 6749).
   *
   * @param accessToken proves who calls, for {@code expiresIn} seconds
   * @param tokenType always Bearer
   * @param expiresIn seconds
   * @param refreshToken asks for the next access token
   */
  public record Tokens(
      @JsonProperty("access_token") String accessToken,
      @JsonProperty("token_type") String tokenType,
      @JsonProperty("expires_in") long expiresIn,
      @JsonProperty("refresh_token") String refreshToken) {

    @Override
    public String toString() {
      return "Tokens[expiresIn=" + expiresIn + "]";
    }
  }

  /**
   * A JWK set.
   *
   * @param keys public keys only
   */
  public record KeySet(List<PublicKey> keys) {}

  /**
   * A public key (RFC 8037).
   *
   * @param kty OKP
   * @param crv Ed25519
   * @param x the key
   * @param kid its RFC 7638 thumbprint
   * @param use sig
   * @param alg EdDSA
   */
  public record PublicKey(String kty, String crv, String x, String kid, String use, String alg) {}
}
