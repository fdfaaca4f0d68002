package dev.starling.launcher;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.starling.harness.Harness;
import dev.starling.runtime.ErrorCode;
import dev.starling.runtime.ServiceException;
import dev.starling.user.api.UserContract;
import dev.starling.user.api.UserContract.Login;
import dev.starling.user.api.UserContract.Logout;
import dev.starling.user.api.UserContract.Refresh;
import dev.starling.user.api.UserContract.Tokens;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import net.jqwik.api.state.Action;
import net.jqwik.api.state.ActionChain;
import net.jqwik.api.state.Transformer;

/**
 * The refresh tokens of a session as a state machine: whatever a client, one who has stolen from
 * it, and time do, in whatever order, one token at most goes on.
 */
class TokenFamilyIT {
  private static final Fixture NODES = new Fixture();
  private static Harness one;
  private static Harness two;

  /** Its life cycle is another engine's, so that it is called here. */
  private static final class Fixture extends UserNodes {}

  @BeforeContainer
  static void starts() throws Exception {
    UserNodes.startsPostgresqlAlone();
    NODES.empties();
    one = NODES.start();
    two = NODES.start();
    UserNodes.registerAda(one);
  }

  @AfterContainer
  static void stops() {
    NODES.stops();
    UserNodes.stopsPostgresql();
  }

  /** What should be: the tokens of one session in their order, and whether they still count. */
  private static final class Family {
    private final List<String> tokens = new ArrayList<>();
    private boolean dead;
    private boolean old;
    private boolean late;

    Family() {
      UserNodes.patiently(
          () -> {
            NODES.execute("DELETE FROM throttle");
            Tokens begun = one.call(UserContract.LOGIN, new Login("ada", Client.PASSWORD));
            return tokens.add(begun.refreshToken());
          });
    }

    private String successor(String token) {
      Harness node = tokens.size() % 2 == 0 ? one : two;
      Tokens[] answer = new Tokens[1];
      ServiceException refusal =
          catchThrowableOfType(
              ServiceException.class,
              () ->
                  answer[0] =
                      UserNodes.patiently(
                          () -> node.call(UserContract.REFRESH, new Refresh(token))));
      if (refusal != null) {
        assertThat(refusal.code()).isEqualTo(ErrorCode.UNAUTHENTICATED);
        return null;
      }
      return answer[0].refreshToken();
    }

    /** Uses a token, counted from the latest, which is 0. */
    void use(int back) {
      int index = Math.max(0, tokens.size() - 1 - back);
      String token = tokens.get(index);
      String next = successor(token);
      if (dead) {
        assertThat(next).as("of a session that has ended").isNull();
      } else if (index == tokens.size() - 1) {
        if (old) {
          assertThat(next).as("after it had expired").isNull();
        } else {
          assertThat(next).as("of the latest").isNotNull().isNotIn(tokens);
          tokens.add(next);
          late = false;
        }
      } else if (index == tokens.size() - 2 && !late) {
        assertThat(next).as("again in time").isEqualTo(tokens.get(index + 1));
      } else {
        assertThat(next).as("one that was used before").isNull();
        dead = true;
      }
      check();
    }

    void wait11Seconds() {
      NODES.execute("UPDATE refresh_tokens SET consumed_at = consumed_at - interval '11 seconds'");
      late = true;
      check();
    }

    void expire() {
      NODES.execute("UPDATE refresh_tokens SET expires_at = now() WHERE consumed_at IS NULL");
      old = true;
      check();
    }

    void logout(int back) {
      Logout request = new Logout(tokens.get(Math.max(0, tokens.size() - 1 - back)));
      UserNodes.patiently(() -> two.call(UserContract.LOGOUT, request));
      dead = true;
      check();
    }

    void useAnother() {
      String token = tokens.get(tokens.size() - 1);
      char last = token.charAt(token.length() - 2) == 'A' ? 'B' : 'A';
      String forged =
          token.substring(0, token.length() - 2) + last + token.charAt(token.length() - 1);
      assertThat(successor(forged)).isNull();
      check();
    }

    private void check() {
      List<String> live =
          NODES.text(
              """
              SELECT count(*)::text FROM refresh_tokens JOIN sessions ON session_id = sessions.id
              WHERE consumed_at IS NULL AND expires_at > now() AND revoked_at IS NULL
                AND session_id = (SELECT id FROM sessions ORDER BY created_at DESC LIMIT 1)""");
      assertThat(live).containsExactly(dead || old ? "0" : "1");
    }

    @Override
    public String toString() {
      return "Family[%d tokens%s%s]"
          .formatted(tokens.size(), dead ? ", dead" : "", old ? ", old" : "");
    }
  }

  private static Arbitrary<Transformer<Family>> using() {
    return Arbitraries.frequencyOf(
            net.jqwik.api.Tuple.of(4, Arbitraries.just(0)),
            net.jqwik.api.Tuple.of(2, Arbitraries.just(1)),
            net.jqwik.api.Tuple.of(1, Arbitraries.integers().between(2, 9)))
        .map(back -> Transformer.mutate("use " + back, family -> family.use(back)));
  }

  private static Action.Independent<Family> sometimes(Arbitrary<Transformer<Family>> transformer) {
    return () -> transformer;
  }

  private static Action.Independent<Family> action(
      String name, java.util.function.Consumer<Family> change) {
    return () -> Arbitraries.just(Transformer.mutate(name, change));
  }

  @Provide
  static Arbitrary<ActionChain<Family>> lives() {
    return ActionChain.startWith(Family::new)
        .withAction(12, sometimes(using()))
        .withAction(3, action("wait 11 seconds", Family::wait11Seconds))
        .withAction(1, action("expire", Family::expire))
        .withAction(1, action("log out with the latest", family -> family.logout(0)))
        .withAction(1, action("log out with an older one", family -> family.logout(3)))
        .withAction(2, action("use a forged one", Family::useAnother))
        .withMaxTransformations(16);
  }

  @Property(tries = 25, shrinking = ShrinkingMode.BOUNDED)
  @Label("RT3 RT4 whoever uses whichever token when, one at most goes on, and theft ends all")
  void oneGoesOn(@ForAll("lives") ActionChain<Family> life) {
    life.run();
  }
}
