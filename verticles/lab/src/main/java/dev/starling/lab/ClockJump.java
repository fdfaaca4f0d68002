package dev.starling.lab;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Optional;

/** The wall clock of one node jumps an hour forth, then two back; by a library of ours. */
final class ClockJump implements Fault {
  private static final String NODE = "user-2";
  private static final Duration HOUR = Duration.ofHours(1);
  private static final long LEFT_SO = 12_000;

  private Path library;
  private Path shift;

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
  public Optional<String> obstacle() throws InterruptedException {
    return Command.succeeds("cc", "--version")
        ? Optional.empty()
        : Optional.of("a C compiler is missing: apt-get install gcc libc6-dev");
  }

  @Override
  public void stage(Stage stage) throws IOException, InterruptedException {
    library = stage.directory().resolve("clock.so");
    Path source = stage.project().root().resolve("verticles/lab/src/main/c/clock.c");
    Command.run("cc", "-O2", "-shared", "-fPIC", "-o", library.toString(), source.toString());
    shift = stage.directory().resolve("shift");
    jump(Duration.ZERO);
  }

  @Override
  public void dress(Launch node) {
    if (node.name().equals(NODE)) {
      node.environment("LD_PRELOAD", library.toString())
          .environment("CLOCK_SHIFT", shift.toString());
    }
  }

  @Override
  public String victim() {
    return NODE;
  }

  @Override
  public void inject(Scene scene) throws Exception {
    jump(HOUR);
    Thread.sleep(LEFT_SO);
    jump(HOUR.negated());
    Thread.sleep(LEFT_SO);
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void heal(Scene scene) throws IOException {
    jump(Duration.ZERO);
  }

  /** Writes into the file that the node has mapped, which must not become shorter meanwhile. */
  private void jump(Duration from) throws IOException {
    ByteBuffer seconds = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.nativeOrder());
    try (FileChannel file =
        FileChannel.open(shift, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      file.write(seconds.putLong(from.toSeconds()).flip(), 0);
    }
  }

  @Override
  public void judge(Evidence seen) {
    seen.failOnlyWith("401");
    seen.endWithin(Duration.ofSeconds(4));
    seen.staysMember();
  }
}
