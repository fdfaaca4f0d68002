package dev.starling.lab;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;

/** No space is left where the embedded PostgreSQL keeps data and log; then there is again. */
final class FullDisk implements Fault {
  private static final String SIZE = "size=256m";

  private Path data;
  private Path ballast;

  @Override
  public String name() {
    return "full-disk";
  }

  @Override
  public String promise() {
    return "reads go on or get 503, registrations get 503; nothing acknowledged is lost; clean when"
        + " there is space and PostgreSQL runs";
  }

  @Override
  public boolean sharesCluster() {
    return false;
  }

  @Override
  public Optional<String> obstacle() throws IOException, InterruptedException {
    Path probe = Files.createTempDirectory("starling-probe-");
    boolean works = Command.succeeds("mount", "-t", "tmpfs", "-o", "size=1m", "none", "" + probe);
    if (works) {
      Command.run("umount", probe.toString());
    }
    Files.delete(probe);
    return works ? Optional.empty() : Optional.of("a file system cannot be mounted here");
  }

  @Override
  public void stage(Stage stage) throws Exception {
    data = Files.createDirectories(stage.data());
    ballast = data.resolve("ballast");
    Command.run("mount", "-t", "tmpfs", "-o", SIZE, "none", data.toString());
  }

  @Override
  public void inject(Scene scene) throws IOException {
    byte[] zeros = new byte[1 << 16];
    try (OutputStream out = Files.newOutputStream(ballast)) {
      while (true) {
        out.write(zeros);
      }
    } catch (IOException e) {
      scene.notes().figure("ballast-mib", Files.size(ballast) >> 20);
    }
  }

  @Override
  public void heal(Scene scene) throws Exception {
    Files.delete(ballast);
    boolean runs = scene.database().isRunning();
    scene.notes().figure("postgresql-ran-on", runs);
    if (!runs) {
      scene.database().start();
    }
  }

  @Override
  public void strike() throws IOException, InterruptedException {
    if (data != null) {
      Command.succeeds("umount", "-l", data.toString());
    }
  }

  @Override
  public void judge(Evidence seen) {
    seen.failOnlyWith("503", "504");
    seen.failOnlyMeanwhile(Duration.ofSeconds(5));
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(5));
  }
}
