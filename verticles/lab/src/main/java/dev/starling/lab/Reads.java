package dev.starling.lab;

import io.vertx.core.Vertx;
import java.util.List;
import java.util.Map;

/** What it costs to read a user by id, with the access token that this needs. */
final class Reads implements Part {
  private static final String POOL_SIZE = "8";

  @Override
  public String name() {
    return "reads";
  }

  @Override
  public String about() {
    return "a user read by id from PostgreSQL, beside bare HTTP with the PostgreSQL client";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    Flock flock = new Flock(programs, "reads", 2);
    NodeProcess users = programs.node("users", flock.settings("user"), "-cluster").awaitUp();
    NodeProcess front = programs.node("gateway", flock.settings("gateway"), "-cluster");
    Account ada = Account.register(front.awaitApi(), "ada");
    Database database = Database.embedded(programs.stage(vertx));
    List<Long> postgres = database.pids();
    Served.Maker served =
        new Served.Maker(
            vertx,
            postgres,
            api -> Visit.get(api.resolve("/api/users/" + ada.id()), ada::authorization));

    Subject two = served.by("Starling, two JVMs", front, users);
    Subject alone =
        served.by(
            "Starling, one JVM",
            programs.node(
                "alone", Map.of("services", "user,gateway", "database.pool-size", POOL_SIZE)));
    Subject bare =
        served.by(
            "bare HTTP + PostgreSQL",
            programs.bare("reads", BareReads.class, database.environment(), POOL_SIZE));

    SideBySide reads = SideBySide.measure(name(), pace, findings, List.of(bare, alone, two));
    findings.ratios().add(reads.cpu("one JVM / bare HTTP + PostgreSQL", alone, bare, Double.NaN));
    findings.ratios().add(reads.cpu("two JVMs / bare HTTP + PostgreSQL", two, bare, 3));
  }
}
