package dev.starling.user.service;

import io.vertx.core.json.JsonObject;
import io.vertx.core.net.ClientSSLOptions;
import io.vertx.pgclient.PgConnectOptions;
import io.vertx.pgclient.SslMode;
import java.nio.file.Path;
import java.util.Optional;

/**
 * As whom the database is asked, and how it shows who it is.
 *
 * @param service changes rows
 * @param owner makes and changes the tables; empty when the service's role does that too
 * @param trust in the database's certificate; empty without {@code database.ca}
 */
record DatabaseRoles(
    PgConnectOptions service, Optional<PgConnectOptions> owner, Optional<DatabaseTrust> trust) {
  private static final String HINT =
      " is not loopback: set database.ca to the certificate of its CA (PEM), or database.insecure:"
          + " true if the network between is your own";

  /**
   * Of the settings below {@code database}.
   *
   * @throws IllegalArgumentException when they cannot be used, or a password and what is in the
   *     tables would go through a network to whoever answers; the message names no password
   */
  static DatabaseRoles of(JsonObject config) {
    String ca = config.getString("ca", "");
    Optional<DatabaseTrust> trust =
        ca.isEmpty() ? Optional.empty() : Optional.of(DatabaseTrust.in(Path.of(ca)));
    boolean insecure = config.getBoolean("insecure", false);
    PgConnectOptions service = role("database.url", config.getString("url"), trust, insecure);
    if (config.containsKey("password")) {
      service.setPassword(config.getString("password"));
    }
    String owner = config.getString("migration-url", "");
    return new DatabaseRoles(
        service,
        owner.isEmpty()
            ? Optional.empty()
            : Optional.of(role("database.migration-url", owner, trust, insecure)),
        trust);
  }

  private static PgConnectOptions role(
      String setting, String url, Optional<DatabaseTrust> trust, boolean insecure) {
    PgConnectOptions role = parsed(setting, url);
    if (trust.isPresent()) {
      role.setSslMode(SslMode.VERIFY_FULL).setSslOptions(trust.get().options());
      return role;
    }
    SslMode mode = role.getSslMode();
    if (mode == SslMode.VERIFY_CA || mode == SslMode.VERIFY_FULL) {
      throw new IllegalArgumentException(
          setting + " has sslmode=" + mode.value + ": set database.ca to its CA (PEM)");
    }
    if (!isLoopback(role) && !insecure) {
      throw new IllegalArgumentException(setting + HINT);
    }
    role.setSslOptions(new ClientSSLOptions());
    return role;
  }

  private static PgConnectOptions parsed(String setting, String url) {
    try {
      return PgConnectOptions.fromUri(url);
    } catch (IllegalArgumentException e) { // Its message has the password.
      throw new IllegalArgumentException(
          setting
              + " cannot be read: expected postgresql://user:password@host:port/database; other"
              + " characters than letters, digits and -._~!* are written as in %40");
    }
  }

  /** By its text alone: what a name leads to may be another address tomorrow. */
  private static boolean isLoopback(PgConnectOptions role) {
    String host = role.getHost();
    return role.isUsingDomainSocket()
        || host.equals("localhost")
        || host.equals("::1")
        || host.matches("127(\\.\\d{1,3}){3}");
  }
}
