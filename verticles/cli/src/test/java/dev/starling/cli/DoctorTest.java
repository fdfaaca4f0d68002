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
  private static final String N2 = "c70e9626-0c03-446f-95eb-712f50097c43";

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

  /** All that is not fine, as {@code severity check: what (why)}; each has a remedy. */
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
        .map(
            f ->
                "%s %s: %s (%s)"
                    .formatted(f.text("severity"), f.text("check"), f.text("what"), f.text("why")))
        .toList();
  }

  private void change(String view, String from, String to) {
    String recorded = server.recorded(view);
    assertThat(recorded).contains(from);
    int at = recorded.indexOf(from);
    server.answer(view, recorded.substring(0, at) + to + recorded.substring(at + from.length()));
  }

  private void changeAll(String view, String from, String to) {
    String recorded = server.recorded(view);
    assertThat(recorded).contains(from);
    server.answer(view, recorded.replace(from, to));
  }

  @Test
  void findsNothingWhereAllIsWell() throws IOException {
    assertThat(findings(Exit.OK)).isEmpty();
  }

  @Test
  void findsNothingWhereNodesOfAnOlderReleaseTellLess() throws IOException {
    String told = server.recorded("nodes");
    server.answer("nodes", told.replaceAll(",\"java\".*?\"hears\":\\[[^]]*]", ""));
    assertThat(server.recorded("nodes")).doesNotContain("hears", "filesMost", "bus");
    assertThat(findings(Exit.OK)).isEmpty();
  }

  @Test
  void findsANodeThatSeesFewer() throws IOException {
    change("nodes", "\"sees\":2", "\"sees\":1");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly(
            "problem members: n1 sees another cluster than the node that was asked"
                + " (it sees 1 of 2 nodes)");
  }

  @Test
  void findsAPairThatDoesNotHearEachOtherOneWay() throws IOException {
    changeAll("nodes", "\"hears\":[\"" + N2 + "\"]", "\"hears\":[]");
    change("nodes", "\"bus\":\"127.0.0.1:41001\"", "\"bus\":\"127.0.0.1:1\"");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly(
            "problem bus: n1 hears nothing from n2 (no report in 3 s; the event bus of n1 is at"
                + " 127.0.0.1:1: from here, nothing listens there, or a firewall refuses)");
  }

  @Test
  void waitsForANodeThatHasJustStarted() throws IOException {
    changeAll("nodes", "\"hears\":[\"" + N2 + "\"]", "\"hears\":[]");
    change("nodes", "\"started\":\"2026-11-26T06:13:01", "\"started\":\"2026-11-26T06:28:01");
    assertThat(findings(Exit.OK)).isEmpty();
  }

  @Test
  void findsABusOnTheLoopbackWhereOthersAreElsewhere() throws IOException {
    change("nodes", "\"bus\":\"127.0.0.1:41002\"", "\"bus\":\"192.0.2.7:41002\"");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly(
            "problem bus host: n1 can be reached from its own machine only (its event bus is at"
                + " 127.0.0.1:41001, and other nodes are at 192.0.2.7:41002)");
  }

  @Test
  void findsASeedWithoutANameThatIsKnown() throws IOException {
    change("nodes", "\"seeks\":[\"127.0.0.1:5701\"", "\"seeks\":[\"n9.invalid:5701\"");
    assertThat(findings(Exit.NOT_WELL))
        .as("it says nothing about another machine")
        .containsExactly(
            "problem seeds: n9.invalid:5701 is listed in cluster.members, and no member"
                + " (from here, n9.invalid:5701: the name n9.invalid is not known)");
  }

  @Test
  void takesAMulticastGroupForNoMachine() throws IOException {
    changeAll("nodes", "\"seeks\":[\"127.0.0.1:5701\"", "\"seeks\":[\"224.2.2.3:54327\"");
    assertThat(findings(Exit.OK)).isEmpty();
  }

  @Test
  void findsAFencedNode() throws IOException {
    change("nodes", "\"fenced\":false", "\"fenced\":true");
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .startsWith("problem members: n1 takes itself for cut off, and only answers queries");
  }

  @Test
  void notesVersions() throws IOException {
    change("nodes", "1.0.0-SNAPSHOT", "1.1.0");
    change("nodes", "17.0.13+11-Debian-2deb12u1", "21.0.5");
    assertThat(findings(Exit.OK))
        .containsExactly(
            "note versions: nodes run 2 versions (1.0.0-SNAPSHOT on n2; 1.1.0 on n1)",
            "note Java: nodes run 2 versions (Java 17.0.13+11-Debian-2deb12u1 on n2;"
                + " Java 21.0.5 on n1)");
  }

  @Test
  void findsAClockThatIsOff() throws IOException {
    String nodes = server.recorded("nodes");
    String minute = "\"at\":\"2026-11-26T06:28";
    server.answer("nodes", nodes.replaceFirst(minute, "\"at\":\"2026-11-26T06:31"));
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .matches("problem clocks: the clock of n1 is off .it is [23] min ahead of this one.");
    server.answer("nodes", nodes.replaceFirst(minute, "\"at\":\"2026-11-26T06:27"));
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .matches("problem clocks: the clock of n1 is off .it is \\d+ s behind of this one.");
    server.answer("nodes", nodes.replace(minute, "\"at\":\"2026-11-26T06:27"));
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .matches("problem clocks: the clock of this machine .*it is \\d+ s ahead of all nodes.");
  }

  @Test
  void findsTheDatabaseAway() throws IOException {
    changeAll(
        "nodes",
        "{\"name\":\"database\",\"up\":true,\"reason\":null}",
        "{\"name\":\"database\",\"up\":false,\"reason\":\"it is away\"}");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly("problem database: n1 and n2: no database (it is away)");
  }

  @Test
  void findsAnInstanceWithoutItsNode() throws IOException {
    Json node = Json.read(server.recorded("instances")).list("instances").get(0);
    change("instances", node.text("node"), "elsewhere");
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .startsWith(
            "problem records: user@" + node.text("nodeName") + " is called, and its node is not");
  }

  private void stale(String instance, int age) {
    server.answer(
        "instances", server.recorded("instances").replaceAll("\"stale\":.*", "\"stale\":[]}"));
    change(
        "instances",
        "\"stale\":[]",
        "\"stale\":[{\"registration\":\"r1\",\"instance\":%s,\"why\":\"so\",\"age\":%d}]"
            .formatted(instance, age));
  }

  @Test
  void findsStaleRecordsThatStay() throws IOException {
    stale("\"a@n9\"", 4_000);
    assertThat(findings(Exit.OK)).as("it is about to be removed").isEmpty();
    stale("\"a@n9\"", 7_000);
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .startsWith("problem records: a stale record of a@n9 is in the registry (r1: so, for 7 s");
    stale("null", 7_000);
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .startsWith("problem records: a record that cannot be believed is in the registry (r1");
  }

  @Test
  void findsFewFiles() throws IOException {
    System.setProperty("cli.files", "1024");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly(
            "problem this shell: a node that is started here may open few files, connections"
                + " included (ulimit -Hn is 1024, and 4096 is little)");
    System.setProperty("cli.files", "1048576");
    change("nodes", "\"filesMost\":20000", "\"filesMost\":512");
    assertThat(findings(Exit.NOT_WELL))
        .containsExactly(
            "problem files: n1 may open few files, connections included (it may open 512, has 96"
                + " open, and 4096 is little)");
  }

  @Test
  void findsATokenThatOthersRead() throws IOException {
    Typed typed = Typed.at(server, home);
    Files.setPosixFilePermissions(
        home.resolve("token"), PosixFilePermissions.fromString("rw-r--r--"));
    Typed.Result result = typed.run("doctor", "--ports", "1-1");
    assertThat(result.exit()).isEqualTo(Exit.NOT_WELL);
    assertThat(result.out())
        .contains("others may read", "why:  its mode is rw-r--r--", "chmod 600");
  }

  @Test
  void findsAnotherClusterOnThisMachine() throws IOException {
    try (OpsServer other = new OpsServer("healthy")) {
      String ports = other.port() + "-" + other.port();
      assertThat(findings(Exit.OK, ports)).as("the same members").isEmpty();
      String live = "{\"status\":\"up\",\"node\":\"n7\",\"id\":\"x\",\"cluster\":\"%s\"}";
      other.answer("live", live.formatted("starling"));
      assertThat(findings(Exit.NOT_WELL, ports))
          .singleElement()
          .asString()
          .startsWith("problem clusters: two clusters have the name starling (")
          .contains("n7");
      other.answer("live", live.formatted("other"));
      assertThat(findings(Exit.OK, ports))
          .singleElement()
          .asString()
          .startsWith("note clusters: another cluster, other, is at " + other.port());
      other.answer("live", "<html>");
      assertThat(findings(Exit.OK, ports)).as("another program").isEmpty();
      assertThat(other.tokens()).as("nobody is shown the token").isEmpty();
    }
  }

  @Test
  void goesOnWithoutAnAnswer() throws IOException {
    server.close();
    assertThat(findings(Exit.NOT_WELL))
        .singleElement()
        .asString()
        .startsWith("problem operator port: The operator port http://127.0.0.1:")
        .contains("nothing listens there");
  }
}
