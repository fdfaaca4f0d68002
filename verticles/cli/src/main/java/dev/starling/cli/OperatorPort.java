package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.ConnectException;
import java.net.HttpURLConnection;
import java.net.Proxy;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;

/**
 * Plain HTTP to the operator port of one node; no other source is asked.
 *
 * <p>{@link HttpURLConnection} answers for the first time after 60 ms, where {@code HttpClient}
 * takes 180 and more: it starts threads and a selector.
 */
final class OperatorPort {
  private static final int CONNECT = 2_000;
  private static final Duration READ = Duration.ofSeconds(10);

  /** Bytes of an answer that are read: it may be anybody's. */
  private static final int MOST = 64 << 20;

  private static final String JSON = "application/json";

  static {
    // A call is never repeated behind our back, and a benchmark keeps all its connections.
    System.setProperty("sun.net.http.retryPost", "false");
    System.setProperty("http.maxConnections", "256");
  }

  private final URI base;
  private final Path tokenFile;
  private final String operator;
  private String token;

  OperatorPort(Cluster cluster) {
    this(cluster, "");
  }

  /**
   * The operator port of a cluster.
   *
   * @param operator who gives the orders, for the journal; empty for nobody in particular
   */
  OperatorPort(Cluster cluster, String operator) {
    this.operator = operator;
    this.base = cluster.operator();
    this.tokenFile = cluster.tokenFile();
  }

  /**
   * What came back.
   *
   * @param status of HTTP
   * @param text of the body; empty for none
   */
  record Answer(int status, String text) {
    boolean good() {
      return status / 100 == 2;
    }

    Json json() {
      try {
        return Json.read(text);
      } catch (IOException e) {
        throw new Failure(
            Exit.UNREACHABLE,
            "What answers there is not an operator port",
            "the answer is not JSON",
            "look for the line \"Operator\" in what a node prints when it starts");
      }
    }
  }

  URI base() {
    return base;
  }

  Path tokenFile() {
    return tokenFile;
  }

  /** A path segment that names something. */
  static String segment(String name) {
    return URLEncoder.encode(name, UTF_8).replace("+", "%20").replace("%40", "@");
  }

  /** A view below {@code /ops/}; anything but 200 ends the command. */
  Answer view(String name) {
    Answer answer = send("GET", "/ops/" + name, null, READ);
    if (answer.status() != 200) {
      throw refusal(answer, "look whether the node is of this release");
    }
    return answer;
  }

  Json get(String view) {
    return view(view).json();
  }

  /** Wants something of the flock. */
  Answer put(String key, String body, String life) {
    String path = "/ops/desired/" + key + (life == null ? "" : "?for=" + life);
    return send("PUT", path, body, READ);
  }

  Answer delete(String key) {
    return send("DELETE", "/ops/desired/" + key, null, READ);
  }

  /** Makes a call and waits for as long as it may take. */
  Answer call(String body, Duration budget) {
    return send("POST", "/ops/calls", body, budget.plus(READ));
  }

  /** Sends a message, and waits for as long as its reply may take. */
  Answer message(String body, Duration budget) {
    return send("POST", "/ops/messages", body, budget.plus(READ));
  }

  /** Why the node did not do as it was told. */
  static Failure refusal(Answer answer, String next) {
    Json problem;
    try {
      problem = Json.read(answer.text());
    } catch (IOException e) {
      problem = new Json(null);
    }
    String detail = problem.has("detail") ? problem.text("detail") : problem.text("title");
    StringBuilder why =
        new StringBuilder(detail == null ? "it answers " + answer.status() : detail);
    for (Json error : problem.list("errors")) {
      if (!why.toString().contains(error.text("pointer"))) {
        why.append("; ").append(error.text("pointer")).append(' ').append(error.text("detail"));
      }
    }
    return new Failure(Exit.NOT_WELL, "The node refuses", why.toString(), next);
  }

  private Answer send(String method, String path, String body, Duration patience) {
    try {
      Answer answer = exchange(method, path, body, patience, token());
      if (answer.status() == 401) {
        throw new Failure(
            Exit.UNREACHABLE,
            base + " refuses the operator's token in " + tokenFile,
            "that file is of another cluster, or was replaced after the node started",
            "take the file that this node names when it starts (\"The operator's token is in\"),"
                + " with: starling context add NAME URL FILE, or "
                + Clusters.TOKEN_FILE);
      }
      return answer;
    } catch (IOException e) {
      throw new Failure(
          Exit.UNREACHABLE,
          "The operator port " + base + " cannot be reached",
          reason(e),
          "start a node there (scripts/up), or name another with --context or "
              + Clusters.OPERATOR
              + "; starling doctor looks further");
    }
  }

  private static String reason(IOException e) {
    if (e instanceof UnknownHostException) {
      return "the host name is not known";
    }
    if (e instanceof ConnectException) {
      return "nothing listens there";
    }
    if (e instanceof SocketTimeoutException) {
      return "no answer in time";
    }
    return e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
  }

  private synchronized String token() {
    if (token == null) {
      try {
        token = Files.readString(tokenFile).strip();
      } catch (IOException e) {
        throw new Failure(
            Exit.UNREACHABLE,
            "The operator's token in " + tokenFile + " cannot be read",
            e instanceof NoSuchFileException ? "there is no such file" : "it may not be read",
            "take the file that the node names when it starts (\"The operator's token is in\"),"
                + " with "
                + Clusters.TOKEN_FILE
                + " or: starling context add NAME URL FILE");
      }
      if (!token.matches("[0-9a-fA-F]+")) {
        throw new Failure(
            Exit.UNREACHABLE,
            tokenFile + " holds no operator's token",
            "that would be hexadecimal digits and nothing else",
            "take the file that the node names when it starts");
      }
    }
    return token;
  }

  /** What is there, for reading only; null if it cannot be had, whatever the reason. */
  String glance(String path) {
    try {
      Answer answer = exchange("GET", path, null, READ, token());
      return answer.status() == 200 ? answer.text() : null;
    } catch (IOException e) {
      return null;
    }
  }

  /** Who is there, if it is a node: asked without the token, since it may be anybody. */
  Answer live(Duration patience) throws IOException {
    return exchange("GET", "/health/live", null, patience, null);
  }

  private Answer exchange(String method, String path, String body, Duration patience, String bearer)
      throws IOException {
    HttpURLConnection http =
        (HttpURLConnection) base.resolve(path).toURL().openConnection(Proxy.NO_PROXY);
    http.setConnectTimeout(CONNECT);
    http.setReadTimeout((int) patience.toMillis());
    http.setInstanceFollowRedirects(false);
    http.setRequestMethod(method);
    http.setRequestProperty("Accept", JSON);
    if (bearer != null) {
      http.setRequestProperty("Authorization", "Bearer " + bearer);
    }
    if (!method.equals("GET") && !operator.isBlank()) {
      http.setRequestProperty("Starling-Operator", segment(operator));
    }
    if (body != null) {
      byte[] bytes = body.getBytes(UTF_8);
      http.setDoOutput(true);
      http.setRequestProperty("Content-Type", JSON);
      http.setFixedLengthStreamingMode(bytes.length);
      try (OutputStream out = http.getOutputStream()) {
        out.write(bytes);
      }
    }
    int status = http.getResponseCode();
    try (InputStream in = status < 400 ? http.getInputStream() : http.getErrorStream()) {
      return new Answer(status, in == null ? "" : new String(in.readNBytes(MOST), UTF_8));
    }
  }
}
