package dev.starling.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Which cluster a command is for. */
class ClustersTest {
  private static final URI HERE = URI.create("http://127.0.0.1:9090");

  @TempDir private Path home;

  private Clusters clusters(Map<String, String> environment) {
    return new Clusters(environment, home);
  }

  @Test
  void isThisMachineUnlessSaid() {
    assertThat(clusters(Map.of()).find(null))
        .isEqualTo(new Cluster("default", HERE, home.resolve(".starling/secrets/operator")));
    assertThat(clusters(Map.of("STARLING_DATA_DIRECTORY", "/data")).find(null).tokenFile())
        .isEqualTo(Path.of("/data/secrets/operator"));
    assertThat(clusters(Map.of("STARLING_SECRETS_DIRECTORY", "/s")).find(null).tokenFile())
        .isEqualTo(Path.of("/s/operator"));
  }

  @Test
  void isTheOneAskedForThenTheVariablesThenTheOneInUse() throws IOException {
    clusters(Map.of()).add(new Cluster("far", URI.create("https://far:1"), Path.of("/far")));
    assertThat(clusters(Map.of()).find(null).operator()).isEqualTo(HERE);
    clusters(Map.of()).use("far");
    assertThat(clusters(Map.of()).find(null).operator()).hasToString("https://far:1");

    Map<String, String> variables =
        Map.of(Clusters.OPERATOR, "127.0.0.1:9191", Clusters.TOKEN_FILE, "/near");
    assertThat(clusters(variables).find(null))
        .isEqualTo(
            new Cluster(Clusters.OPERATOR, URI.create("http://127.0.0.1:9191"), Path.of("/near")));
    assertThat(clusters(variables).find("far").tokenFile()).isEqualTo(Path.of("/far"));
    assertThat(clusters(variables).find("default").operator()).isEqualTo(HERE);

    Path file = home.resolve(".starling/contexts");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    try (var files = Files.list(file.getParent())) {
      assertThat(files).containsExactly(file);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "x y",
        "ftp://a",
        "http://",
        "http://u:p@a",
        "http://a/path",
        "http://a?q",
        "/a"
      })
  void refusesWhatIsNoAddressAndDoesNotRepeatIt(String text) {
    assertThatThrownBy(() -> Cluster.address(text))
        .isInstanceOf(Failure.class)
        .hasMessage("This is not the address of an operator port");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "{",
        "{\"contexts\":{\"a\":{}}}",
        "{\"contexts\":{\"a\":{\"operator\":\"x y\"}}}"
      })
  void saysWhichFileIsBroken(String text) throws IOException {
    Files.createDirectories(home.resolve(".starling"));
    Files.writeString(home.resolve(".starling/contexts"), text);
    assertThatThrownBy(() -> clusters(Map.of()))
        .isInstanceOfSatisfying(Failure.class, f -> assertThat(f.exit()).isEqualTo(Exit.USAGE));
  }
}
