package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.ChangePassword;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.MySessions;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Tokens;
import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.PgConnection;
import io.vertx.pgclient.PgException;
import io.vertx.sqlclient.Row;
import io.vertx.sqlclient.RowSet;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Two roles in the database, as README makes them: one owns the tables, one changes rows. */
@Timeout(180)
class DatabaseRolesIT extends UserNodes {
  private static final String INSUFFICIENT_PRIVILEGE = "42501";
  private static final List<String> MORE_THAN_ROWS =
      List.of(
          "DROP TABLE users",
          "ALTER TABLE users ADD COLUMN role text",
          "ALTER TABLE users DISABLE TRIGGER ALL",
          "TRUNCATE users CASCADE",
          "TRUNCATE idempotency_keys",
          "CREATE INDEX ON users (created_at)",
          "CREATE TABLE more (id int)",
          "DROP SCHEMA public CASCADE",
          "SELECT * FROM schema_history",
          "UPDATE schema_history SET checksum = 'x'",
          "DELETE FROM schema_history",
          "COPY users TO PROGRAM 'true'",
          "CREATE ROLE more SUPERUSER",
          "SET ROLE starling_owner");
  private static final String OTHER = "another correct horse";

  private final String owner = url("starling_owner", "canary-of-the-owner", "roles");
  private final String service = url("starling_service", "canary-of-the-service", "roles");

  @BeforeEach
  void makesRoles() {
    execute("DROP DATABASE IF EXISTS roles WITH (FORCE)");
    execute("DROP ROLE IF EXISTS starling_owner");
    execute("DROP ROLE IF EXISTS starling_service");
    execute("CREATE ROLE starling_owner LOGIN PASSWORD 'canary-of-the-owner'");
    execute("CREATE ROLE starling_service LOGIN PASSWORD 'canary-of-the-service'");
    execute("CREATE DATABASE roles OWNER starling_owner");
  }

  private Harness startWithTwoRoles() {
    Harness node = node();
    Harness.await(
        deploy(node, config(new JsonObject().put("url", service).put("migration-url", owner))));
    return node;
  }

  private static RowSet<Row> as(String url, String statement) {
    Vertx vertx = Vertx.vertx();
    try {
      return PgConnection.connect(vertx, PgConnectOptions.fromUri(url))
          .compose(c -> c.query(statement).execute())
          .await();
    } finally {
      vertx.close().await();
    }
  }

  @Test
  @DisplayName("TL3 the service does all it does as a role that may change rows only")
  void worksWithoutARightToTables() {
    Harness node = startWithTwoRoles();
    registerAda(node);
    Tokens tokens = login(node);
    Tokens next =
        patiently(() -> node.call(UserContract.REFRESH, new Refresh(tokens.refreshToken())));
    assertThat(me(node, next.accessToken())).isEqualTo("ada");
    Tokens changed =
        patiently(
            () ->
                node.call(
                    UserContract.CHANGE_PASSWORD,
                    new ChangePassword(Client.PASSWORD, OTHER),
                    next.accessToken()));
    assertThat(
            patiently(
                    () -> node.call(UserContract.SESSIONS, new MySessions(), changed.accessToken()))
                .sessions())
        .hasSize(1);
    patiently(() -> node.call(UserContract.LOGOUT, new Logout(changed.refreshToken())));
    assertThat(
            refusal(
                () ->
                    patiently(
                        () ->
                            node.call(UserContract.REFRESH, new Refresh(changed.refreshToken())))))
        .isEqualTo(ErrorCode.UNAUTHENTICATED);
    patiently(() -> node.call(UserContract.LOGIN, new Login("ada", OTHER)));

    assertThat(
            text(
                "SELECT DISTINCT usename::text FROM pg_stat_activity WHERE datname = 'roles'"
                    + " AND application_name = 'starling-user'"))
        .containsExactly("starling_service");
  }

  @Test
  @DisplayName("TL3 the service's role is denied what is more than changing rows")
  void isDeniedMore() {
    startWithTwoRoles();

    for (String statement : MORE_THAN_ROWS) {
      PgException denied = catchThrowableOfType(PgException.class, () -> as(service, statement));
      assertThat(denied).as(statement).isNotNull();
      assertThat(denied.getSqlState()).as(statement).isEqualTo(INSUFFICIENT_PRIVILEGE);
    }
    String privileges =
        """
        SELECT DISTINCT grantee || ' ' || privilege_type FROM information_schema.table_privileges
        WHERE table_schema = 'public' AND grantee <> 'starling_owner' ORDER BY 1""";
    assertThat(as(owner, privileges))
        .extracting(row -> row.getString(0))
        .containsExactly(
            "starling_service DELETE",
            "starling_service INSERT",
            "starling_service SELECT",
            "starling_service UPDATE");
  }

  @Test
  @DisplayName("TL3 tables of a time with one role are given to the second when there is one")
  void takesTablesOver() {
    Harness.await(deploy(node(), config(new JsonObject().put("url", owner))));

    registerAda(startWithTwoRoles());
  }

  @Test
  @DisplayName("TL3 a role that may not make tables does not start without one that may")
  void saysWhatIsMissing() {
    Future<String> started = deploy(node(), config(new JsonObject().put("url", service)));
    Harness.await(started.otherwiseEmpty());

    assertThat(Terminal.reason(started.cause()))
        .startsWith("The database refuses:")
        .contains("permission denied for schema public")
        .doesNotContain("canary");
  }

  @Test
  @DisplayName("TL3 the embedded database takes SCRAM only, from the loopback only")
  void takesScramOnly() {
    assertThat(text("SELECT DISTINCT auth_method FROM pg_hba_file_rules"))
        .containsExactly("scram-sha-256");
    assertThat(text("SELECT DISTINCT left(rolpassword, 13) FROM pg_authid WHERE rolcanlogin"))
        .containsExactly("SCRAM-SHA-256");
    assertThat(text("SHOW listen_addresses")).containsExactly("127.0.0.1");
  }
}
