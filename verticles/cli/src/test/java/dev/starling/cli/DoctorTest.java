package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Each finding, made by changing one thing of what was recorded. */
class DoctorTest {
  @TempDir private Path home;
  private OpsServer server;

  @BeforeEach
  void start() throws IOException {
    server = new OpsServer("healthy");
  }

  @AfterEach
  void stop() {
    server.close();
    System.clearProperty("cli.files");
  }

  /** All that is not fine, as {@code severity check: text}; each has a remedy. */
  private List<String> findings(int exit) throws IOException {
    return findings(exit, "1-1");
  }

  private List<String> findings(int exit, String ports) throws IOException {
    Typed typed = Typed.at(server, home);
    Typed.Result result = typed.run("doctor", "--json", "--ports", ports);
    assertThat(result.exit()).as(result.out()).isEqualTo(exit);
    return Json.read(result.out()).list("findings").stream()
        .filter(f -> !f.text("severity").equals("fine"))
        .peek(f -> assertThat(f.text("remedy")).isNotBlank())
        .map(f -> f.text("severity") + " " + f.text("check") + ": " + f.text("text"))
        .toList();
  }

  private void change(String view, String from, String to) {
    String recorded = server.recorded(view);
    assertThat(recorded).contains(from);
    int at = recorded.indexOf(from);
    server.answer(view, recorded.substring(0, at) + to + recorded.substring(at + from.length()));
  }

  @Test
  void findsNothingWhereAllIsWell() throws IOException {
    assertThat(findings(Exit.OK)).isEmpty();
  }

  @Test
  void findsANodeThatSeesFewer() throws IOException {
    change("nodes", "\"sees\":2", "\"sees\":1");
    assertThat(findings(Exit.NOT_WELL)).containsExactly("problem cluster: n1 sees 1 of 2 nodes");
  }

  @Test
  void findsASilentNode() throws IOException {
    change("nodes", "\"state\":\"up\"", "\"state\":\"silent\"");
    assertThat(findings(Exit.NOT_WELL)).containsExactly("problem cluster: n1 is silent");
  }

  @Test
  void findsAFencedNode() throws IOException {
    change("nodes", "\"fenced\":false", "\"fenced\":true");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly("problem cluster: n1 takes itself for cut off, and only answers queries");
  }

  @Test
  void notesVersions() throws IOException {
    change("nodes", "1.0.0-SNAPSHOT", "1.1.0");
    assertThat(findings(Exit.OK))
        .containsExactly("note versions: nodes run 1.0.0-SNAPSHOT and 1.1.0");
  }

  @Test
  void findsAClockThatIsOff() throws IOException {
    String nodes = server.recorded("nodes");
    server.answer(
        "nodes", nodes.replaceFirst("\"at\":\"2026-11-26T06:28", "\"at\":\"2026-11-26T06:31"));
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .matches("problem clocks: the clock of n1 is [23] min ahead of this one");
    server.answer(
        "nodes", nodes.replaceFirst("\"at\":\"2026-11-26T06:28", "\"at\":\"2026-11-26T06:27"));
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .matches("problem clocks: the clock of n1 is \\d+ s behind of this one");
  }

  @Test
  void findsTheDatabaseAway() throws IOException {
    change(
        "nodes",
        "{\"name\":\"database\",\"up\":true,\"reason\":null}",
        "{\"name\":\"database\",\"up\":false,\"reason\":\"it is away\"}");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly("problem database: n1: database, it is away");
  }

  @Test
  void findsAnInstanceWithoutItsNode() throws IOException {
    Json node = Json.read(server.recorded("instances")).list("instances").get(0);
    change("instances", node.text("node"), "elsewhere");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly(
            "problem instances: user@" + node.text("nodeName") + ": of a node that is not there");
  }

  @Test
  void findsFewFiles() throws IOException {
    System.setProperty("cli.files", "1024");
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .startsWith("problem files: a node started from this shell may open 1024 files");
    System.setProperty("cli.files", "1048576");
    assertThat(findings(Exit.OK)).isEmpty();
  }

  @Test
  void findsATokenThatOthersRead() throws IOException {
    Typed.at(server, home);
    Typed typed = Typed.at(server, home);
    Files.setPosixFilePermissions(
        home.resolve("token"), PosixFilePermissions.fromString("rw-r--r--"));
    Typed.Result result = typed.run("doctor", "--ports", "1-1");
    assertThat(result.exit()).isEqualTo(Exit.NOT_WELL);
    assertThat(result.out()).contains("others may read", "chmod 600");
  }

  @Test
  void notesAnotherClusterOnThisMachine() throws IOException {
    try (OpsServer other = new OpsServer("healthy")) {
      String ports = other.port() + "-" + other.port();
      assertThat(findings(Exit.OK, ports)).as("the same members").isEmpty();
      String self = Json.read(other.recorded("nodes")).list("nodes").get(0).text("id");
      other.answer("nodes", other.recorded("nodes").replace(self, "another"));
      assertThat(findings(Exit.OK, ports))
          .containsExactly(
              "note this machine: another cluster answers: " + other.port() + " (n1, n2)");
    }
  }

  @Test
  void goesOnWithoutAnAnswer() throws IOException {
    server.close();
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .startsWith("problem operator port: The operator port http://127.0.0.1:");
  }
}
