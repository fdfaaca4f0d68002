package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.vertx.core.json.JsonArray;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code scripts/starling}, as it is typed, at two nodes; needs bash. */
class CommandLineIT {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final String SCRIPT =
      Path.of("../../scripts/starling").toAbsolutePath().normalize().toString();

  @TempDir private Path directory;

  /**
   * What came of a command.
   *
   * @param millis that it took, all of it
   */
  private record Result(int exit, String out, String err, long millis) {
    JsonObject json() {
      return new JsonObject(out);
    }
  }

  private StarlingProcess.Builder node(String name) {
    return StarlingProcess.in(directory).onAnyPort().inCluster().with("node.name", name);
  }

  private Result type(String operator, String input, String... arguments) throws Exception {
    Path in = Files.writeString(directory.resolve("in"), input);
    Path out = directory.resolve("out");
    Path err = directory.resolve("err");
    ProcessBuilder builder = command(operator, arguments);
    builder.redirectInput(in.toFile()).redirectOutput(out.toFile()).redirectError(err.toFile());
    long begin = System.nanoTime();
    Process process = builder.start();
    if (!process.waitFor(60, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(builder.command() + " did not end: " + Files.readString(err));
    }
    long millis = (System.nanoTime() - begin) / 1_000_000;
    return new Result(process.exitValue(), Files.readString(out), Files.readString(err), millis);
  }

  private ProcessBuilder command(String operator, String... arguments) {
    List<String> command = new ArrayList<>(List.of(SCRIPT));
    command.addAll(List.of(arguments));
    ProcessBuilder builder = new ProcessBuilder(command);
    builder.environment().keySet().removeIf(name -> name.startsWith("STARLING_"));
    builder.environment().put("HOME", directory.toString());
    builder.environment().put("JAVA_HOME", System.getProperty("java.home"));
    builder.environment().put("STARLING_OPERATOR", operator);
    builder
        .environment()
        .put("STARLING_TOKEN_FILE", directory.resolve("data/secrets/operator").toString());
    return builder;
  }

  private static Stream<JsonObject> each(JsonArray list) {
    return list.stream().map(JsonObject.class::cast);
  }

  @Test
  void showsCallsAndOrdersAtTwoNodes() throws Exception {
    try (StarlingProcess first = node("n1").start();
        StarlingProcess second = node("n2").start()) {
      String one = first.operator().toString();
      String two = second.operator().toString();
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                Result status = type(one, "", "status");
                assertThat(status.out()).startsWith("● healthy  2 nodes, 1 service, all healthy");
                assertThat(status.exit()).isZero();
              });
      assertThat(startsWithin(one)).isLessThan(1_000);

      assertThat(type(two, "", "nodes").out()).contains("n1 ", "n2 ", "● up");
      assertThat(each(type(two, "", "nodes", "--json").json().getJsonArray("nodes"))).hasSize(2);
      assertThat(type(one, "", "services").out()).contains("user@n1", "user@n2", "user.login");
      assertThat(type(one, "", "describe", "user.login").out()).contains("POST /api/login");

      callsAsAUser(one);
      callsOneNode(one);
      sendsMessages(two);
      followsCalls(two);
      opensABreaker(one, two);
      drainsANode(one, two);
      assertThat(type(one, "", "doctor", "--ports", "1-1").out())
          .contains("each node sees 2", "all nodes are within two seconds of this clock");

      assertThat(second.stop()).isZero();
      await().atMost(SOON).until(() -> type(one, "", "status").out().contains("1 node, "));
      assertThat(first.stop()).isZero();
      Result gone = type(one, "", "status");
      assertThat(gone.exit()).isEqualTo(2);
      assertThat(gone.out()).isEmpty();
      assertThat(gone.err()).contains("cannot be reached", "why:", "next:");
      assertThat(type(one, "", "staus").exit()).isEqualTo(64);
    }
  }

  /** The least of some starts, the first of which makes the archive: other work only adds to it. */
  private long startsWithin(String operator) throws Exception {
    List<Long> millis = new ArrayList<>();
    for (int i = 0; i < 9; i++) {
      millis.add(type(operator, "", "status").millis());
    }
    System.out.println("starling status took " + millis + " ms");
    return Collections.min(millis);
  }

  private void callsAsAUser(String operator) throws Exception {
    String password = Client.PASSWORD + "\n";
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              Result made =
                  type(operator, password, "call", "user.register", "username=ada", "password=@-");
              assertThat(made.exit() == 0 || made.err().contains("conflict"))
                  .as(made.err())
                  .isTrue();
            });
    Path token = directory.resolve("token");
    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              Result login =
                  type(operator, password, "call", "user.login", "username=ada", "password=@-");
              assertThat(login.exit()).as(login.err()).isZero();
              Files.writeString(token, login.json().getString("access_token"));
            });
    Result me =
        succeeds(() -> type(operator, "", "call", "user.me", "--token-file", token.toString()));
    assertThat(me.json().getString("username")).isEqualTo("ada");

    await()
        .atMost(SOON)
        .untilAsserted(
            () -> {
              Result refused =
                  type(operator, "wrong", "call", "user.login", "username=ada", "password=@-");
              assertThat(refused.exit()).isEqualTo(1);
              assertThat(refused.out()).isEmpty();
              assertThat(refused.err()).contains("urn:starling:problem:unauthenticated", "next:");
            });
  }

  /** What a node does for the first time may take it too long on a busy machine. */
  private static Result succeeds(Callable<Result> command) {
    return await().atMost(SOON).until(command, result -> result.exit() == 0);
  }

  private void callsOneNode(String operator) throws Exception {
    String token = directory.resolve("token").toString();
    for (String node : List.of("n1", "n2")) {
      Result me =
          succeeds(
              () ->
                  type(
                      operator,
                      "",
                      "call",
                      "user.me",
                      "--token-file",
                      token,
                      "--node",
                      node,
                      "--trace"));
      assertThat(me.json().getString("username")).isEqualTo("ada");
      assertThat(me.err().lines())
          .anyMatch(line -> line.matches("user\\.me +n1 +made .*● ok"))
          .anyMatch(line -> line.matches(" {2}user@" + node + " +n1 +- .*● ok"))
          .anyMatch(line -> line.matches(" {4}user\\.me +" + node + " +done .*● ok"))
          .anyMatch(line -> line.matches(" {6}token +" + node + " .*● ok"))
          .noneMatch(line -> node.equals("n1") && line.contains("n2"));

      String id = me.err().replaceAll("(?s).*Trace (\\w{32}) .*", "$1");
      Result trace = type(operator, "", "trace", id);
      assertThat(trace.exit()).as(trace.err()).isZero();
      assertThat(me.err()).endsWith(trace.out());
      assertThat(each(type(operator, "", "trace", id, "--json").json().getJsonArray("calls")))
          .extracting(call -> call.getString("side") + " " + call.getString("node"))
          .contains("made n1", "done " + node);
    }
    Result none = type(operator, "", "call", "user.keys", "--node", "n9");
    assertThat(none.exit()).isEqualTo(1);
    assertThat(none.err()).contains("The service user has no instance on n9, but on n1, n2");
    Result unknown = type(operator, "", "trace", "0".repeat(32));
    assertThat(unknown.exit()).isEqualTo(1);
    assertThat(unknown.err()).contains("No node remembers the trace");
  }

  private void sendsMessages(String operator) throws Exception {
    Result keys = type(operator, "{}", "send", "user.keys", "@-", "--wait", "5s");
    assertThat(keys.exit()).as(keys.err()).isZero();
    assertThat(keys.json().getJsonArray("keys")).isNotEmpty();
    Result refused = type(operator, "", "send", "user.login", "{\"username\":7}", "--wait", "5s");
    assertThat(refused.exit()).isEqualTo(1);
    assertThat(refused.err()).contains("urn:starling:problem:malformed");
    assertThat(type(operator, "", "send", "user.keys", "{}").exit()).isZero();
    assertThat(type(operator, "", "publish", "user.keys", "{}").exit()).isZero();
    for (String command : List.of("send", "publish")) {
      Result none = type(operator, "", command, "nobody.there", "{}");
      assertThat(none.exit()).isEqualTo(1);
      assertThat(none.err()).contains("Nobody listens at nobody.there");
      Result internal = type(operator, "", command, "starling.desired", "{}");
      assertThat(internal.exit()).isEqualTo(1);
      assertThat(internal.err()).contains("are for nodes themselves");
    }
    assertThat(type(operator, "", "events").out())
        .contains("was sent a request", "was sent a message", "was published a message");
  }

  /** From both nodes, at one of them, while they come; the trace that it shows can be shown. */
  private void followsCalls(String operator) throws Exception {
    Path out = directory.resolve("tailed");
    Process tail =
        command(operator, "tail", "--last", "0", "--operation", "user.login", "--failed")
            .redirectOutput(out.toFile())
            .redirectError(directory.resolve("tail-err").toFile())
            .start();
    try {
      await().atMost(SOON).until(() -> Files.exists(out) && Files.size(out) > 0);
      await()
          .atMost(SOON)
          .untilAsserted(
              () -> {
                type(operator, "wrong", "call", "user.login", "username=eve", "password=@-");
                assertThat(Files.readString(out).lines())
                    .anyMatch(line -> line.matches(".* done +user\\.login .*■ .*"))
                    .anyMatch(line -> line.matches(".* made +user\\.login .*■ .*"));
              });
      List<String> lines = Files.readAllLines(out);
      assertThat(lines.get(0)).matches("TIME +NODE +SIDE +OPERATION +TOOK +OUTCOME +TRACE");
      String id = lines.get(1).replaceAll(".* ", "");
      assertThat(type(operator, "", "trace", id).out()).contains("Trace " + id, "user.login");
      tail.destroy(); // as Ctrl-C, a signal that ends it
      assertThat(tail.waitFor(10, TimeUnit.SECONDS)).isTrue();
    } finally {
      tail.destroyForcibly();
    }
    Result slow = type(operator, "", "tail", "--slow", "0ms", "--count", "1", "--json");
    assertThat(slow.json().getJsonObject("call").getString("trace")).hasSize(32);
  }

  private void opensABreaker(String one, String two) throws Exception {
    assertThat(type(two, "", "breaker", "open", "user@n1", "--for", "5m").exit()).isZero();
    for (String operator : List.of(one, two)) {
      await().atMost(SOON).until(() -> seenBy(operator, "open").equals(List.of("n1", "n2")));
      assertThat(type(operator, "", "breakers").out()).contains("■ open");
      Result status = type(operator, "", "status");
      assertThat(status.exit()).isEqualTo(1);
      assertThat(status.out()).startsWith("■ degraded  user on n1: breaker open at n1 and n2");
    }
    assertThat(type(one, "", "breaker", "auto", "user@n1").exit()).isZero();
    for (String operator : List.of(one, two)) {
      await().atMost(SOON).until(() -> type(operator, "", "status").exit() == 0);
      assertThat(seenBy(operator, "open")).isEmpty();
    }
    assertThat(type(one, "", "breaker", "open", "user@n9").exit()).isEqualTo(1);
  }

  /** Which nodes say of the first one's instance that its breaker is so. */
  private List<String> seenBy(String operator, String state) throws Exception {
    return each(type(operator, "", "breakers", "--json").json().getJsonArray("breakers"))
        .filter(breaker -> breaker.getString("instance").equals("user@n1"))
        .flatMap(breaker -> each(breaker.getJsonArray("by")))
        .filter(by -> by.getString("state").equals(state))
        .map(by -> by.getString("node"))
        .sorted()
        .toList();
  }

  private void drainsANode(String one, String two) throws Exception {
    assertThat(type(one, "", "node", "drain", "n2").exit()).isZero();
    for (String operator : List.of(one, two)) {
      await().atMost(SOON).until(() -> type(operator, "", "nodes").out().contains("◐ drained"));
    }
    assertThat(type(two, "", "node", "resume", "n2").exit()).isZero();
    await().atMost(SOON).until(() -> !type(one, "", "nodes").out().contains("drained"));
    assertThat(type(one, "", "node", "drain", "n9").exit()).isEqualTo(1);
  }

  @Test
  void completesInBash() throws IOException, InterruptedException {
    Path script = directory.resolve("completion");
    Process process =
        new ProcessBuilder(
                "bash",
                "-c",
                "set -e; '%s' completion bash > '%s'; source '%s'; compopt() { :; }; COMP_WORDS=(starling brea);"
                        .formatted(SCRIPT, script, script)
                    + " COMP_CWORD=1; COMP_LINE='starling brea'; _complete_starling;"
                    + " echo \"${COMPREPLY[*]}\"")
            .redirectErrorStream(true)
            .start();
    String said = new String(process.getInputStream().readAllBytes());
    assertThat(process.waitFor()).as(said).isZero();
    assertThat(said).contains("breaker", "breakers");
  }
}
