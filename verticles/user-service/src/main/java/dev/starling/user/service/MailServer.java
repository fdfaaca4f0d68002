package dev.starling.user.service;

import io.vertx.core.json.JsonObject;
import io.vertx.core.net.PemTrustOptions;
import io.vertx.ext.mail.LoginOption;
import io.vertx.ext.mail.MailConfig;
import io.vertx.ext.mail.StartTLSOptions;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Where mails go to, and what they say of where they come from.
 *
 * @param connection to the server: never in clear, unless it is this machine
 * @param from whom
 * @param link address of the account pages, empty for none
 */
record MailServer(MailConfig connection, Email from, String link) {
  private static final int SUBMISSION = 587; // RFC 6409
  private static final int SUBMISSIONS = 465; // RFC 8314
  private static final int CONNECT_MILLIS = 5_000;
  private static final int IDLE_SECONDS = 20;

  /** As many mails are sent at a time. */
  static final int CONNECTIONS = 4;

  /**
   * Of the settings below {@code user}; empty where no server is set.
   *
   * @throws IllegalArgumentException when they cannot be used; the message names no password
   */
  static Optional<MailServer> of(JsonObject config) {
    String server = config.getString("mail-server");
    return server.isEmpty()
        ? Optional.empty()
        : Optional.of(
            new MailServer(
                connection(server, config.getString("mail-ca")),
                Email.of(config.getString("mail-from"))
                    .orElseThrow(
                        () ->
                            new IllegalArgumentException(
                                "user.mail-from must be the address that mails come from")),
                config.getString("mail-link")));
  }

  /** The client verifies the host's name where nothing is said of that, and only there. */
  private static MailConfig connection(String server, String ca) {
    URI url = url(server);
    boolean tls = url.getScheme().equals("smtps");
    MailConfig connection = new MailConfig();
    connection
        .setHostname(url.getHost())
        .setPort(url.getPort() > 0 ? url.getPort() : tls ? SUBMISSIONS : SUBMISSION)
        .setSsl(tls)
        .setStarttls(
            tls || ca.isEmpty() && isLoopback(url.getHost())
                ? StartTLSOptions.DISABLED
                : StartTLSOptions.REQUIRED)
        .setMaxPoolSize(CONNECTIONS)
        .setKeepAliveTimeout(IDLE_SECONDS)
        .setConnectTimeout(CONNECT_MILLIS)
        .setIdleTimeout(IDLE_SECONDS);
    if (!ca.isEmpty()) {
      if (!Files.isReadable(Path.of(ca))) {
        throw new IllegalArgumentException("user.mail-ca: " + ca + " cannot be read");
      }
      connection.setTrustOptions(new PemTrustOptions().addCertPath(ca));
    }
    String login = url.getUserInfo();
    if (login == null) {
      return connection.setLogin(LoginOption.DISABLED);
    }
    int colon = login.indexOf(':');
    return connection
        .setLogin(LoginOption.REQUIRED)
        .setUsername(colon < 0 ? login : login.substring(0, colon))
        .setPassword(colon < 0 ? "" : login.substring(colon + 1));
  }

  private static boolean isLoopback(String host) {
    return host.equals("localhost") || host.equals("[::1]") || host.matches("127(\\.\\d{1,3}){3}");
  }

  private static URI url(String server) {
    try {
      URI url = new URI(server);
      if (url.getHost() != null) {
        return url;
      }
    } catch (URISyntaxException e) { // Its message has the password.
      // told below
    }
    throw new IllegalArgumentException(
        "user.mail-server cannot be read: expected smtp://user:password@host:port, or smtps://;"
            + " other characters than letters, digits and -._~ are written as in %40");
  }
}
