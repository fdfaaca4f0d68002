package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.harness.Harness;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

/** What PostgreSQL need not parse and plan again. */
class PreparedStatementsIT extends UserNodes {
  @Test
  @DisplayName("Default cachePreparedStatements: a connection keeps what it has prepared")
  void keepsPreparedStatements() {
    Harness node = start();
    execute(
        """
        CREATE TABLE seen (statement text);
        CREATE FUNCTION see() RETURNS trigger LANGUAGE plpgsql AS
          'BEGIN INSERT INTO seen SELECT statement FROM pg_prepared_statements; RETURN NULL; END';
        CREATE TRIGGER see AFTER INSERT ON users EXECUTE FUNCTION see()""");
    registerAda(node);

    assertThat(text("SELECT statement FROM seen WHERE statement LIKE '%INTO users%'")).isNotEmpty();
  }
}
