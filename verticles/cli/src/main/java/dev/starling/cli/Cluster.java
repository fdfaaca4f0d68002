package dev.starling.cli;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.Path;

/**
 * Where the operator port of a node is, and who may use it.
 *
 * @param name by which operators know the cluster
 * @param operator any node's operator port
 * @param tokenFile file with the operator's token; the token itself is kept nowhere else
 */
record Cluster(String name, URI operator, Path tokenFile) {
  /**
   * The address of an operator port.
   *
   * @throws Failure if it is none, or holds a secret
   */
  static URI address(String text) {
    try {
      URI uri = new URI(text.contains("://") ? text : "http://" + text);
      boolean http = "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
      boolean bare = uri.getPath() == null || uri.getPath().isEmpty() || uri.getPath().equals("/");
      bare = bare && uri.getRawQuery() == null && uri.getRawFragment() == null;
      if (http && bare && uri.getHost() != null && uri.getRawUserInfo() == null) {
        return new URI(uri.getScheme(), null, uri.getHost(), uri.getPort(), null, null, null);
      }
    } catch (URISyntaxException e) {
      // It is said below.
    }
    throw Failure.usage(
        "This is not the address of an operator port",
        "write it as a node prints it, without user or path: http://127.0.0.1:9090");
  }
}
