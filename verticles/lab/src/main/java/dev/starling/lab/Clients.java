package dev.starling.lab;

import io.vertx.core.Future;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.json.DecodeException;
import io.vertx.core.json.JsonObject;
import java.net.URI;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.IntFunction;
import java.util.function.Supplier;

/**
 * Clients of the API, each at an address of its own, so that limits for each source may stay on.
 *
 * <p>A client goes to the other gateway when the connection is refused; when it is closed on the
 * way, only with what may be repeated. All of it runs on one event loop.
 */
final class Clients {
  /** What a client waits, in ms: twice what the gateway allows itself. */
  static final long PATIENCE = 5_000;

  private static final int ATTEMPTS = 4;

  /** In seconds: what the gateway closes just when a client sends is lost. */
  private static final int SHORTER_THAN_THE_GATEWAY = 15;

  private final Vertx vertx;
  private final Supplier<List<URI>> gateways;
  private final IntFunction<String> addresses;
  private final Map<Integer, HttpClient> clients = new HashMap<>();

  /**
   * Makes clients as they are needed.
   *
   * @param gateways where the API is now
   * @param addresses local address of each client
   */
  Clients(Vertx vertx, Supplier<List<URI>> gateways, IntFunction<String> addresses) {
    this.vertx = vertx;
    this.gateways = gateways;
    this.addresses = addresses;
  }

  /** Makes clients whose first request must not wait for that. */
  void prepare(int count) {
    for (int client = 0; client < count; client++) {
      client(client);
    }
  }

  /**
   * Asks as a client; never fails.
   *
   * @param gateway number of the one that is asked first
   */
  Future<Answer> ask(int client, int gateway, Question question) {
    return new Asking(client, gateway, question).attempt();
  }

  private HttpClient client(int client) {
    return clients.computeIfAbsent(
        client,
        c ->
            vertx
                .httpClientBuilder()
                .with(
                    new HttpClientOptions()
                        .setLocalAddress(addresses.apply(c))
                        .setConnectTimeout(1_000)
                        .setKeepAliveTimeout(SHORTER_THAN_THE_GATEWAY))
                .with(new PoolOptions().setHttp1MaxSize(64))
                .withConnectHandler(connection -> connection.exceptionHandler(e -> {}))
                .build());
  }

  /** One question on its way, to one gateway after the other. */
  private final class Asking {
    private final int client;
    private final int first;
    private final Question question;
    private final long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(PATIENCE);
    private int attempts;
    private boolean inDoubt;

    Asking(int client, int first, Question question) {
      this.client = client;
      this.first = first;
      this.question = question;
    }

    Future<Answer> attempt() {
      List<URI> all = gateways.get();
      URI gateway = all.get((first + attempts++) % all.size());
      Future<HttpClientRequest> connected = client(client).request(options(gateway));
      return connected
          .timeout(remaining(), TimeUnit.MILLISECONDS)
          .transform(
              done -> {
                if (done.succeeded()) {
                  return exchange(done.result());
                }
                connected.onSuccess(HttpClientRequest::reset); // too late
                return again("refused", true);
              });
    }

    private RequestOptions options(URI gateway) {
      RequestOptions options =
          new RequestOptions()
              .setMethod(question.method())
              .setHost(gateway.getHost())
              .setPort(gateway.getPort())
              .setURI(question.path());
      question.headers().forEach(options::putHeader);
      return question.body() == null
          ? options
          : options.putHeader("Content-Type", "application/json");
    }

    private Future<Answer> exchange(HttpClientRequest request) {
      Future<HttpClientResponse> sent =
          question.body() == null ? request.send() : request.send(question.body().toBuffer());
      return sent.compose(response -> response.body().map(body -> answer(response, body)))
          .timeout(remaining(), TimeUnit.MILLISECONDS)
          .transform(
              done -> {
                if (done.succeeded()) {
                  return Future.succeededFuture(done.result());
                }
                if (done.cause() instanceof TimeoutException) {
                  request.reset();
                  return Future.succeededFuture(lost("no answer"));
                }
                inDoubt = true;
                return again("closed", question.kind().repeatable());
              });
    }

    private long remaining() {
      return Math.max(1, TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime()));
    }

    private Future<Answer> again(String code, boolean allowed) {
      return allowed && attempts < ATTEMPTS && remaining() > 1
          ? attempt()
          : Future.succeededFuture(lost(code));
    }

    private Answer lost(String code) {
      boolean sent = inDoubt || !code.equals("refused");
      Outcome outcome = sent ? Outcome.UNKNOWN : Outcome.REFUSED;
      return new Answer(outcome, code, new JsonObject());
    }

    private Answer answer(HttpClientResponse response, Buffer body) {
      JsonObject json = json(body);
      String type = json.getString("type", "");
      String problem = type.substring(type.lastIndexOf(':') + 1);
      Outcome outcome = Outcome.of(response.statusCode(), problem);
      String code = (response.statusCode() + " " + problem).strip();
      boolean mute = response.statusCode() == 503 && response.getHeader("Retry-After") == null;
      return new Answer(
          outcome == Outcome.REFUSED && inDoubt ? Outcome.UNKNOWN : outcome,
          mute ? code + " without Retry-After" : code,
          json);
    }

    private static JsonObject json(Buffer body) {
      try {
        return body.length() == 0 ? new JsonObject() : new JsonObject(body);
      } catch (DecodeException | ClassCastException e) {
        return new JsonObject();
      }
    }
  }
}
