package dev.starling.launcher;

import dev.starling.runtime.Certificate;
import dev.starling.runtime.Secrets;
import java.io.IOException;
import java.util.concurrent.CompletionException;

/** What the person who starts a node reads: where it is, and why it is not. */
final class Terminal {
  private static final String LOOPBACK = "127.0.0.1";
  private static final String TRY =
      """

      Try:
        curl -i %1$s://%2$s/api/users -H 'Content-Type: application/json' \\
          -d '{"username":"ada","password":"correct horse battery"}'
        curl -i %1$s://%2$s/openapi.json
      Ctrl-C stops all of it; the data stay.""";

  private Terminal() {}

  /**
   * Says that a node is up, and what to try.
   *
   * @param millis since its process began
   */
  static String greeting(
      String name, long millis, Configuration configuration, Services services, NodeVerticle node) {
    String scheme = configuration.isConfigured("http.tls") ? "https" : "http";
    StringBuilder text = new StringBuilder();
    text.append("Starling is up: %s, %d ms after its start%n".formatted(name, millis));
    if (services.gateway()) {
      String api = address(configuration, "http", node.httpPort());
      text.append("  API       %s://%s%n".formatted(scheme, api));
      String admin = address(configuration, "http.admin", node.adminPort());
      text.append("  Admin     %s://%s%n".formatted(scheme, admin));
    }
    String operator = address(configuration, "operator", node.operatorPort());
    text.append("  Operator  http://%s%n".formatted(operator));
    text.append("  Data      %s".formatted(configuration.path("data.directory")));
    if (services.gateway() && services.chosen().containsKey("user")) {
      text.append(TRY.formatted(scheme, address(configuration, "http", node.httpPort())));
    }
    return text.toString();
  }

  private static String address(Configuration configuration, String part, int port) {
    String host = configuration.text(part + ".host");
    return (host.equals("0.0.0.0") ? LOOPBACK : host) + ":" + port;
  }

  /** Why a node does not start, in one line. */
  static String reason(Throwable failure) {
    if (failure instanceof CompletionException) {
      return reason(failure.getCause());
    }
    boolean known =
        failure instanceof StartException
            || failure instanceof ConfigurationException
            || failure instanceof ClusterException
            || failure instanceof Secrets.SecretsException
            || failure instanceof Certificate.Unusable
            || failure instanceof IOException;
    if (known) {
      return failure.getMessage();
    }
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    String detail = root == failure ? "" : " (" + root.getMessage() + ")";
    return failure.getMessage() == null ? failure.toString() : failure.getMessage() + detail;
  }
}
