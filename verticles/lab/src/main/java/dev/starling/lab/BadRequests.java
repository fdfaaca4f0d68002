package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Requests too large, and requests that two servers would read differently (smuggling). */
final class BadRequests implements Fault {
  private static final int ROUNDS = 20;
  private static final Pattern STATUS = Pattern.compile("HTTP/1\\.[01] (\\d+)");
  private static final String POST = "POST /api/login HTTP/1.1\r\nHost: lab\r\n";
  private static final String JSON = "Content-Type: application/json\r\n";
  private static final String HIDDEN = "GET /openapi.json HTTP/1.1\r\nHost: lab\r\n\r\n";

  private static Map<String, String> requests() {
    Map<String, String> requests = new LinkedHashMap<>();
    requests.put("GET /" + "a".repeat(8_000) + " HTTP/1.1\r\nHost: lab\r\n\r\n", "414");
    requests.put(
        "GET / HTTP/1.1\r\nHost: lab\r\nX-Large: " + "a".repeat(20_000) + "\r\n\r\n", "431");
    requests.put(POST + JSON + "Content-Length: 1000000\r\n\r\n" + "a".repeat(100_000), "413");
    requests.put(
        POST + JSON + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
        "400");
    requests.put(POST + JSON + "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN, "400");
    requests.put(POST + JSON + "Content-Length: 2\r\nContent-Length: 40\r\n\r\n{}" + HIDDEN, "400");
    requests.put(POST + JSON + "Content-Length: -1\r\n\r\n" + HIDDEN, "400");
    requests.put(POST + JSON + "Content-Length : 2\r\n\r\n{}" + HIDDEN, "400");
    requests.put("NOT HTTP AT ALL\r\n\r\n", "400");
    return requests;
  }

  @Override
  public String name() {
    return "bad-requests";
  }

  @Override
  public String promise() {
    return "exact status, one answer each, and no request of others fails";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    URI api = scene.gateway().api().orElseThrow();
    Set<String> wrong = new LinkedHashSet<>();
    for (int round = 0; round < ROUNDS; round++) {
      for (Map.Entry<String, String> request : requests().entrySet()) {
        String answer = send(api, request.getKey());
        if (!answer.equals(request.getValue())) {
          wrong.add(
              "%s was answered with %s, not %s"
                  .formatted(shorten(request.getKey()), shorten(answer), request.getValue()));
        }
      }
    }
    wrong.forEach(scene.notes()::complain);
  }

  private static String shorten(String request) {
    String line = request.replace("\r\n", " ");
    return line.length() <= 120 ? line : line.substring(0, 120) + "...";
  }

  /** All statuses that come back until the gateway closes or falls silent. */
  private static String send(URI api, String request) throws IOException {
    StringBuilder answer = new StringBuilder();
    try (Socket socket = new Socket(api.getHost(), api.getPort())) {
      socket.setSoTimeout(5_000);
      try {
        socket.getOutputStream().write(request.getBytes(StandardCharsets.US_ASCII));
      } catch (IOException e) {
        // Closed before all of it was sent: the answer may be there all the same.
      }
      read(socket.getInputStream(), answer);
    }
    Matcher status = STATUS.matcher(answer);
    String statuses = String.join(" ", status.results().map(r -> r.group(1)).toList());
    return answer.isEmpty() || statuses.isEmpty() ? "no status: " + answer : statuses;
  }

  private static void read(InputStream in, StringBuilder into) {
    byte[] bytes = new byte[4_096];
    try {
      for (int length; (length = in.read(bytes)) > 0; ) {
        into.append(new String(bytes, 0, length, StandardCharsets.ISO_8859_1));
      }
    } catch (SocketTimeoutException e) {
      into.append(" (left open)");
    } catch (IOException e) {
      into.append(" (reset)");
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
    seen.endWithin(Duration.ofSeconds(4));
  }
}
