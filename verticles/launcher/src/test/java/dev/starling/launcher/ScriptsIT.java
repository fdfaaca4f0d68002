package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import dev.starling.runtime.Certificate;
import io.vertx.core.json.JsonObject;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts and the commands of the README, as they are typed; needs bash, curl and openssl. */
@Tag("machine")
class ScriptsIT {
  private static final Path ROOT = Path.of("../..").toAbsolutePath().normalize();
  private static final Pattern EXAMPLE = Pattern.compile("(?s)(curl .*?)\n# (\\d+) ");

  @TempDir private Path directory;

  private record Result(int code, String output, String errors) {}

  private Result run(Map<String, String> environment, String... command)
      throws IOException, InterruptedException {
    Path output = Files.createTempFile(directory, "out", ".log");
    Path errors = Files.createTempFile(directory, "err", ".log");
    ProcessBuilder builder = new ProcessBuilder(command).directory(ROOT.toFile());
    builder.environment().putAll(environment);
    Process process =
        builder.redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
    if (!process.waitFor(120, TimeUnit.SECONDS)) {
      process.destroyForcibly();
      throw new AssertionError(List.of(command) + " did not end:\n" + Files.readString(errors));
    }
    return new Result(process.exitValue(), Files.readString(output), Files.readString(errors));
  }

  @Test
  void theExamplesOfTheReadmeAnswerWhatItSays() throws Exception {
    try (StarlingProcess node = StarlingProcess.in(directory).onAnyPort().start()) {
      String commands = block("api", node);
      List<String> ran = new ArrayList<>();
      Matcher example = EXAMPLE.matcher(commands);
      while (example.find()) {
        Result result = run(Map.of(), "bash", "-c", example.group(1));
        assertThat(result.output()).as(example.group(1)).contains("HTTP/1.1 " + example.group(2));
        ran.add(example.group(1));
      }
      assertThat(ran).hasSize(8);
    }
  }

  /** In the order in which they are read: each finds what those before it have left. */
  @Test
  void theAccountsOfTheReadmeAnswerWhatItSays() throws Exception {
    try (StarlingProcess node = StarlingProcess.in(directory).onAnyPort().start()) {
      Client client = new Client(node.api());
      assertThat(client.register("ada").statusCode()).isEqualTo(201);

      assertThat(answers(block("sessions", node))).hasSize(6);
      assertThat(answers(block("administration", node))).hasSize(5);
      assertThat(client.login("bob").statusCode()).isEqualTo(401);
    }
  }

  /** The commands of a block of the README, at this node. */
  private String block(String name, StarlingProcess node) throws IOException {
    Matcher block =
        Pattern.compile("(?s)<!-- test: " + name + " -->\n```sh\n(.*?)```")
            .matcher(Files.readString(ROOT.resolve("README.md")));
    assertThat(block.find()).isTrue();
    return block
        .group(1)
        .replace("~/.starling", directory.resolve("data").toString())
        .replace("http://127.0.0.1:8080", node.api().toString())
        .replace("http://127.0.0.1:8090", node.admin().toString())
        .replace("http://127.0.0.1:9090", node.operator().toString());
  }

  /** What all commands of a block were answered, which is what it says. */
  private List<String> answers(String commands) throws IOException, InterruptedException {
    List<String> promised = found("(?m)^# (\\d+) ", commands);
    Result result = run(Map.of(), "bash", "-c", commands);
    assertThat(found("HTTP/1.1 (\\d+) ", result.output())).as(result.output()).isEqualTo(promised);
    return promised;
  }

  private static List<String> found(String pattern, String text) {
    return Pattern.compile(pattern).matcher(text).results().map(m -> m.group(1)).toList();
  }

  @Test
  void theOrdersOfTheReadmeAreTaken() throws Exception {
    try (StarlingProcess node = StarlingProcess.in(directory).onAnyPort().start()) {
      String commands = block("ops", node);
      String function = commands.substring(0, commands.indexOf("\n\n") + 1);
      Matcher order = Pattern.compile("(?m)^(operator -?.*)\n# (\\d+) ").matcher(commands);
      int orders = 0;
      while (order.find()) {
        Result result = run(Map.of(), "bash", "-c", function + order.group(1));
        assertThat(result.output()).as(order.group(1)).contains("HTTP/1.1 " + order.group(2));
        orders++;
      }
      assertThat(orders).isEqualTo(4);
    }
  }

  @Test
  void theFlockOfTheReadmeIsShown() throws Exception {
    try (StarlingProcess node = StarlingProcess.in(directory).onAnyPort().start()) {
      Client client = new Client(node.api());
      assertThat(client.register("ada").statusCode()).isEqualTo(201);
      assertThat(client.login("ada").statusCode()).isEqualTo(200);
      String commands = block("flock", node);
      String function = commands.substring(0, commands.indexOf("\n\n") + 1);
      Matcher look = Pattern.compile("(?m)^(look .*)\n# ([^…]*)…").matcher(commands);
      int looks = 0;
      while (look.find()) {
        Awaitility.await() // reports are a second old
            .untilAsserted(
                () ->
                    assertThat(run(Map.of(), "bash", "-c", function + look.group(1)).output())
                        .startsWith(look.group(2).strip()));
        looks++;
      }
      assertThat(looks).isEqualTo(3);
    }
  }

  @Test
  void theCommandLineOfTheReadmeEndsAsItSays() throws Exception {
    try (StarlingProcess node = StarlingProcess.in(directory).onAnyPort().start()) {
      Map<String, String> environment =
          Map.of(
              "TMPDIR",
              directory.toString(),
              "HOME",
              directory.toString(),
              "STARLING_OPERATOR",
              node.operator().toString(),
              "STARLING_TOKEN_FILE",
              directory.resolve("data/secrets/operator").toString());
      Client client = new Client(node.api());
      assertThat(client.register("warm").statusCode()).isEqualTo(201);
      assertThat(client.login("warm").statusCode()).isEqualTo(200);
      Matcher command =
          Pattern.compile("(?m)^(.*scripts/starling .*)\n# (\\d+): (.*)")
              .matcher(block("command line", node));
      int commands = 0;
      while (command.find()) {
        Result result = run(environment, "bash", "-c", command.group(1));
        assertThat(result.code())
            .as(command.group(1) + ": " + result.output() + result.errors())
            .isEqualTo(Integer.parseInt(command.group(2)));
        commands++;
      }
      assertThat(commands).isEqualTo(12);
    }
  }

  @Test
  void sendPrintsTheReplyOrTheRefusal() throws Exception {
    try (StarlingProcess node =
        StarlingProcess.in(directory)
            .onAnyPort()
            .with("cluster.name", "scripts")
            .arguments("-cluster")
            .start()) {
      new Client(node.api()).register("ada");
      Map<String, String> environment =
          Map.of(
              "STARLING_DATA_DIRECTORY",
              directory.resolve("data").toString(),
              "STARLING_CLUSTER_NAME",
              "scripts");
      String right = Client.credentials("ada").encode();
      Result sent = run(environment, "scripts/send", "user.login", right);
      assertThat(sent.code()).as(sent.errors()).isZero();
      assertThat(new JsonObject(sent.output()).getString("token_type")).isEqualTo("Bearer");

      String wrong = Client.credentials("ada").put("password", "wrong").encode();
      Result refused = run(environment, "scripts/send", "user.login", wrong);
      assertThat(refused.code()).isEqualTo(1);
      assertThat(refused.output()).isEmpty();
      assertThat(refused.errors()).contains("401 ");

      assertThat(run(environment, "scripts/send", "user.login", "{").code()).isEqualTo(2);
    }
  }

  @Test
  void certsMakesWhatTheNodesOfAClusterNeed() throws Exception {
    Path certs = directory.resolve("certs");
    Result made = run(Map.of(), "scripts/certs", certs.toString(), "one", "two");
    assertThat(made.code()).as(made.errors()).isZero();
    String authority = Files.readString(certs.resolve("ca.crt"));
    assertThat(run(Map.of(), "scripts/certs", certs.toString(), "three").code()).isZero();
    assertThat(Files.readString(certs.resolve("ca.crt"))).isEqualTo(authority);
    for (String key : List.of("ca.key", "one/tls.key", "two/tls.key", "three/tls.key")) {
      assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(certs.resolve(key))))
          .isEqualTo("rw-------");
    }
    for (String node : List.of("one", "two", "three")) {
      Certificate.ofMember("cluster.tls", certs.resolve(node));
    }

    String key = Files.readString(certs.resolve("one/tls.key"));
    Result again = run(Map.of(), "scripts/certs", certs.toString(), "four", "one");
    assertThat(again.code()).isEqualTo(1);
    assertThat(again.errors()).contains("certs/one is there already");
    assertThat(Files.readString(certs.resolve("one/tls.key"))).isEqualTo(key);
    assertThat(certs.resolve("four")).doesNotExist();
    assertThat(run(Map.of(), "scripts/certs", certs.toString(), "../five").code()).isEqualTo(2);
    Files.delete(certs.resolve("ca.key"));
    Result without = run(Map.of(), "scripts/certs", certs.toString(), "six");
    assertThat(without.code()).isEqualTo(1);
    assertThat(without.errors()).contains("needs a ca.crt and its ca.key");
    try (var files = Files.list(certs)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .containsExactlyInAnyOrder("ca.crt", "one", "two", "three");
    }
  }

  @Test
  void sendJoinsAClusterWithTls() throws Exception {
    String certs = directory.resolve("certs").toString();
    assertThat(run(Map.of(), "scripts/certs", certs, "node", "me").code()).isZero();
    try (StarlingProcess node =
        StarlingProcess.in(directory)
            .onAnyPort()
            .with("cluster.name", "scripts-tls")
            .with("cluster.tls", certs + "/node")
            .arguments("-cluster")
            .start()) {
      new Client(node.api()).register("ada");
      Map<String, String> environment =
          Map.of(
              "STARLING_DATA_DIRECTORY",
              directory.resolve("data").toString(),
              "STARLING_CLUSTER_NAME",
              "scripts-tls",
              "STARLING_CLUSTER_TLS",
              certs + "/me");
      Result sent =
          run(environment, "scripts/send", "user.login", Client.credentials("ada").encode());
      assertThat(sent.code()).as(sent.errors()).isZero();
      assertThat(new JsonObject(sent.output()).getString("token_type")).isEqualTo("Bearer");
    }
  }

  @Test
  @DisplayName("AU6 scripts/audit says whether the audit log was changed, and where")
  void auditNamesTheFirstEntryThatWasAltered() throws Exception {
    try (Postgres postgres = new Postgres(directory);
        StarlingProcess node =
            StarlingProcess.in(directory)
                .onAnyPort()
                .with("database.url", postgres.url())
                .start()) {
      Client client = new Client(node.api());
      client.register("ada");
      postgres.query("UPDATE users SET roles = '{user,admin}'");
      JsonObject tokens = new JsonObject(client.login("ada").body());
      Map<String, String> token = Map.of("STARLING_TOKEN", tokens.getString("access_token"));
      String admin = node.admin().toString();
      Awaitility.await()
          .until(() -> postgres.number("SELECT count(*) FROM audit WHERE position IS NULL") == 0);

      Result whole = run(token, "scripts/audit", admin);
      assertThat(whole.code()).as(whole.errors()).isZero();
      assertThat(whole.output()).startsWith("2 entries are as they were sealed");
      String end = whole.output().lines().toList().get(1);
      assertThat(run(token, "scripts/audit", admin, end).output()).startsWith("0 entries");
      postgres.query("UPDATE audit SET action = 'altered' WHERE position = 2");
      Result altered = run(token, "scripts/audit", admin);
      assertThat(altered.code()).isEqualTo(1);
      assertThat(altered.output()).contains("position 2: entry 2, altered");
      assertThat(run(token, "scripts/audit", admin, end).code()).isEqualTo(1);
      assertThat(run(Map.of("STARLING_TOKEN", "x"), "scripts/audit", admin).code()).isEqualTo(2);
      assertThat(run(Map.of(), "scripts/audit", admin).code()).isEqualTo(2);
    }
  }

  @Test
  void eachScriptExplainsItself() throws Exception {
    try (var scripts = Files.list(ROOT.resolve("scripts"))) {
      for (Path script : scripts.filter(Files::isRegularFile).toList()) {
        Result help = run(Map.of(), script.toString(), "--help");
        assertThat(help.code()).as(help.output()).isZero();
        assertThat(help.output()).contains("usage: scripts/" + script.getFileName());
      }
    }
  }
}
