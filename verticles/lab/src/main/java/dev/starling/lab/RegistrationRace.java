package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.RACE;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * Many register one name at the same moment, through both gateways, in two spellings; in each other
 * round they are one client that lost patience and repeats itself under its key.
 */
final class RegistrationRace implements Fault {
  private static final int ROUNDS = 20;
  private static final int RIVALS = 6;

  @Override
  public String name() {
    return "registration-race";
  }

  @Override
  public String promise() {
    return "of those who want one name exactly one gets it; those who share a key get the same user";
  }

  @Override
  public void inject(Scene scene) {
    Load load = scene.load();
    for (int round = 0; round < ROUNDS; round++) {
      String name = load.name();
      String key = round % 2 == 0 ? "" : Load.key(name);
      List<Future<Answer>> rivals = new ArrayList<>();
      for (int i = 0; i < RIVALS; i++) {
        String spelled = key.isEmpty() && i % 3 == 2 ? name.toUpperCase() : name;
        rivals.add(load.ask(i, Question.register(RACE, spelled, key)));
      }
      judge(scene, key, Future.all(rivals).map(all -> all.<Answer>list()).await());
    }
  }

  /** That there are not two winners is found by the {@link Checker}. */
  private static void judge(Scene scene, String key, List<Answer> answers) {
    long won = answers.stream().filter(a -> a.outcome() == Outcome.ACKNOWLEDGED).count();
    boolean clear = answers.stream().allMatch(a -> a.code().matches("201|409 conflict"));
    if (clear && won != (key.isEmpty() ? 1 : RIVALS)) {
      scene
          .notes()
          .complain(
              "%d of %d rivals %s won"
                  .formatted(won, RIVALS, key.isEmpty() ? "" : "who share a key"));
    }
    if (!clear) {
      scene.notes().complain("a race ended with " + answers.stream().map(Answer::code).toList());
    }
  }

  @Override
  public Duration lasts() {
    return Duration.ZERO;
  }

  @Override
  public void judge(Evidence seen) {
    seen.noneFail(READ, KEYED_REGISTRATION, REGISTRATION, LOGIN);
  }
}
