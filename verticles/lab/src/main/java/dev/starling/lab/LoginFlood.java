package dev.starling.lab;

import static dev.starling.lab.Kind.FLOOD;
import static dev.starling.lab.Kind.READ;

import java.time.Duration;
import java.util.List;

/** Ten times as many logins as the processors can hash passwords for. */
final class LoginFlood implements Fault {
  /** A hash takes 25 ms of a core, so two cores do 80 at most, and they have other work. */
  private static final int PER_SECOND = 400;

  private static final Duration SHED = Duration.ofMillis(100);

  @Override
  public String name() {
    return "login-flood";
  }

  @Override
  public String promise() {
    return "no failed read, their p99 at most three times that of a quiet system; logins as many as"
        + " can be, the rest 503 with Retry-After within 100 ms";
  }

  @Override
  public boolean sharesCluster() {
    return false;
  }

  /** Or the hashes of three nodes would have as much of two cores as all that reads need. */
  @Override
  public void dress(Launch node) {
    node.inOneSession();
  }

  @Override
  public void inject(Scene scene) {
    scene.load().rate(FLOOD, PER_SECOND);
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(15);
  }

  @Override
  public void heal(Scene scene) {
    scene.load().rate(FLOOD, 0);
  }

  @Override
  public void judge(Evidence seen) {
    List<Entry> flood = seen.history().where(e -> e.kind() == FLOOD);
    List<Entry> done = flood.stream().filter(e -> e.code().startsWith("200")).toList();
    List<Entry> shed = flood.stream().filter(e -> e.code().equals("503 overloaded")).toList();
    Notes notes = seen.scene().notes();
    notes.figure("logins-per-s", done.size() / lasts().toSeconds());
    seen.judge("shed-p99-ms", History.percentile(shed, 0.99), SHED);
    seen.readsTakeAtMost(3);
    if (done.isEmpty()) {
      notes.complain("nobody could log in");
    }
    seen.complainOf(
        flood.stream().filter(e -> !done.contains(e) && !shed.contains(e)).toList(),
        "were neither done nor shed");
    seen.noneFail(READ);
    seen.cleanOnceHealedWithin(Duration.ofSeconds(3));
  }
}
