package dev.starling.user.service;

import dev.starling.harness.Harness;
import dev.starling.runtime.Call;
import dev.starling.runtime.Node;
import dev.starling.runtime.Secrets;
import dev.starling.user.api.UserContract.NextKey;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.function.Function;

/** What operators do with the keys of a node, and what nobody outside of it can do. */
public final class KeyOperations {
  private static final long BUDGET = 5_000;

  private KeyOperations() {}

  /** The kid of the key that is to sign next. */
  public static Future<String> rotate(Harness node) {
    return users(node, users -> users.rotateKeys(Call.begin(null, BUDGET))).map(NextKey::kid);
  }

  public static Future<?> revoke(Harness node, String kid) {
    return users(node, users -> users.revokeKey(kid, Call.begin(null, BUDGET)));
  }

  /** What each node does once an hour. */
  public static Future<?> renew(Harness node) {
    return users(node, Users::renewKeys);
  }

  private static <T> Future<T> users(Harness node, Function<Users, Future<T>> work) {
    return node.node()
        .shared(
            Users.class,
            () -> {
              throw new AssertionError("runs no user service");
            })
        .compose(work);
  }

  /** A token signed with a key of the database, whichever signs at the time. */
  public static String token(Harness harness, JsonObject publicJwk, byte[] encrypted) {
    Node node = harness.node();
    KeyCipher cipher = new KeyCipher(node.secrets().bytes(Secrets.KEY_ENCRYPTION));
    AccessTokens tokens =
        new AccessTokens(
            node.options().issuer(),
            node.options().audience(),
            Duration.ofMinutes(15),
            Clock.systemUTC());
    SigningKey key = SigningKey.restore(publicJwk, encrypted, cipher);
    return tokens.issue(
        key,
        new Sessions.Live(
            UUID.randomUUID(),
            UUID.randomUUID(),
            Clock.systemUTC().instant(),
            List.of("user"),
            List.of("pwd")));
  }
}
