package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;

import io.vertx.core.json.JsonObject;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The jar on the JDK that runs this test, and on each whose home the environment variable
 * OTHER_JDKS names (separated by colons).
 */
class JdksIT {
  /** What JDKs from 24 on say of Hazelcast, four lines that only an option of the JVM prevents. */
  private static final Pattern UNSAFE =
      Pattern.compile("WARNING: .*(sun\\.misc\\.Unsafe|com\\.hazelcast).*\\R");

  @TempDir private Path directory;

  static Stream<Path> jdks() {
    String others = Optional.ofNullable(System.getenv("OTHER_JDKS")).orElse("");
    return Stream.concat(
            Stream.of(System.getProperty("java.home")),
            Pattern.compile(":").splitAsStream(others).filter(home -> !home.isBlank()))
        .map(Path::of);
  }

  @ParameterizedTest
  @MethodSource("jdks")
  void runsAloneAndInAClusterWithoutAWarning(Path jdk) throws Exception {
    try (StarlingProcess alone = node().on(jdk).start()) {
      assertThat(new Client(alone.api()).register("ada").statusCode()).isEqualTo(201);
      assertThat(alone.stop()).as(alone.output()).isZero();
      assertThat(alone.output()).doesNotContain("WARNING:", "ERROR");
    }
    try (StarlingProcess first = node().inCluster().on(jdk).start();
        StarlingProcess second = node().inCluster().on(jdk).start()) {
      HttpResponse<String> login = new Client(first.api()).login("ada");
      assertThat(login.statusCode()).isEqualTo(200);
      String token = new JsonObject(login.body()).getString("access_token");
      assertThat(new Client(second.api()).get("/api/users/me", token).statusCode()).isEqualTo(200);
      for (StarlingProcess node : new StarlingProcess[] {second, first}) {
        assertThat(node.stop()).as(node.output()).isZero();
        assertThat(UNSAFE.matcher(node.output()).replaceAll(""))
            .doesNotContain("WARNING:", "ERROR");
      }
    }
  }

  private StarlingProcess.Builder node() {
    return StarlingProcess.in(directory).onAnyPort();
  }
}
