package dev.starling.lab;

import io.vertx.core.Vertx;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;

/** What a log-in costs beside the password hash that it cannot do without. */
final class Logins implements Part {
  private static final int USERS = 8;

  @Override
  public String name() {
    return "logins";
  }

  @Override
  public String about() {
    return "log-ins in one JVM, beside the Argon2id hash alone";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    NodeProcess node =
        programs.node(
            "alone", Map.of("services", "user,gateway", "http.trusted-proxies", Source.PROXIES));
    List<Account> users = new ArrayList<>();
    for (int i = 0; i < USERS; i++) {
      users.add(Account.register(node.awaitApi(), "user-" + i));
    }
    AtomicInteger next = new AtomicInteger();
    Visit login =
        Visit.post(
            node.awaitApi().resolve("/api/login"),
            () -> users.get(next.getAndIncrement() % USERS).credentials().toBuffer());
    Subject logins =
        new Served(
            "Starling, one JVM",
            vertx,
            0,
            List.of(node.pid()),
            Database.embedded(programs.stage(vertx)).pids(),
            login,
            USERS,
            false);
    Subject hashes = new Hashing("Argon2id alone");
    SideBySide both = SideBySide.measure(name(), pace, findings, List.of(hashes, logins));
    findings.ratios().add(both.cpu("log-in / Argon2id alone", logins, hashes, 1.1));
    findings
        .ratios()
        .add(
            both.ratio(
                "hashes a second / log-ins a second", Sample::perSecond, hashes, logins, 1.0));
  }
}
