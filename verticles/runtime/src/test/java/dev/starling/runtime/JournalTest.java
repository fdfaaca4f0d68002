package dev.starling.runtime;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

class JournalTest {
  private final Journal journal = new Journal("id-1", "n1");

  private static List<String> texts(List<Event> events) {
    return events.stream().map(Event::text).toList();
  }

  @Test
  void keepsWhatOperatorsDidWhateverElseHappens() {
    journal.note(Event.Kind.ORDER, "drain/n2", "is to be {}", "ada");
    for (int i = 0; i < 5_000; i++) {
      journal.note(Event.Kind.BREAKER, "user@n2", "open");
      journal.note(Event.Kind.CALL, "user.login" + i, "was called", "ada");
    }

    assertThat(texts(journal.own())).contains("is to be {}").hasSize(21);
    assertThat(texts(journal.all())).contains("is to be {}").hasSize(1_001);
  }

  @Test
  void writesTheSameCallDownOnce() {
    journal.note(Event.Kind.CALL, "billing.pause", "was published", "eve");
    for (int i = 0; i < 5_000; i++) {
      journal.note(Event.Kind.CALL, "user.login", "was called", "eve");
    }
    journal.note(Event.Kind.CALL, "user.login", "was called", "ada");
    journal.note(Event.Kind.ORDER, "drain/n2", "is to be {}", "ada");
    journal.note(Event.Kind.ORDER, "drain/n2", "is to be {}", "ada");

    assertThat(journal.all())
        .extracting(e -> e.subject() + " " + e.by())
        .containsExactlyInAnyOrder(
            "billing.pause eve",
            "user.login eve",
            "user.login ada",
            "drain/n2 ada",
            "drain/n2 ada");
  }

  @Test
  void learnsEachEventOnce() {
    Event other = new Event("id-2-1", Instant.now(), "n2", Event.Kind.NODE, "n2", "drains", null);
    journal.learn(other);
    journal.learn(other);
    journal.notice("left-id-3", Event.Kind.NODE, "n3", "left");
    journal.notice("left-id-3", Event.Kind.NODE, "n3", "left");

    assertThat(journal.all()).filteredOn(other::equals).hasSize(1);
    assertThat(journal.own()).isEmpty();
  }

  @Test
  void tellsThemInTheOrderOfTheirTimes() {
    Instant now = Instant.now();
    journal.learn(new Event("b", now, "n2", Event.Kind.NODE, "n2", "second", null));
    journal.learn(new Event("a", now.minusSeconds(9), "n2", Event.Kind.ORDER, "x", "first", "ada"));
    journal.learn(new Event("c", now.plusSeconds(9), "n2", Event.Kind.BREAKER, "y", "third", null));

    assertThat(texts(journal.all())).containsExactly("first", "second", "third");
  }
}
