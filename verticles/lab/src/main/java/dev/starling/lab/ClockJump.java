package dev.starling.lab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/** The clock of one node jumps an hour forth, then an hour back; by libfaketime. */
final class ClockJump implements Fault {
  private static final String NODE = "user-2";
  private static final long LEFT_SO = 12_000;
  private static final List<Path> PLACES =
      List.of(
          Path.of("/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1"),
          Path.of("/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1"),
          Path.of("/usr/lib/faketime/libfaketime.so.1"));

  private Path clock;

  @Override
  public String name() {
    return "clock-jump";
  }

  @Override
  public String promise() {
    return "the node stays a member, nothing is lost; a token from the other hour is refused with"
        + " 401, nothing else fails";
  }

  @Override
  public boolean sharesCluster() {
    return false;
  }

  @Override
  public Optional<String> obstacle() {
    return library().findFirst().isPresent()
        ? Optional.empty()
        : Optional.of("libfaketime is missing: apt-get install faketime");
  }

  private static Stream<Path> library() {
    return PLACES.stream().filter(Files::exists);
  }

  @Override
  public void stage(Stage stage) throws IOException {
    clock = Files.writeString(stage.directory().resolve("clock"), "+0");
  }

  @Override
  public void dress(Launch node) {
    if (node.name().equals(NODE)) {
      node.environment("LD_PRELOAD", library().findFirst().orElseThrow().toString())
          .environment("FAKETIME_TIMESTAMP_FILE", clock.toString())
          .environment("FAKETIME_CACHE_DURATION", "1")
          .environment("DONT_FAKE_MONOTONIC", "1");
    }
  }

  @Override
  public String victim() {
    return NODE;
  }

  @Override
  public void inject(Scene scene) throws Exception {
    Files.writeString(clock, "+1h");
    Thread.sleep(LEFT_SO);
    Files.writeString(clock, "-1h");
    Thread.sleep(LEFT_SO);
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void heal(Scene scene) throws IOException {
    Files.writeString(clock, "+0");
  }

  @Override
  public void judge(Evidence seen) {
    seen.failOnlyWith("401");
    seen.endWithin(Duration.ofSeconds(4));
    seen.staysMember();
  }
}
