package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.Limit;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Tokens;
import dev.starling.user.service.KeyOperations;
import io.vertx.core.Future;
import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Signing keys come and go while several nodes use them; time passes by changing their rows. */
@Timeout(240)
class KeysIT extends UserNodes {
  /** Promised are a second or five, on a machine that does nothing else. */
  private static final Duration SOON = Duration.ofSeconds(30);

  /** Makes so much time have passed for all keys. */
  private void pass(String interval) {
    execute(
        """
        UPDATE signing_keys SET created_at = created_at - i, active_at = active_at - i,
          retire_at = retire_at - i, revoked_at = revoked_at - i
        FROM (SELECT interval '%s' AS i) AS passed"""
            .formatted(interval));
  }

  private List<String> kids() {
    return text("SELECT kid FROM signing_keys ORDER BY created_at");
  }

  private static String rotate(Harness node) {
    return patiently(() -> Harness.await(KeyOperations.rotate(node)));
  }

  private static void revoke(Harness node, String kid) {
    patiently(() -> Harness.await(KeyOperations.revoke(node, kid).map("revoked")));
  }

  private static void renew(Harness node) {
    patiently(() -> Harness.await(KeyOperations.renew(node).map("renewed")));
  }

  /** Each node has come to the lock before any goes on. */
  private void renewAtOnce(List<Harness> nodes) {
    execute("SELECT pg_advisory_lock(" + 0x6b65_7973L + ")");
    List<? extends Future<?>> begun = nodes.stream().map(KeyOperations::renew).toList();
    String waiting = "SELECT pid::text FROM pg_stat_activity WHERE wait_event = 'advisory'";
    await().atMost(SOON).until(() -> text(waiting).size() == nodes.size());
    execute("SELECT pg_advisory_unlock_all()");
    Harness.await(Future.join(begun).otherwiseEmpty());
    nodes.forEach(KeysIT::renew); // on a busy machine some may have given up
  }

  private static String kid(String token) {
    String header = new String(Base64.getUrlDecoder().decode(token.split("\\.")[0]));
    return new JsonObject(header).getString("kid");
  }

  private static String signer(Harness node) {
    return kid(login(node).accessToken());
  }

  private static void assertSigner(Harness node, String kid) {
    await().atMost(SOON).untilAsserted(() -> assertThat(signer(node)).isEqualTo(kid));
  }

  private static void assertPublished(Harness node, String... kids) {
    await()
        .atMost(SOON)
        .untilAsserted(() -> assertThat(published(node)).containsExactlyInAnyOrder(kids));
  }

  /** Not once another, though that is known as well. */
  private static void assertStaysSigner(Harness node, String kid) {
    await()
        .during(Duration.ofSeconds(4))
        .atMost(SOON)
        .failFast("another key signs", () -> !signer(node).equals(kid))
        .until(() -> true);
  }

  /** For longer than a node takes those it knows for those that there are. */
  private static void assertStays(Callable<Boolean> condition) {
    await().during(Duration.ofSeconds(2)).atMost(SOON).until(condition);
  }

  /** Null when the node takes the token. */
  private static ErrorCode verified(Harness node, String token) {
    return refusal(() -> Harness.await(node.node().tokens().verify(token)));
  }

  private static void assertTaken(Harness node, String token) {
    await().atMost(SOON).untilAsserted(() -> assertThat(verified(node, token)).isNull());
  }

  private static void assertRefused(Harness node, String token) {
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> assertThat(verified(node, token)).isEqualTo(ErrorCode.UNAUTHENTICATED));
  }

  /** Waits until a node would take a token of a key, whether that signs yet or not. */
  private void awaitKnown(Harness node, String kid) {
    Row row =
        execute("SELECT public_jwk, private_key FROM signing_keys WHERE kid = '" + kid + "'")
            .iterator()
            .next();
    JsonObject jwk = new JsonObject(row.getString("public_jwk"));
    assertTaken(node, KeyOperations.token(node, jwk, row.getBuffer("private_key").getBytes()));
  }

  @Test
  @DisplayName(
      "AT4 Default JWTAuth (any of two keys signs): a key is published before it signs, and as"
          + " long after as its tokens live")
  void isPublishedBeforeAndAfterItSigns() {
    Harness one = start();
    Harness two = start();
    registerAda(one);
    String old = signer(one);

    String next = rotate(one);
    assertThat(next).isNotEqualTo(old);
    assertPublished(one, old, next);
    assertPublished(two, old, next);
    assertThat(
            text(
                """
                SELECT (n.active_at - n.created_at >= interval '5 minutes'
                  AND o.retire_at - n.active_at >= interval '20 minutes 30 seconds')::text
                FROM signing_keys o, signing_keys n WHERE o.created_at < n.created_at"""))
        .as("15 minutes of a token, 30 seconds of clocks, 5 minutes of caches")
        .containsExactly("true");
    pass("280 seconds");
    assertStaysSigner(two, old);
    String last = login(two).accessToken();
    assertThat(kid(last)).isEqualTo(old);
    awaitKnown(two, next);

    pass("30 seconds");
    assertSigner(one, next);
    assertSigner(two, next);
    pass("20 minutes");
    assertStays(() -> published(one).equals(List.of(next, old)));
    assertTaken(two, last);

    pass("2 minutes");
    assertPublished(one, next);
    assertPublished(two, next);
    assertRefused(one, last);
    assertRefused(two, last);
    assertSigner(one, next);
    assertThat(kids()).containsExactly(old, next);
  }

  @Test
  @DisplayName("AT3 AT4 nodes take each other's tokens at all times through three rotations")
  void takesTokensThroughThreeRotations() {
    List<Harness> nodes = IntStream.range(0, 2).mapToObj(i -> startPatient()).toList();
    registerAda(nodes.get(0));
    try (Load load = new Load(nodes)) {
      String signing = signer(nodes.get(0));
      for (int i = 0; i < 3; i++) {
        load.isSignedBy(signing);
        String next = rotate(nodes.get(i % 2));
        nodes.forEach(node -> awaitKnown(node, next));
        load.isSignedBy(signing);
        pass("310 seconds");
        load.isSignedBy(next);
        pass("21 minutes");
        nodes.forEach(node -> assertPublished(node, next));
        signing = next;
      }
      load.isSignedBy(signing);
      load.end();
      assertThat(kids()).hasSize(4);
    }
  }

  /** A node whose clients may refresh often, and be slow to ask again. */
  private Harness startPatient() {
    Harness node = node();
    node.node().options().limits().change(Map.of(Limit.REFRESHES, 1_000L));
    Harness.await(deploy(node, config().put("refresh-token-grace", 60_000)));
    return node;
  }

  /** Clients that get tokens of one node after the other and show each to all. */
  private static final class Load implements AutoCloseable {
    private static final int CLIENTS = 3;

    private final List<Harness> nodes;
    private final Queue<String> rejected = new ConcurrentLinkedQueue<>();
    private final AtomicInteger taken = new AtomicInteger();
    private final List<Set<String>> latest = new ArrayList<>();
    private final AtomicBoolean over = new AtomicBoolean();
    private final ExecutorService clients = Executors.newFixedThreadPool(CLIENTS);

    Load(List<Harness> nodes) {
      this.nodes = nodes;
      for (int i = 0; i < CLIENTS; i++) {
        Set<String> seen = ConcurrentHashMap.newKeySet();
        latest.add(seen);
        Tokens tokens = login(nodes.get(0));
        clients.execute(() -> run(tokens, seen));
      }
    }

    private void run(Tokens first, Set<String> seen) {
      Tokens tokens = first;
      try {
        for (int i = 0; !over.get(); i++) {
          int issuer = i % nodes.size();
          Refresh refresh = new Refresh(tokens.refreshToken());
          tokens = patiently(() -> nodes.get(issuer).call(UserContract.REFRESH, refresh));
          showToAll(tokens.accessToken());
          seen.add(issuer + kid(tokens.accessToken()));
        }
      } catch (RuntimeException e) {
        rejected.add(e.toString());
      }
    }

    /** For so long that the session is not refreshed too often. */
    private void showToAll(String token) {
      long begun = System.nanoTime();
      do {
        nodes.forEach(node -> show(node, token));
      } while (System.nanoTime() - begun < Duration.ofMillis(100).toNanos());
    }

    private void show(Harness node, String token) {
      ErrorCode refusal = verified(node, token);
      if (refusal == null) {
        taken.incrementAndGet();
      } else if (!isOutOfTime(refusal)) {
        rejected.add(refusal + " of a token of " + kid(token));
      }
    }

    /** Waits until every client has got and shown a token of this key from every node. */
    void isSignedBy(String kid) {
      latest.forEach(Set::clear);
      int before = taken.get();
      await()
          .atMost(SOON)
          .until(
              () ->
                  !rejected.isEmpty()
                      || taken.get() > before
                          && latest.stream()
                              .allMatch(
                                  seen ->
                                      IntStream.range(0, nodes.size())
                                          .allMatch(i -> seen.contains(i + kid))));
      assertThat(rejected).isEmpty();
    }

    void end() {
      close();
      await().atMost(Duration.ofSeconds(90)).until(clients::isTerminated);
      assertThat(rejected).isEmpty();
    }

    @Override
    public void close() {
      over.set(true);
      clients.shutdown();
    }
  }

  @Test
  @DisplayName("AT3 AT4 of five nodes that lack a key, or find it too old, at once one makes it")
  void makesOneKeyHoweverManyNodesWantIt() {
    List<Harness> five = IntStream.range(0, 5).mapToObj(i -> start()).toList();
    execute("DELETE FROM signing_keys");
    renewAtOnce(five);
    assertThat(kids()).hasSize(1);
    pass("29 days");
    five.forEach(KeysIT::renew);
    assertThat(kids()).hasSize(1);

    pass("2 days");
    renewAtOnce(five);
    assertThat(kids()).hasSize(2);
    pass("1 hour");
    five.forEach(KeysIT::renew);
    assertThat(kids()).hasSize(2);
    pass("31 days");
    renewAtOnce(five);
    assertThat(kids()).as("without the first").hasSize(2);
  }

  @Test
  @DisplayName("AT4 a node renews a key by itself when it is too old")
  void renewsAKeyByItself() {
    Harness node = start();
    pass("31 days");

    await().atMost(Duration.ofSeconds(60)).until(() -> kids().size() == 2);
    assertThat(published(node)).contains(kids().get(0));
  }

  @Test
  @DisplayName("AT4 those who rotate at once, or again, get the same next key")
  void rotatesOnce() {
    Harness one = start();
    Harness two = start();
    List<Future<String>> asked =
        IntStream.range(0, 8).mapToObj(i -> KeyOperations.rotate(i % 2 == 0 ? one : two)).toList();
    Harness.await(Future.join(asked).otherwiseEmpty());

    assertThat(asked)
        .filteredOn(Future::failed)
        .allMatch(f -> isOutOfTime(ServiceException.of(f.cause()).code()));
    String next = rotate(one);
    assertThat(asked).filteredOn(Future::succeeded).extracting(Future::result).containsOnly(next);
    assertThat(kids()).hasSize(2).last().isEqualTo(next);
  }

  @Test
  @DisplayName("AT4 a revoked key's tokens are refused on all nodes and another signs at once")
  void refusesTheTokensOfARevokedKey() {
    Harness one = start();
    Harness two = start();
    registerAda(one);
    String token = login(one).accessToken();
    String old = kid(token);
    assertTaken(one, token);
    assertTaken(two, token);

    revoke(one, old);
    await().atMost(SOON).until(() -> !signer(one).equals(old));
    assertRefused(one, token);
    assertRefused(two, token);
    String fresh = login(two).accessToken();
    assertThat(kids()).containsExactly(old, kid(fresh));
    assertTaken(one, fresh);
    assertTaken(two, fresh);
    assertThat(text("SELECT length(private_key)::text FROM signing_keys WHERE kid = '" + old + "'"))
        .containsExactly("0");

    revoke(two, old);
    assertPublished(two, kid(fresh));
    assertThat(kids()).hasSize(2);
  }

  @Test
  @DisplayName("AT4 the next key takes a revoked one's place, not one that has ended")
  void letsTheNextKeyTakeTheRevokedOnesPlace() {
    Harness node = start();
    registerAda(node);
    String first = signer(node);
    String second = rotate(node);
    pass("310 seconds");
    assertSigner(node, second);
    String third = rotate(node);

    revoke(node, second);
    assertSigner(node, third);
    assertPublished(node, first, third);
    revoke(node, third);
    String fourth = kids().get(3);
    assertSigner(node, fourth);
    assertPublished(node, first, fourth);
  }

  @Test
  @DisplayName("AT4 a key goes on when the one that was to follow it is revoked")
  void goesOnWithoutItsSuccessor() {
    Harness node = start();
    registerAda(node);
    String old = signer(node);
    String next = rotate(node);

    revoke(node, next);
    pass("1 day");
    assertThat(signer(node)).isEqualTo(old);
    assertPublished(node, old);
    String other = rotate(node);
    assertThat(other).isNotIn(old, next);
    pass("310 seconds");
    assertSigner(node, other);
  }

  @Test
  @DisplayName("AT4 there is nothing to revoke of a key that does not exist")
  void revokesNothingUnknown() {
    Harness node = start();

    assertThat(refusal(() -> revoke(node, "nobody's"))).isEqualTo(ErrorCode.NOT_FOUND);
    assertThat(published(node)).isEqualTo(kids());
  }

  @Test
  @DisplayName("AT3 AT4 keys of which nothing is valid are forgotten after a day")
  void forgetsOldKeys() {
    Harness node = start();
    String first = kids().get(0);
    String second = rotate(node);
    pass("310 seconds");
    String third = rotate(node);
    revoke(node, third);
    pass("22 minutes");
    renew(node);
    assertThat(kids()).containsExactlyInAnyOrder(first, second, third);

    pass("1 day");
    renew(node);
    assertThat(kids()).containsExactly(second);
    assertPublished(node, second);
  }
}
