package dev.starling.lab;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/** What log-ins, registrations and refreshes cost beside the hash that the first two need. */
final class Logins implements Part {
  private static final int USERS = 8;
  private static final int SESSIONS = 16;

  @Override
  public String name() {
    return "logins";
  }

  @Override
  public String about() {
    return "log-ins, registrations and refreshes in one JVM, beside the Argon2id hash alone";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    NodeProcess node =
        programs.node(
            "alone",
            Map.of(
                "services", "user,gateway",
                "http.trusted-proxies", Source.PROXIES,
                "user.throttle-refreshes", "1000",
                "user.throttle-refreshes-hour", "1000000"));
    URI api = node.awaitApi();
    List<Account> users = new ArrayList<>();
    Queue<String> tokens = new ConcurrentLinkedQueue<>();
    for (int i = 0; i < USERS; i++) {
      users.add(Account.register(api, "user-" + i));
      Account other = Account.register(api, "other-" + i); // whose sessions no log-in ends
      for (int j = 0; j < SESSIONS; j++) {
        tokens.add(other.login().getString("refresh_token"));
      }
    }
    AtomicInteger next = new AtomicInteger();
    List<Long> database = Database.embedded(programs.stage(vertx)).pids();
    Function<Visit, Subject> served =
        visit ->
            new Served(
                visit.address().getPath(),
                vertx,
                0,
                List.of(node.pid()),
                database,
                visit,
                USERS,
                false);
    Subject logins =
        served.apply(
            Visit.post(
                api.resolve("/api/login"),
                () -> users.get(next.getAndIncrement() % USERS).credentials().toBuffer()));
    Subject registrations =
        served.apply(
            Visit.post(
                api.resolve("/api/users"),
                () -> Account.credentials("member-" + next.getAndIncrement()).toBuffer()));
    Subject refreshes =
        served.apply(
            Visit.post(
                api.resolve("/api/refresh"),
                () -> new JsonObject().put("refresh_token", tokens.remove()).toBuffer(),
                answer -> tokens.add(answer.toJsonObject().getString("refresh_token"))));
    Subject hashes = new Hashing("Argon2id alone", false);
    Subject portable = new Hashing("Argon2id, Bouncy Castle", true);
    SideBySide all =
        SideBySide.measure(
            name(), pace, findings, List.of(hashes, portable, logins, registrations, refreshes));
    findings.ratios().add(all.cpu("log-in / Argon2id alone", logins, hashes, 1.1));
    findings
        .ratios()
        .add(all.cpu("registration / Argon2id alone", registrations, hashes, Double.NaN));
    findings
        .ratios()
        .add(all.ratio("hashes a second / log-ins a second", Sample::perSecond, hashes, logins, 1));
  }
}
