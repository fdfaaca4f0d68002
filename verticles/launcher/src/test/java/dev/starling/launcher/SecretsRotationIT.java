package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonObject;
import io.vertx.sqlclient.Row;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Each secret of two nodes takes the place of another, as README says, while clients go on. */
@Timeout(600)
class SecretsRotationIT {
  private static final List<String> SECRETS = List.of("pepper", "key-encryption", "cluster");
  private static final Duration PATIENCE = Duration.ofSeconds(60);

  @TempDir private Path directory;
  private Postgres postgres;
  private final StarlingProcess[] nodes = new StarlingProcess[2];

  /** Those that take requests. */
  private final List<Client> up = new CopyOnWriteArrayList<>();

  private final Queue<String> failures = new ConcurrentLinkedQueue<>();
  private final AtomicInteger rounds = new AtomicInteger();

  @BeforeEach
  void begins() throws Exception {
    postgres = new Postgres(directory);
    for (int i = 0; i < nodes.length; i++) {
      Files.createDirectories(secrets(i));
      nodes[i] = node(i);
      up.add(new Client(nodes[i].api()));
      if (i == 0) {
        for (String secret : SECRETS) {
          Files.createDirectories(secrets(1));
          Files.copy(
              secrets(0).resolve(secret),
              secrets(1).resolve(secret),
              StandardCopyOption.COPY_ATTRIBUTES);
        }
      }
    }
  }

  @AfterEach
  void ends() {
    for (StarlingProcess node : nodes) {
      node.close();
    }
    postgres.close();
  }

  private Path secrets(int node) {
    return directory.resolve("secrets-" + node);
  }

  private StarlingProcess node(int i) throws IOException {
    return StarlingProcess.in(directory)
        .onAnyPort()
        .inCluster()
        .with("database.url", postgres.url())
        .with("secrets.directory", secrets(i))
        .start();
  }

  private interface Change {
    void of(Path directory, String secret) throws IOException;
  }

  /** One node after the other, which takes no requests meanwhile. */
  private void roll(Change change) throws Exception {
    for (int i = 0; i < nodes.length; i++) {
      for (String secret : SECRETS) {
        change.of(secrets(i), secret);
      }
      Client leaving = up.remove(0);
      assertThat(leaving).isNotNull();
      int begun = rounds.get();
      await().atMost(PATIENCE).until(() -> rounds.get() > begun + 4);
      assertThat(nodes[i].stop()).isZero();
      nodes[i] = node(i);
      up.add(new Client(nodes[i].api()));
      int at = rounds.get();
      await().atMost(PATIENCE).until(() -> rounds.get() > at + 8);
      assertThat(failures).isEmpty();
    }
  }

  /** What a client does: logs in, goes on twice with one token, reads; each at another node. */
  private void round(String name, int turn) throws Exception {
    JsonObject login = done(turn, client -> credentials(client, name));
    String token = login.getString("refresh_token");
    JsonObject next = done(turn + 1, client -> refresh(client, token));
    JsonObject again = done(turn, client -> refresh(client, token));
    if (!next.getString("refresh_token").equals(again.getString("refresh_token"))) {
      failures.add("another successor");
    }
    JsonObject me =
        done(
            turn + 1,
            client ->
                client
                    .request("/api/users/me")
                    .header("Authorization", "Bearer " + again.getString("access_token"))
                    .build());
    if (!name.equals(me.getString("username"))) {
      failures.add("another user: " + me);
    }
    rounds.incrementAndGet();
  }

  private interface Request {
    HttpRequest to(Client client);
  }

  /** A machine that is busy is asked again, after a while. */
  private JsonObject done(int turn, Request request) throws Exception {
    AtomicInteger tries = new AtomicInteger(turn);
    HttpResponse<String> answer =
        await()
            .atMost(Duration.ofSeconds(10))
            .pollDelay(Duration.ZERO)
            .pollInterval(Duration.ofMillis(200))
            .until(
                () -> {
                  Client client = up.get(tries.getAndIncrement() % up.size());
                  return client.send(request.to(client));
                },
                given -> given.statusCode() < 503);
    if (answer.statusCode() != 200) {
      failures.add(answer.statusCode() + " " + answer.body());
      throw new IOException(answer.body());
    }
    return new JsonObject(answer.body());
  }

  private static HttpRequest credentials(Client client, String name) {
    return client.post("/api/login", Client.credentials(name).encode());
  }

  private static HttpRequest refresh(Client client, String token) {
    return client.post("/api/refresh", new JsonObject().put("refresh_token", token).encode());
  }

  private List<String> peppers() {
    List<String> peppers = new ArrayList<>();
    for (Row row :
        postgres.query(
            "SELECT DISTINCT substring(password_hash FROM 'keyid=([^$]+)') FROM users")) {
      peppers.add(row.getString(0));
    }
    return peppers;
  }

  @Test
  @DisplayName(
      "TL6 pepper, key-encryption key and cluster secret are replaced under load, without a failure")
  void replacesSecretsUnderLoad() throws Exception {
    for (int i = 0; i < 2; i++) {
      assertThat(up.get(0).register("user" + i).statusCode()).isEqualTo(201);
    }
    String before = peppers().get(0);
    String kek = postgres.query("SELECT kek_id FROM signing_keys").get(0).getString(0);
    ScheduledExecutorService clients = Executors.newScheduledThreadPool(2);
    for (int i = 0; i < 2; i++) {
      String user = "user" + i;
      AtomicInteger turn = new AtomicInteger(i);
      clients.scheduleWithFixedDelay(
          () -> {
            try {
              round(user, turn.getAndIncrement());
            } catch (Exception e) {
              failures.add(e.toString());
            }
          },
          0,
          100,
          TimeUnit.MILLISECONDS);
    }
    byte[] bytes = new byte[32];
    List<String> fresh = new ArrayList<>();
    for (int i = 0; i < SECRETS.size(); i++) {
      new SecureRandom().nextBytes(bytes);
      fresh.add(HexFormat.of().formatHex(bytes));
    }

    roll(
        (secrets, secret) ->
            Files.writeString(
                Files.createFile(
                    secrets.resolve(secret + ".other"),
                    PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString("rw-------"))),
                fresh.get(SECRETS.indexOf(secret))));
    assertThat(peppers()).containsExactly(before);
    roll(
        (secrets, secret) -> {
          Path kept = secrets.resolve("kept");
          Files.move(secrets.resolve(secret), kept);
          Files.move(secrets.resolve(secret + ".other"), secrets.resolve(secret));
          Files.move(kept, secrets.resolve(secret + ".other"));
        });
    await().atMost(PATIENCE).until(() -> peppers().size() == 1 && !peppers().contains(before));
    await()
        .atMost(PATIENCE)
        .until(
            () ->
                postgres.number("SELECT count(*) FROM signing_keys WHERE kek_id = '" + kek + "'")
                        + postgres.number(
                            "SELECT count(*) FROM audit_head WHERE kek_id = '" + kek + "'")
                    == 0);
    roll((secrets, secret) -> Files.delete(secrets.resolve(secret + ".other")));

    int at = rounds.get();
    await().atMost(PATIENCE).until(() -> rounds.get() > at + 10);
    clients.shutdown();
    assertThat(clients.awaitTermination(60, TimeUnit.SECONDS)).isTrue();
    assertThat(failures).isEmpty();
    assertThat(rounds.get()).isGreaterThan(50);
    assertThat(postgres.number("SELECT count(*) FROM signing_keys")).isEqualTo(1);
  }
}
