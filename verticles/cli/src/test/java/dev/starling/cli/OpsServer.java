package dev.starling.cli;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An operator port that answers what real nodes once answered. */
final class OpsServer implements AutoCloseable {
  static final String TOKEN = "0123456789abcdef0123456789abcdef";

  private static final String PROBLEM =
      "{\"type\":\"urn:starling:problem:unauthenticated\",\"status\":401,\"detail\":\"no\"}";

  static {
    // Head and body are two packets, the second of which would wait 40 ms for the other side's
    // word.
    System.setProperty("sun.net.httpserver.nodelay", "true");
  }

  private final String scene;
  private final HttpServer server;
  private final ExecutorService threads = Executors.newCachedThreadPool();
  private final Map<String, String> instead = new ConcurrentHashMap<>();
  private volatile Runnable beforeCalls = () -> {};
  private final List<String> requests = new CopyOnWriteArrayList<>();
  private final List<String> asked = new CopyOnWriteArrayList<>();
  private final List<String> operators = new CopyOnWriteArrayList<>();
  private final List<String> tokens = new CopyOnWriteArrayList<>();

  /**
   * A server.
   *
   * @param scene directory of what was recorded
   */
  OpsServer(String scene) throws IOException {
    this.scene = scene;
    this.server =
        HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 256);
    server.setExecutor(threads);
    server.createContext("/ops/", this::answer);
    server.createContext("/health/live", this::live);
    server.createContext(
        "/metrics/cluster",
        exchange -> send(exchange, 200, "starling_flock_node_up{node=\"n1\"} 1.0\n"));
    server.start();
  }

  String address() {
    return "http://127.0.0.1:" + port();
  }

  int port() {
    return server.getAddress().getPort();
  }

  /** What was asked for and told, as {@code PUT drain/n2 {}}. */
  List<String> requests() {
    return requests;
  }

  /** What was looked at, as {@code calls?limit=500}. */
  List<String> asked() {
    return asked;
  }

  /** What was shown to whoever asked only who is there. */
  List<String> tokens() {
    return tokens;
  }

  /** Who gave the orders, as it was sent. */
  List<String> operators() {
    return operators;
  }

  /** Answers a view otherwise than recorded. */
  OpsServer answer(String view, String json) {
    instead.put(view, json);
    return this;
  }

  /** Does something before each call is answered. */
  void beforeCalls(Runnable task) {
    beforeCalls = task;
  }

  String recorded(String name) {
    String text = instead.containsKey(name) ? instead.get(name) : resource(name);
    return text == null ? null : text.strip();
  }

  private String resource(String name) {
    for (String place : List.of(scene, "healthy")) {
      try (InputStream in =
          OpsServer.class.getResourceAsStream("recorded/" + place + "/" + name + ".json")) {
        if (in != null) {
          return new String(in.readAllBytes(), UTF_8);
        }
      } catch (IOException e) {
        throw new UncheckedIOException(e);
      }
    }
    return null;
  }

  private void live(HttpExchange exchange) throws IOException {
    tokens.addAll(exchange.getRequestHeaders().getOrDefault("Authorization", List.of()));
    send(exchange, 200, recorded("live"));
  }

  private void answer(HttpExchange exchange) throws IOException {
    String path = exchange.getRequestURI().getPath().substring("/ops/".length());
    String query = exchange.getRequestURI().getQuery();
    String method = exchange.getRequestMethod();
    String body = new String(exchange.getRequestBody().readAllBytes(), UTF_8);
    if (!("Bearer " + TOKEN).equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
      send(exchange, 401, PROBLEM);
      return;
    }
    if (method.equals("GET")) {
      asked.add(exchange.getRequestURI().toString().substring("/ops/".length()));
      String recorded = recorded(path);
      send(exchange, recorded == null ? 404 : 200, recorded == null ? PROBLEM : recorded);
      return;
    }
    operators.add(exchange.getRequestHeaders().getFirst("Starling-Operator"));
    if (path.equals("calls")) {
      beforeCalls.run();
    }
    String key = path.replace("desired/", "");
    requests.add(
        method
            + " "
            + key
            + (query == null ? "" : "?" + query)
            + (body.isEmpty() ? "" : " " + body));
    if (method.equals("DELETE")) {
      boolean there = recorded("desired").contains("\"" + key + "\"");
      send(exchange, there ? 204 : 404, there ? "" : recorded("DELETE-none"));
      return;
    }
    String name = method + "-" + key.replace('/', '-');
    String state = body.replaceAll(".*\"(?:state|kind)\":\"(\\w+)\".*", "-$1");
    String answer = recorded(body.equals(state) ? name : name + state);
    if (body.contains("wrong") || body.contains("100000000")) {
      answer = recorded(name + "-refused");
    }
    answer = answer == null ? recorded(name) : answer;
    boolean problem = answer.startsWith("{\"type\"");
    send(exchange, problem ? (int) Json.read(answer).number("status") : 200, answer);
  }

  private static void send(HttpExchange exchange, int status, String text) throws IOException {
    byte[] bytes = text.getBytes(UTF_8);
    exchange.getResponseHeaders().set("Content-Type", "application/json");
    exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
    exchange.getResponseBody().write(bytes);
    exchange.close();
  }

  @Override
  public void close() {
    server.stop(0);
    threads.shutdownNow();
  }
}
