package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.List;
import java.util.Map;

/**
 * Uses what commands use, against a server of its own, so that {@code scripts/starling} can make a
 * class-data archive of it where no node runs.
 */
final class Training {
  private static final String ANSWER =
      """
      {"state":"degraded","sentence":"s","node":"n1","findings":
        [{"severity":"problem","subject":"n1","text":"t"}],
       "nodes":[{"name":"n1","state":"up","at":"2026-01-01T00:00:00Z","age":1,
         "started":"2026-01-01T00:00:00Z","services":["a"],"ready":true,"cpu":0.1}],
       "services":[{"service":"a","instances":[{"instance":"a@n1","breaker":"closed"}],"operations":
         [{"operation":"a.b","method":"GET","path":"/b","lately":{"rate":1.5,"p50":1.5,"p99":2.5,
           "failures":{"invalid":1}}}]}],
       "breakers":[{"instance":"a@n1","state":"closed","by":[]}],
       "events":[{"id":"1","at":"2026-01-01T00:00:00Z","node":"n1","kind":"node"}]}
      """;

  private Training() {}

  /** Runs the commands that are typed most. */
  public static void main(String[] args) throws IOException {
    HttpServer server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext(
        "/",
        exchange -> {
          byte[] bytes = ANSWER.getBytes(UTF_8);
          exchange.sendResponseHeaders(200, bytes.length);
          exchange.getResponseBody().write(bytes);
          exchange.close();
        });
    server.start();
    Path token = Files.createTempFile("token", "");
    Files.writeString(token, "00");
    Map<String, String> environment =
        Map.of(
            Clusters.OPERATOR,
            "http://127.0.0.1:" + server.getAddress().getPort(),
            Clusters.TOKEN_FILE,
            token.toString());
    for (String command : List.of("status", "nodes", "services", "breakers", "events")) {
      Session session =
          new Session(
              new ByteArrayInputStream(new byte[0]),
              Silence.OUT,
              Silence.OUT,
              environment,
              token.getParent(),
              true,
              Clock.systemUTC());
      Starling.of(session, command).execute(command);
    }
    Files.delete(token);
    server.stop(0);
  }
}
