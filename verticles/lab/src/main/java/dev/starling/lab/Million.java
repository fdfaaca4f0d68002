package dev.starling.lab;

import io.vertx.core.Vertx;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;

/**
 * Whether reads and log-ins take longer with a million users, each with a session, than with a few.
 */
final class Million implements Part {
  private static final int USERS = 8;
  private static final int LOGINS_A_SECOND = 10;

  private static final List<String> LOADING =
      List.of(
          """
          INSERT INTO users (id, username, username_key, password_hash)
          SELECT gen_random_uuid(), 'citizen-' || i, 'citizen-' || i, (
            SELECT password_hash FROM users LIMIT 1)
          FROM generate_series(1, 1000000) i""",
          """
          INSERT INTO sessions (id, user_id, absolute_expiry)
          SELECT gen_random_uuid(), id, now() + interval '30 days' FROM users
          WHERE username_key LIKE 'citizen-%'""",
          """
          INSERT INTO refresh_tokens (hash, session_id, generation, expires_at)
          SELECT sha256(id::text::bytea), id, 0, now() + interval '7 days' FROM sessions
          WHERE id NOT IN (SELECT session_id FROM refresh_tokens)""",
          "VACUUM ANALYZE");

  private static final String SIZES =
      """
      SELECT relname::text, pg_size_pretty(pg_total_relation_size(relid)) FROM pg_stat_user_tables
      WHERE pg_total_relation_size(relid) > 10000000 ORDER BY 1""";

  private static final String SCANS =
      """
      SELECT relname::text, seq_scan::text FROM pg_stat_user_tables
      WHERE pg_total_relation_size(relid) > 10000000 ORDER BY 1""";

  @Override
  public String name() {
    return "million";
  }

  @Override
  public String about() {
    return "reads and log-ins with a million users in the database, beside a few";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    NodeProcess node =
        programs.node(
            "alone", Map.of("services", "user,gateway", "http.trusted-proxies", Source.PROXIES));
    URI api = node.awaitApi();
    List<Account> users = new ArrayList<>();
    for (int i = 0; i < USERS; i++) {
      users.add(Account.register(api, "user-" + i));
    }
    Database database = Database.embedded(programs.stage(vertx));
    measure("a few users", api, users, vertx, pace, findings, node, database);
    long begin = System.nanoTime();
    for (String statement : LOADING) {
      database.run(statement);
    }
    System.err.printf("million: loaded in %d s%n", (System.nanoTime() - begin) / 1_000_000_000);
    Map<String, String> before = database.pairs(SCANS);
    measure("1,000,000 users", api, users, vertx, pace, findings, node, database);
    findings.notes().add("on disk: " + database.pairs(SIZES));
    findings.notes().add("sequential scans meanwhile: " + since(before, database.pairs(SCANS)));
  }

  private void measure(
      String name,
      URI api,
      List<Account> users,
      Vertx vertx,
      Pace pace,
      Findings findings,
      NodeProcess node,
      Database database)
      throws Exception {
    AtomicInteger next = new AtomicInteger();
    Account ada = users.get(0);
    Visit read = Visit.get(api.resolve("/api/users/" + ada.id()), ada::authorization);
    Visit login =
        Visit.post(
            api.resolve("/api/login"),
            () -> users.get(next.getAndIncrement() % USERS).credentials().toBuffer());
    List<Long> pids = database.pids();
    SideBySide.measure(
        name(),
        pace,
        findings,
        List.of(
            new Served(
                "read, " + name,
                vertx,
                0,
                List.of(node.pid()),
                pids,
                read,
                Pace.CONNECTIONS,
                true)));
    SideBySide.measure(
        name(),
        new Pace(pace.rounds(), pace.time(), LOGINS_A_SECOND),
        findings,
        List.of(
            new Served("log-in, " + name, vertx, 0, List.of(node.pid()), pids, login, 2, true)));
  }

  private static Map<String, Long> since(Map<String, String> before, Map<String, String> after) {
    return after.entrySet().stream()
        .collect(
            Collectors.toMap(
                Map.Entry::getKey,
                e ->
                    Long.parseLong(e.getValue())
                        - Long.parseLong(before.getOrDefault(e.getKey(), "0"))));
  }
}
