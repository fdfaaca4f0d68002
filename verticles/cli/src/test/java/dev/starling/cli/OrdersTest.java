package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What orders and calls send to the node. */
class OrdersTest {
  @TempDir private Path home;

  @Test
  void areWhatTheOperatorPortReads() throws IOException {
    try (OpsServer server = new OpsServer("healthy")) {
      Typed typed = Typed.at(server, home);
      typed.run("breaker", "open", "user@n2", "--for", "1h");
      typed.run("breaker", "close", "user@n2");
      typed.run("breaker", "reset", "user@n2");
      typed.run("breaker", "auto", "user@n2");
      typed.run("node", "drain", "n2", "--for", "30m");
      typed.run("node", "resume", "n2");
      typed.run("limits", "set", "breaker.wait=2s", "--for", "1h");
      typed.run("limits", "reset");
      assertThat(server.requests())
          .containsExactly(
              "PUT breaker/user@n2?for=1h {\"state\":\"open\"}",
              "PUT breaker/user@n2 {\"state\":\"closed\"}",
              "PUT breaker/user@n2 {\"state\":\"reset\"}",
              "DELETE breaker/user@n2",
              "PUT drain/n2?for=30m {}",
              "DELETE drain/n2",
              "PUT limits?for=1h {\"breaker.wait\":2000}",
              "DELETE limits");
    }
  }

  @Test
  void keepWhatWasOrderedBeforeForOtherLimits() throws IOException {
    try (OpsServer server = new OpsServer("degraded")) {
      Typed.at(server, home).run("limits", "set", "http.body-limit=2048", "breaker.calls=40");
      assertThat(server.requests())
          .containsExactly(
              "PUT limits {\"breaker.calls\":40,\"breaker.wait\":2000,\"http.body-limit\":2048}");
    }
  }

  @Test
  void areNotSentWhenTheyAreWrong() throws IOException {
    try (OpsServer server = new OpsServer("healthy")) {
      Typed typed = Typed.at(server, home);
      assertThat(typed.run("node", "drain", "n9").exit()).isEqualTo(Exit.NOT_WELL);
      assertThat(typed.run("breaker", "open", "user").exit()).isEqualTo(Exit.USAGE);
      assertThat(typed.run("breaker", "open", "user@n2", "--for", "10").exit())
          .isEqualTo(Exit.USAGE);
      assertThat(typed.run("limits", "set", "no=1").exit()).isEqualTo(Exit.USAGE);
      assertThat(typed.run("call", "user.login", "usrname=ada").exit()).isEqualTo(Exit.USAGE);
      assertThat(server.requests()).isEmpty();
    }
  }

  @Test
  void callsBringTimeAndToken() throws IOException {
    try (OpsServer server = new OpsServer("healthy")) {
      Typed typed = Typed.at(server, home).input("e30.e30.c2ln\n");
      Typed.Result result = typed.run("call", "user.me", "--timeout", "2s", "--token-file", "-");
      assertThat(server.requests())
          .containsExactly(
              "POST calls {\"operation\":\"user.me\",\"request\":{},\"timeout\":2000,"
                  + "\"token\":\"e30.e30.c2ln\"}");
      assertThat(result.out() + result.err()).doesNotContain("e30.e30.c2ln");
    }
  }

  @Test
  @DisplayName("operator.md: call --node names the node, send and publish say how and to whom")
  void callsAndMessagesSayWhereTo() throws IOException {
    Path body = Files.writeString(home.resolve("body"), "{\"id\":  17}\n");
    try (OpsServer server = new OpsServer("healthy")) {
      Typed typed = Typed.at(server, home);
      typed.run("call", "user.login", "--node", "n2");
      typed.run("send", "billing.invoices", "@" + body);
      typed.run("send", "user.keys", "[1.5,null]", "--wait", "2s");
      typed.run("publish", "billing.paused", "\"now\"");
      assertThat(server.requests())
          .containsExactly(
              "POST calls {\"operation\":\"user.login\",\"request\":{},\"timeout\":5000,"
                  + "\"node\":\"n2\"}",
              "POST messages {\"address\":\"billing.invoices\",\"kind\":\"send\","
                  + "\"body\":{\"id\":17}}",
              "POST messages {\"address\":\"user.keys\",\"kind\":\"request\","
                  + "\"body\":[1.5,null],\"timeout\":2000}",
              "POST messages {\"address\":\"billing.paused\",\"kind\":\"publish\","
                  + "\"body\":\"now\"}");
    }
  }

  @Test
  void callsTakeTheirBodyFromAFileAsItIs() throws IOException {
    Path body = Files.writeString(home.resolve("body"), "{\"username\":  \"a b\"}\n");
    try (OpsServer server = new OpsServer("healthy")) {
      Typed.at(server, home).run("call", "user.login", "--body", "@" + body);
      assertThat(server.requests())
          .containsExactly(
              "POST calls {\"operation\":\"user.login\",\"request\":{\"username\":\"a b\"},"
                  + "\"timeout\":5000}");
    }
  }

  @Test
  void sayWhichTokenIsRefusedWithoutShowingIt() throws IOException {
    try (OpsServer server = new OpsServer("healthy")) {
      Path wrong = Files.writeString(home.resolve("wrong"), "ff00ff00");
      Typed.Result result =
          Typed.at(server, home).with(Clusters.TOKEN_FILE, wrong.toString()).run("status");
      assertThat(result.exit()).isEqualTo(Exit.UNREACHABLE);
      assertThat(result.err()).contains(wrong.toString()).doesNotContain("ff00ff00");
      Files.writeString(wrong, "not a token");
      result = Typed.at(server, home).with(Clusters.TOKEN_FILE, wrong.toString()).run("status");
      assertThat(result.exit()).isEqualTo(Exit.UNREACHABLE);
      assertThat(result.err()).contains("holds no operator's token").doesNotContain("not a token");
    }
  }
}
