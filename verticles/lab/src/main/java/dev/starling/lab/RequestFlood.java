package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.STRANGER;

import java.time.Duration;
import java.util.List;

/** Ten times as many requests as usual, from 200 sources, all of them without a token. */
final class RequestFlood implements Fault {
  private static final int PER_SECOND = 1_800;

  private Memory memory;

  @Override
  public String name() {
    return "request-flood";
  }

  @Override
  public String promise() {
    return "each is answered with 401, or 503 with Retry-After; no read and no registration with a"
        + " key fails; memory is bounded";
  }

  @Override
  public void inject(Scene scene) throws Exception {
    memory = Memory.of(scene.gateway());
    scene.load().rate(STRANGER, PER_SECOND);
  }

  @Override
  public Duration lasts() {
    return Duration.ofSeconds(15);
  }

  @Override
  public void heal(Scene scene) throws Exception {
    scene.load().rate(STRANGER, 0);
    memory.judge(scene.notes());
  }

  @Override
  public void judge(Evidence seen) {
    List<Entry> flood = seen.history().where(e -> e.kind() == STRANGER);
    seen.scene().notes().figure("strangers-per-s", flood.size() / lasts().toSeconds());
    seen.complainOf(
        flood.stream()
            .filter(e -> !e.code().startsWith("401") && !e.code().equals("503 overloaded"))
            .toList(),
        "were neither refused nor shed");
    seen.noneFail(READ, KEYED_REGISTRATION);
    seen.endWithin(Duration.ofSeconds(4));
    seen.cleanOnceHealedWithin(Duration.ofSeconds(3));
  }
}
