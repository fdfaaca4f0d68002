package dev.starling.lab;

import io.vertx.core.Vertx;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Whether the time of a refused log-in tells that there is such a user: pairs of a name that is
 * there and one that is not, in turn, each name once, each from a network of its own.
 */
final class Timing implements Part {
  private static final int PAIRS = 200;
  private static final int WARMING = 40;

  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private int visitors;

  @Override
  public String name() {
    return "timing";
  }

  @Override
  public String about() {
    return "refused log-ins of names that are there, beside others (EN3)";
  }

  @Override
  public void run(Programs programs, Vertx vertx, Pace pace, Findings findings) throws Exception {
    URI api =
        programs
            .node(
                "alone", Map.of("services", "user,gateway", "http.trusted-proxies", Source.PROXIES))
            .awaitApi();
    for (int i = 0; i < PAIRS + WARMING; i++) {
      expect(201, post(api.resolve("/api/users"), Account.credentials("known-" + i)));
    }
    List<Double> known = new ArrayList<>();
    List<Double> unknown = new ArrayList<>();
    for (int i = 0; i < PAIRS + WARMING; i++) {
      boolean first = i % 2 == 0;
      double one = refused(api, (first ? "known-" : "nobody-") + i);
      double other = refused(api, (first ? "nobody-" : "known-") + i);
      if (i >= WARMING) {
        known.add(first ? one : other);
        unknown.add(first ? other : one);
      }
    }
    double ofKnown = Spread.of(known).median();
    double ofUnknown = Spread.of(unknown).median();
    findings
        .notes()
        .add(
            "refused log-ins, median of %d: %.2f ms of a name that is there, %.2f ms of another: %+.1f %%; Mann-Whitney p = %.3f"
                .formatted(
                    PAIRS,
                    ofKnown,
                    ofUnknown,
                    100 * (ofKnown / ofUnknown - 1),
                    RankSum.p(known, unknown)));
  }

  /** Milliseconds. */
  private double refused(URI api, String name) throws IOException, InterruptedException {
    JsonObject wrong = Account.credentials(name).put("password", "not the password of it");
    long begin = System.nanoTime();
    HttpResponse<String> answer = post(api.resolve("/api/login"), wrong);
    double millis = (System.nanoTime() - begin) / 1e6;
    expect(401, answer);
    return millis;
  }

  private HttpResponse<String> post(URI address, JsonObject body)
      throws IOException, InterruptedException {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(address)
            .header("Content-Type", "application/json")
            .POST(BodyPublishers.ofString(body.encode()));
    Source.of(visitors++).forEach(request::header);
    return client.send(request.build(), BodyHandlers.ofString());
  }

  private static void expect(int status, HttpResponse<String> answer) {
    if (answer.statusCode() != status) {
      throw new LabException(answer.uri() + ": " + answer.statusCode() + " " + answer.body());
    }
  }
}
