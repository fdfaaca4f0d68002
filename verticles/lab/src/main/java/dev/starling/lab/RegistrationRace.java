package dev.starling.lab;

import static dev.starling.lab.Kind.KEYED_REGISTRATION;
import static dev.starling.lab.Kind.LOGIN;
import static dev.starling.lab.Kind.RACE;
import static dev.starling.lab.Kind.READ;
import static dev.starling.lab.Kind.REGISTRATION;

import io.vertx.core.Future;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;

/**
 * Many register one name at the same moment, through both gateways, in two spellings; in each other
 * round they are one client that lost patience and repeats itself under its key.
 */
final class RegistrationRace implements Fault {
  private static final int ROUNDS = 20;
  private static final int RIVALS = 6;
  private static final List<String> ONE_WINNER =
      Stream.concat(Stream.of("201"), Collections.nCopies(RIVALS - 1, "409 conflict").stream())
          .toList();
  private static final List<String> ALL_THE_SAME = Collections.nCopies(RIVALS, "201");

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
    Map<String, Integer> odd = new TreeMap<>();
    for (int round = 0; round < ROUNDS; round++) {
      String name = load.name();
      String key = round % 2 == 0 ? "" : Load.key(name);
      List<Future<Answer>> rivals = new ArrayList<>();
      for (int i = 0; i < RIVALS; i++) {
        String spelled = key.isEmpty() && i % 3 == 2 ? name.toUpperCase() : name;
        rivals.add(load.ask(i, Question.register(RACE, spelled, key)));
      }
      List<String> codes =
          Future.all(rivals).await().<Answer>list().stream().map(Answer::code).sorted().toList();
      if (!codes.equals(key.isEmpty() ? ONE_WINNER : ALL_THE_SAME)) {
        odd.merge((key.isEmpty() ? "rivals" : "one client") + " got " + codes, 1, Integer::sum);
      }
    }
    odd.forEach((codes, times) -> scene.notes().complain(times + " x " + codes));
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
