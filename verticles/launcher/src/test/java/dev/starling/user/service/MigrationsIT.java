package dev.starling.user.service;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.starling.harness.Harness;
import dev.starling.launcher.UserNodes;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Scripts without a transaction, on a table that is in use. */
@Timeout(60)
class MigrationsIT extends UserNodes {
  private final Vertx vertx = Vertx.vertx();

  private PgConnection connect() {
    return PgConnection.connect(vertx, PgConnectOptions.fromUri(url())).await();
  }

  private Future<Void> migrate(String... scripts) {
    return new Migrations(vertx, connect(), List.of(scripts)).run();
  }

  private void run(PgConnection connection, String sql) {
    Harness.await(connection.query(sql).execute());
  }

  private Object value(String sql) {
    PgConnection connection = connect();
    try {
      return Harness.await(connection.query(sql).execute()).iterator().next().getValue(0);
    } finally {
      connection.close().await();
    }
  }

  @AfterEach
  void closes() {
    vertx.close().await();
  }

  @Test
  @DisplayName("MG3 an index is made while calls write, and while another node waits for its turn")
  void makesAnIndexWhileCallsWrite() {
    Harness.await(migrate("T1__notes.sql"));
    PgConnection busy = connect();
    run(busy, "BEGIN; INSERT INTO notes VALUES ('busy')");

    Future<Void> one = migrate("T1__notes.sql", "T2__index.sql");
    Future<Void> two = migrate("T1__notes.sql", "T2__index.sql");
    String waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE UNIQUE%' AND state = 'active'";
    while (!Long.valueOf(1).equals(value(waiting))) {
      assertThat(one.failed() || two.failed()).isFalse();
    }
    run(connect(), "SET statement_timeout = 2000; INSERT INTO notes VALUES ('meanwhile')");
    assertThat(one.isComplete() || two.isComplete()).isFalse();
    run(busy, "COMMIT");

    Harness.await(Future.all(one, two));
    assertThat(value("SELECT string_agg(script, ' ' ORDER BY script) FROM schema_history"))
        .isEqualTo("T1__notes.sql T2__index.sql");
    assertThat(value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'notes_name'::regclass"))
        .isEqualTo(true);
  }

  @Test
  @DisplayName("MG3 what failed half-way without a transaction runs again, and comes to its end")
  void runsAgain() {
    Harness.await(migrate("T1__notes.sql"));
    run(connect(), "INSERT INTO notes VALUES ('twice'), ('twice')");

    assertThatThrownBy(() -> Harness.await(migrate("T1__notes.sql", "T2__index.sql")))
        .hasMessageContaining("notes_name");
    assertThat(value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'notes_name'::regclass"))
        .isEqualTo(false);

    run(connect(), "TRUNCATE notes");
    Harness.await(migrate("T1__notes.sql", "T2__index.sql"));
    assertThat(value("SELECT indisvalid FROM pg_index WHERE indexrelid = 'notes_name'::regclass"))
        .isEqualTo(true);
  }
}
