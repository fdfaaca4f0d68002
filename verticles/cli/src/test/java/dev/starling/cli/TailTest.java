package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Calls as they come. */
@Timeout(60)
class TailTest {
  private static final Duration SOON = Duration.ofSeconds(30);

  @TempDir private Path home;

  private static String call(String at, String node) {
    return "{\"trace\":\"%s\",\"at\":\"2026-11-26T10:00:%sZ\",\"node\":\"%s\",\"side\":\"done\",\"operation\":\"lab.echo\",\"outcome\":\"ok\",\"millis\":1.5,\"steps\":[]}"
        .formatted(at.replace(".", "").repeat(32).substring(0, 32), at, node);
  }

  private static String calls(String... calls) {
    return "{\"calls\":[" + String.join(",", calls) + "],\"silent\":[]}";
  }

  @Test
  @DisplayName("operator.md: tail asks for what is wanted, and nothing else")
  void asksForWhatIsWanted() throws IOException {
    try (OpsServer server = new OpsServer("healthy")) {
      Typed typed = Typed.at(server, home);
      typed.run("tail", "--count", "1", "--service", "user", "--slow", "100ms", "--failed");
      typed.run("tail", "--count", "1", "--operation", "user.login");
      typed.run("tail", "--count", "1", "--operation", "log&in");
      assertThat(server.asked())
          .containsExactly(
              "calls?limit=500&service=user&slower=100ms&failed=true",
              "calls?limit=500&service=user&operation=login",
              "calls?limit=500&operation=log%26in");
    }
  }

  @Test
  @DisplayName(
      "operator.md: tail shows each call once, also one that a node with a late clock tells")
  void showsEachCallOnce() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      server.answer("calls", calls(call("10.1", "n1"), call("10.2", "n1")));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      CompletableFuture<Integer> ended =
          CompletableFuture.supplyAsync(
              () -> start(server, out, "tail", "--last", "1", "--count", "3"));
      waitFor("10:00:10.200", out);
      String late = call("09.9", "n2");
      server.answer("calls", calls(late, call("10.1", "n1"), call("10.2", "n1")));
      waitFor("10:00:09.900", out);
      server.answer("calls", calls(late, call("10.2", "n1"), call("11.0", "n1")));
      assertThat(ended.get(30, TimeUnit.SECONDS)).isZero();
      assertThat(out.toString(StandardCharsets.UTF_8).lines().map(line -> line.split(" ")[0]))
          .containsExactly("TIME", "10:00:10.200", "10:00:09.900", "10:00:11.000");
      assertThat(server.asked().get(1)).endsWith("&since=2026-11-26T09:59:10.200Z");
    }
  }

  @Test
  @DisplayName("operator.md: tail shows no more than --count says, also where more come at once")
  void showsNoMoreThanAreLeft() throws Exception {
    try (OpsServer server = new OpsServer("healthy")) {
      server.answer("calls", calls(call("10.1", "n1"), call("10.2", "n1")));
      ByteArrayOutputStream out = new ByteArrayOutputStream();
      CompletableFuture<Integer> ended =
          CompletableFuture.supplyAsync(() -> start(server, out, "tail", "--count", "3"));
      waitFor("10:00:10.200", out);
      server.answer("calls", calls(call("11.1", "n1"), call("11.2", "n1"), call("11.3", "n1")));
      assertThat(ended.get(30, TimeUnit.SECONDS)).isZero();
      assertThat(out.toString(StandardCharsets.UTF_8).lines().map(line -> line.split(" ")[0]))
          .containsExactly("TIME", "10:00:10.100", "10:00:10.200", "10:00:11.100");
    }
  }

  private static void waitFor(String text, ByteArrayOutputStream in) {
    await().atMost(SOON).until(() -> in.toString(StandardCharsets.UTF_8).contains(text));
  }

  private Integer start(OpsServer server, ByteArrayOutputStream out, String... arguments) {
    try {
      Session session = Typed.at(server, home).session(out, new ByteArrayOutputStream());
      return Starling.of(session, "tail").execute(arguments);
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  @DisplayName("operator.md: tail goes on when the node is lost, and says so; a refusal ends it")
  void goesOnThroughALoss() throws Exception {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    OpsServer server = new OpsServer("healthy");
    server.answer("calls", calls(call("10.1", "n1")));
    Session session = Typed.at(server, home).session(out, err);
    Thread tail = new Thread(() -> Starling.of(session, "tail").execute("tail"));
    tail.start();
    waitFor("10:00:10.100", out);
    server.close();
    waitFor("trying again every second", err);
    assertThat(tail.isAlive()).isTrue();
    tail.interrupt();
    tail.join();

    try (OpsServer refusing = new OpsServer("healthy")) {
      Typed.Result result =
          Typed.at(refusing, home)
              .with(Clusters.TOKEN_FILE, home.resolve("none").toString())
              .run("tail");
      assertThat(result.exit()).isEqualTo(Exit.UNREACHABLE);
    }
  }
}
